// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
__attribute__((noinline)) int f(int x)
{
	return ext(x) + 1;
}
int also(int) __attribute__((alias("f")));
int g(int x)
{
	return ext(also(x));
}
