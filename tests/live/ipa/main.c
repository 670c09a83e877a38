// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

long seen;

static __attribute__((noinline)) long quiet(long n)
{
	return n * 3 + 1;
}

NOINLINE long twice(long n)
{
	long a = seen, b = quiet(n);

	return a + b + quiet(n) + seen;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	printf("%ld", IS("seen") ? seen : twice(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
