// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

NOINLINE long four(long n)
{
	return n + 1;
}

NOINLINE long three(long n)
{
	return 0;
}

NOINLINE void one(long n)
{
}

NOINLINE int unchanged(void)
{
	return puts("");
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("unchanged"))
		unchanged();
	if (IS("four"))
		printf("%ld", four(n));
	if (IS("three"))
		printf("%ld", three(n));
	if (IS("one")) {
		one(n);
		printf(".");
	}
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
