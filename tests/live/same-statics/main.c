// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

int second(int n);

static int counter = 100;
static NOINLINE int step(int n)
{
	return counter += n;
}

static bool talk(const char *word, long n, long m)
{
	if (IS("first"))
		printf("%d", step((int)n));
	if (IS("second"))
		printf("%d", second((int)n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
