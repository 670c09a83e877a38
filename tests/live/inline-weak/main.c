// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"
#include "shared.h"

typedef long (*fn)(long n);

static fn volatile by_pointer[] = {grouped, gnu_way, c99_way, weak_way};

static NOINLINE long here(int which, long n)
{
	switch (which) {
	case 0:
		return grouped(n);
	case 1:
		return gnu_way(n);
	case 2:
		return c99_way(n);
	default:
		return weak_way(n);
	}
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("here"))
		printf("%ld", here((int)n, m));
	if (IS("there"))
		printf("%ld", from_out((int)n, m));
	if (IS("pointer"))
		printf("%ld", by_pointer[n & 3](m));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
