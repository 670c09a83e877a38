// SPDX-License-Identifier: GPL-2.0-or-later
__attribute__((noinline)) int f(int x)
{
	return x + 1;
}
__attribute__((noinline)) int g(int x)
{
	static __thread int n = 1;
	n += x * 7;
	return n;
}
