// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

NOINLINE long value(long n)
{
	return n;
}

NOINLINE void complain(long n)
{
}

NOINLINE char *home(void)
{
	return "nowhere";
}

static bool talk(const char *word, long n, long m)
{
	if (IS("value"))
		printf("%ld", value(n));
	if (IS("complain")) {
		complain(n);
		printf("done");
	}
	if (IS("home"))
		printf("%s", home());
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
