// SPDX-License-Identifier: GPL-2.0-or-later
#include "libwork.h"

static int state = 3;
int work_exported = 50;

static __attribute__((noinline)) int inner(int n)
{
	return n + state;
}

int work(int n)
{
	state++;
	return inner(n);
}

int work_direct(int n)
{
	return n * n + 12345 / (n + 1);
}
