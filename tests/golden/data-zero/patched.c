// SPDX-License-Identifier: GPL-2.0-or-later
__attribute__((section(".data"))) int v = 0;
int w = 0;
int f(void)
{
	return v++ + w++;
}
