// SPDX-License-Identifier: GPL-2.0-or-later
#include "part.h"

volatile long wrong;

NOINLINE int first(int n)
{
	return n > 5 ? n * 3 : 1;
}

NOINLINE int second(int n)
{
	return n > 6 ? n * 5 : 1;
}

/*
 * Changed too, so no thread may be inside while the versions change: what it sees in one call must
 * all be of one version.
 */
NOINLINE int whole(void)
{
	int own = 1, a = first(0), b;

	for (volatile int i = 0; i < 30; i++)
		;
	b = second(0);
	if (a != own || b != own || first(0) != own) {
		__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
		return 0;
	}
	return own;
}
