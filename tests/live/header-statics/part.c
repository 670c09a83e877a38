// SPDX-License-Identifier: GPL-2.0-or-later
#include "head.h"

int part(int n);

int part(int n)
{
	return twice(n) * thrice(n) + shifted(n) + 1;
}
