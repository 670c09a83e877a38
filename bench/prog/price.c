// SPDX-License-Identifier: GPL-2.0-or-later
int price(int n);

int price(int n)
{
	return n * 3 + 1;
}
