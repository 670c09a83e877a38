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

/* By a table of the function's own, which a library's code finds through a slot on some architectures. */
int work_kind(int n)
{
	switch (n) {
	case 0:
		return state * 2;
	case 1:
		return inner(n);
	case 2:
		return ++work_exported;
	case 3:
		return state ^ 5;
	case 4:
		return work(n) - 1;
	case 5:
		return n / (state | 1);
	case 6:
		return work_exported - state;
	}
	return -1;
}
