// SPDX-License-Identifier: GPL-2.0-or-later
static const int tbl[] = {9, 4, 1, 3};
int f(int i)
{
	return tbl[i];
}
int g(int i)
{
	return i + 1;
}
