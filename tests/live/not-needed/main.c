// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

/* A comment. */
NOINLINE long value(long n)
{
#ifdef NOT_DEFINED
	return n;
#endif
	return n * 3 + __LINE__ * 0;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	printf("%ld", value(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
