// SPDX-License-Identifier: GPL-2.0-or-later
/* Twenty megabytes away from everything else. */
#include "sets.h"

THUMB long far_leaf(long n)
{
	return n + 5;
}

A32 long far_calls(long n)
{
	return a32_leaf(n) * 10 + thumb_leaf(n);
}
