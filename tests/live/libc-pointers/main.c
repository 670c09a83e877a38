// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

typedef int (*text_fn)(const char *);

text_fn saved = atoi;
text_fn volatile other = puts;

NOINLINE bool get(void)
{
	return saved == atoi;
}

NOINLINE long same(long n)
{
	return n;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("never"))
		other("never");
	printf("%ld", same(n));
	return true || get();
}

int main(void)
{
	talk_loop();
	return 0;
}
