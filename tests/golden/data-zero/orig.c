// SPDX-License-Identifier: GPL-2.0-or-later
int v = 0, w;
int f(void)
{
	return v++ + w++;
}
