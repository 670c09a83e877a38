// SPDX-License-Identifier: GPL-2.0-or-later
static const int tbl[] = {1, 2, 3, 41};
int f(int i)
{
	return tbl[i];
}
int g(int i)
{
	return i + 1;
}
