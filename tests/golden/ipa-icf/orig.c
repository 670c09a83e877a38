// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
static __attribute__((noinline)) int a(int x)
{
	return ext(x) + ext(4);
}
static __attribute__((noinline)) int b(int x)
{
	return ext(x) + ext(4);
}
int f(int x)
{
	return a(x) + 1;
}
int g(int x)
{
	return b(x) * 2;
}
