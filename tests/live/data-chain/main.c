// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

static long first = 100, second = 200;
static long *const table[] = {&first, &second, &first};

NOINLINE long by_table(long n, long m)
{
	return *table[n % 3] += m;
}

NOINLINE long value(long n)
{
	return n * 31 + 7;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	printf("%ld", IS("table") ? by_table(n, m) : value(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
