// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

long other(long n, long m);

NOINLINE long one(long n, long m)
{
	return n * 5 - m;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("one"))
		printf("%ld", one(n, m));
	if (IS("other"))
		printf("%ld", other(n, m));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
