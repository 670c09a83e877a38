// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

NOINLINE int value(int n)
{
	return n + 1;
}

int (*volatile pointer)(int) = value;

static bool talk(const char *word, long n, long m)
{
	if (IS("value"))
		printf("%d", value((int)n));
	if (IS("pointer"))
		printf("%d", pointer((int)n));
	if (IS("same"))
		printf("%d", pointer == value);
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
