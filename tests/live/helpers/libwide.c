// SPDX-License-Identifier: GPL-2.0-or-later
#include "wide.h"

/* This object has the helper already. */
__attribute__((noinline)) long ratio(long n, long m)
{
	return (long)(((wide)n << 20) / (wide)m >> 20);
}

__attribute__((noinline)) long rest(long n, long m)
{
	return n - m;
}
