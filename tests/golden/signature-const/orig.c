// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
__attribute__((noinline)) int h(int *a)
{
	return ext(*a) + 1;
}
int f(int *x)
{
	return h(x) + 2;
}
