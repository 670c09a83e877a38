// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

int helper_used(int n);
int helper_unused(int n);
extern int helper_data[];

static int mine = 4;

NOINLINE int touch(int n)
{
	return mine += n;
}

NOINLINE int value(int n)
{
	return n;
}

static bool talk(const char *word, long n, long m)
{
	if (IS("value"))
		printf("%d", value((int)n));
	if (IS("used"))
		printf("%d", helper_used((int)n));
	if (IS("touch"))
		printf("%d", touch((int)n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
