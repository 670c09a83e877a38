// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

static NOINLINE const char *first(long n)
{
	return n & 4 ? "first text" : "second text";
}

static const unsigned int table[] = { 3, 4, 5, 6, 7, 8, 9 };

static NOINLINE unsigned int entry(long n)
{
	return table[n & 3];
}

static NOINLINE const char *second(long n)
{
	return n & 4 ? "third text" : "a text so long that the compiler aligns it in memory";
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("first"))
		printf("%s", first(n));
	if (IS("second"))
		printf("%s", second(n));
	if (IS("entry"))
		printf("%u", entry(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
