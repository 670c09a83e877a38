// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

static int twice(int n)
{
	return 2 * n;
}

int (*volatile hook)(int) = twice;

NOINLINE int value(int n)
{
	return n;
}

static bool talk(const char *word, long n, long m)
{
	if (IS("value"))
		printf("%d", value((int)n));
	if (IS("hook"))
		printf("%d", hook((int)n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
