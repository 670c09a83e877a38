// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

long first(long n);
long twin_a(long n);
long twin_b(long n);

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("first"))
		printf("%ld", first(n));
	if (IS("a"))
		printf("%ld", twin_a(n));
	if (IS("b"))
		printf("%ld", twin_b(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
