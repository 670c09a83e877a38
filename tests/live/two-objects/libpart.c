// SPDX-License-Identifier: GPL-2.0-or-later
int part_scale(int n);

int part_scale(int n)
{
	return n * 2 + n / 1000;
}
