// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

static int calls;
int limit = 40;

NOINLINE int count(void)
{
	static int old_local = 10;

	calls++;
	return old_local++;
}

NOINLINE const char *word_of(int n)
{
	return n ? "some" : "none";
}

NOINLINE long entry(int n)
{
	return limit;
}

static bool talk(const char *word, long n, long m)
{
	if (IS("count"))
		printf("%d", count());
	if (IS("calls"))
		printf("%d", calls);
	if (IS("word"))
		printf("%s", word_of((int)n));
	if (IS("entry"))
		printf("%ld", entry((int)n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
