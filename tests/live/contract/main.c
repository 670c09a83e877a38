// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

static NOINLINE long inner(long n)
{
	return n * 3 + 1;
}

/* Keeps its argument in a register that inner() is seen to leave alone. */
NOINLINE long outer(long n)
{
	return inner(n + 1) + n;
}

/* Through pointers: a caller that sees its callee may rely on its registers, and talk() never ends. */
static long (*volatile call_inner)(long) = inner;
static long (*volatile call_outer)(long) = outer;

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("inner"))
		printf("%ld", call_inner(n));
	if (IS("outer"))
		printf("%ld", call_outer(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
