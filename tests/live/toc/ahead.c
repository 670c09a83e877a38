// SPDX-License-Identifier: GPL-2.0-or-later
/* Code of power10: it reaches its data from the pc, and r2 is nothing to it. */
#ifdef __powerpc64__
#pragma GCC target("cpu=power10")
#endif
#include "toc.h"

#define NOINLINE __attribute__((noinline, noclone))

long seen = 3;

NOINLINE long ahead_leaf(long n)
{
	return n + 5;
}

/* Only code like itself calls it. */
static NOINLINE long among(long n)
{
	return n + 2;
}

NOINLINE long ahead_calls(long n)
{
	return plain(n) + among(n) + seen;
}
