// SPDX-License-Identifier: GPL-2.0-or-later
int f(int i)
{
	return i;
}
int g(int i)
{
	return i + 1;
}
