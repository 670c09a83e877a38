// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

long counter;

NOINLINE long count(long n)
{
	counter += n;
	return counter;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("count"))
		printf("%ld", count(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
