// SPDX-License-Identifier: GPL-2.0-or-later
static int v[8];
int f(int i)
{
	return v[i]++;
}
