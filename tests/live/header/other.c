// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules.h"

int other(int n);

int other(int n)
{
	return rule(n) * 2;
}
