// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
__attribute__((noinline)) int h(int a, int b)
{
	return ext(a) + b;
}
int f(int x)
{
	return h(x, 3) + 2;
}
