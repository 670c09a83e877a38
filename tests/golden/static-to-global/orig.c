// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
static __attribute__((noinline)) int h(int x)
{
	return ext(x) + 1;
}
int f(int x)
{
	return h(x) + h(x + 1);
}
