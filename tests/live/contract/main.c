// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

static NOINLINE long inner(long n)
{
	return n * 3 + 1;
}

/* Keeps its argument in a register that inner() is seen to leave alone. */
NOINLINE long outer(long n)
{
	return inner(n + 1) + n;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("inner"))
		printf("%ld", inner(n));
	if (IS("outer"))
		printf("%ld", outer(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
