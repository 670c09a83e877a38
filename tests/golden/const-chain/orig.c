// SPDX-License-Identifier: GPL-2.0-or-later
static const int a[] = {1, 2, 3};
static const int *const b[] = {a, 0};
int f(int i)
{
	return b[i][i];
}
int g(int i)
{
	return i + 1;
}
