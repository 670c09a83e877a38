// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

struct thing {
	int a;
	int b;
};

int setting = 10;
static long sizes[4] = {1};
struct thing thing = {.a = 1, .b = 2};

NOINLINE long count(void)
{
	static int local = 5;

	return local++;
}

NOINLINE long value(long n)
{
	return sizes[n]++ + setting++ + thing.b++;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	printf("%ld", value(n) + count());
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
