// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
int f(int x)
{
	return ext(x) + 1;
}
int g(int x)
{
	return x;
}
