// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

static volatile long depth, zero;

/* Its registers are its own: no caller may count on what it leaves alone. */
__attribute__((noipa)) long inner(long n)
{
	if (n > 100)
		return inner(n - 100) ^ zero; /* no loop, which could begin at the entry */
	return n * 3 + 1;
}

__attribute__((noipa)) long outer(long n)
{
	depth = 1;
	return inner(n) + depth;
}

__attribute__((noipa)) long tail(long n)
{
	depth = 2;
	return inner(n + depth);
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("inner"))
		printf("%ld", inner(n));
	if (IS("outer"))
		printf("%ld", outer(n));
	if (IS("tail"))
		printf("%ld", tail(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
