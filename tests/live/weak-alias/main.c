// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

__attribute__((weak, noinline)) long weakling(long n)
{
	return n * 31 + 1;
}

NOINLINE long body(long n)
{
	return n * 41 + 1;
}
long other_name(long n) __attribute__((alias("body")));

extern __attribute__((weak)) long absent(long n);

NOINLINE long maybe(long n)
{
	return absent ? absent(n) : n;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("weak"))
		printf("%ld", weakling(n));
	if (IS("body"))
		printf("%ld", body(n));
	if (IS("other"))
		printf("%ld", other_name(n));
	if (IS("maybe"))
		printf("%ld", maybe(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
