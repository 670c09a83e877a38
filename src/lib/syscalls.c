// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/syscalls.h"

#include <stddef.h>
#include <sys/syscall.h>

/* The build makes the list from this machine's <sys/syscall.h>. */
static const char *const names[] = {
#include "gen/syscalls.inc"
};

const char *syscall_name(long nr)
{
	return nr >= 0 && (size_t)nr < sizeof(names) / sizeof(names[0]) ? names[nr] : NULL;
}
