// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

NOINLINE long value(long n)
{
	long r = 0;

	for (long i = 0; i < n; i++)
		r += i * n + r / 3;
	return r;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	printf("%ld", value(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
