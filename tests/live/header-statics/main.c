// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

int part(int n);
int lib_sum(int n);

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("part"))
		printf("%d", part((int)n));
	if (IS("lib"))
		printf("%d", lib_sum((int)n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
