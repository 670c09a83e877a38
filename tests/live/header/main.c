// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"
#include "rules.h"

int other(int n);
int third(int n);

NOINLINE int here(int n)
{
	return rule(n) + 1;
}

static bool talk(const char *word, long n, long m)
{
	if (IS("here"))
		printf("%d", here((int)n));
	if (IS("other"))
		printf("%d", other((int)n));
	if (IS("third"))
		printf("%d", third((int)n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
