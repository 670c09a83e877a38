// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

NOINLINE long spin(long n)
{
	long r = 0;

	do
		r += n--;
	while (n & 15);
	return r;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	printf("%ld", spin(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
