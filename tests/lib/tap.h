/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least of TAP that a test program needs. Each check prints one line; a failed one says what
 * it saw. Usage: checks, then `return tap_done();`.
 */
#ifndef SUTURE_TESTS_TAP_H
#define SUTURE_TESTS_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_n, tap_failed;

__attribute__((format(printf, 2, 3), unused)) static bool tap_ok(bool good, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", good ? "" : "not ", ++tap_n);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (!good)
		tap_failed++;
	fflush(stdout);
	return good;
}

__attribute__((unused)) static bool tap_eq_u64(uint64_t got, uint64_t want, const char *name)
{
	bool good = tap_ok(got == want, "%s", name);

	if (!good)
		printf("#   got  0x%" PRIx64 "\n#   want 0x%" PRIx64 "\n", got, want);
	return good;
}

__attribute__((unused)) static bool tap_eq_str(const char *got, const char *want, const char *name)
{
	bool good = tap_ok(got && want ? !strcmp(got, want) : got == want, "%s", name);

	if (!good)
		printf("#   got  '%s'\n#   want '%s'\n", got ? got : "(null)", want ? want : "(null)");
	return good;
}

__attribute__((unused)) static int tap_done(void)
{
	printf("1..%d\n", tap_n);
	return tap_failed ? 1 : 0;
}

#endif
