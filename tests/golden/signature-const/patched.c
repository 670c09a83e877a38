// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
__attribute__((noinline)) int h(const int *const a)
{
	return ext(*a) + 3;
}
int f(int *x)
{
	return h(x) + 2;
}
