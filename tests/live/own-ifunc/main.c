// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

static NOINLINE long chosen(long n)
{
	return n * 2 + 5;
}

static long (*resolver(void))(long)
{
	return chosen;
}

static NOINLINE long chosen2(long n)
{
	return n * 3 + 5;
}

static long (*resolver2(void))(long)
{
	return chosen2;
}

long indirect(long n) __attribute__((ifunc("resolver")));
long indirect2(long n) __attribute__((ifunc("resolver2")));
static long (*volatile pointer)(long) = indirect2;

NOINLINE long value(long n)
{
	return n * 31 + 7;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	printf("%ld", IS("indirect") ? indirect(n) : value(n));
	if (IS("pointer"))
		printf(" %ld", pointer(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
