// SPDX-License-Identifier: GPL-2.0-or-later
__thread int t = 1;
int f(void)
{
	return ++t;
}
int g(void)
{
	return t * 7;
}
