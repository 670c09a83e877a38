// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared.h"

extern inline long c99_way(long n);

long from_out(int which, long n)
{
	switch (which) {
	case 0:
		return grouped(n) + 1000;
	case 1:
		return gnu_way(n) + 1000;
	case 2:
		return c99_way(n) + 1000;
	default:
		return weak_way(n) + 1000;
	}
}
