// SPDX-License-Identifier: GPL-2.0-or-later
static const int a[] = {1, 2, 4};
const int *p = a;
int f(int i)
{
	return p[i];
}
