// SPDX-License-Identifier: GPL-2.0-or-later
static int a(int x)
{
	return x + 1;
}
static int (*const tbl[])(int) = {a, a};
int f(int i)
{
	return tbl[i](i);
}
