// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

FILE *target_stream(int n)
{
	return n ? stderr : stdout;
}

NOINLINE long same(long n)
{
	return n;
}

static bool talk(const char *word, long n, long m)
{
	if (IS("same"))
		printf("%ld", same(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
