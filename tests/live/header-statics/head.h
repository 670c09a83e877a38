/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "talk.h"

static NOINLINE int twice(int n)
{
	return n * 2 + n / 1000;
}

static NOINLINE int thrice(int n)
{
	return n * 3 + n / 77;
}

static NOINLINE int shifted(int n)
{
	return (n << 4) - n % 13;
}
