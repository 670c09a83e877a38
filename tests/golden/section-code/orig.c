// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
__attribute__((section(".mine"), noinline)) static int a(int x)
{
	return ext(x) + 1;
}
__attribute__((section(".mine"))) int b(int x)
{
	return a(x) + ext(x);
}
__attribute__((section(".mine"))) int c(int x)
{
	return ext(x) - 1;
}
