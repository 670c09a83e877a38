// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

NOINLINE long value(long n)
{
	return n * 3 + 1;
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
