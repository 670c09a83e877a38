// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

static inline __attribute__((always_inline)) int core(int n)
{
	return n * 10;
}

static inline int middle(int n)
{
	return core(n) + 1;
}

NOINLINE int one(int n)
{
	return middle(n) + 2;
}

NOINLINE int two(int n)
{
	return core(n) - 3;
}

NOINLINE int three(int n)
{
	return n;
}

static bool talk(const char *word, long n, long m)
{
	if (IS("one"))
		printf("%d", one((int)n));
	if (IS("two"))
		printf("%d", two((int)n));
	if (IS("three"))
		printf("%d", three((int)n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
