// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

NOINLINE void spin(long n, long *ret)
{
	long r = 0;

	do
		r += n--;
	while (n & 15);
	*ret = r;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	long r;

	spin(n, &r);
	printf("%ld", r);
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
