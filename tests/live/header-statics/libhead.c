// SPDX-License-Identifier: GPL-2.0-or-later
#include "head.h"

int lib_sum(int n);

int lib_sum(int n)
{
	return twice(n) + thrice(n) * shifted(n);
}
