// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

int part_scale(int n);

NOINLINE int offset(int n)
{
	return n + 1;
}

static bool talk(const char *word, long n, long m)
{
	if (IS("scale"))
		printf("%d", part_scale((int)n));
	if (IS("offset"))
		printf("%d", offset((int)n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
