// SPDX-License-Identifier: GPL-2.0-or-later
int shared[4];
int f(int i)
{
	return shared[i]++;
}
