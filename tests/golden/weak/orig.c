// SPDX-License-Identifier: GPL-2.0-or-later
__attribute__((weak)) int f(int x)
{
	return x + 1;
}
extern int opt(int) __attribute__((weak));
int g(int x)
{
	return opt ? opt(x) : f(x);
}
