// SPDX-License-Identifier: GPL-2.0-or-later
int third(int n);

int third(int n)
{
	return n + 1000;
}
