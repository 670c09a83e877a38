// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"
#include "wide.h"

static int total;

/* Nothing in the program divides wide numbers, counts bits or adds atomically: its compiler's helpers for
 * that are not in it. */
NOINLINE long value(long n, long m)
{
	return n * 3 + m;
}

NOINLINE long count(long n)
{
	return (n ^ 0x10000) - 0x10000;
}

/* 32-bit arm may have no instruction for that either. */
NOINLINE long remainder_of(long n, long m)
{
	return n - m;
}

static NOINLINE long step(long a, long b)
{
	return a * 7 + b;
}

/* At -Os some machines save registers by routines, when there are many. */
NOINLINE long keep(long a, long b)
{
	return step(a, b) - step(b, a);
}

NOINLINE long add(long n)
{
	total += (int)n;
	return total;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("value"))
		printf("%ld", value(n, m));
	if (IS("count"))
		printf("%ld", count(n));
	if (IS("remainder"))
		printf("%ld", remainder_of(n, m));
	if (IS("keep"))
		printf("%ld", keep(n, m));
	if (IS("add"))
		printf("%ld", add(n));
	if (IS("ratio"))
		printf("%ld", ratio(n, m));
	if (IS("rest"))
		printf("%ld", rest(n, m));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
