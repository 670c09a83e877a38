// SPDX-License-Identifier: GPL-2.0-or-later
static __thread int t;
int f(void)
{
	return ++t;
}
