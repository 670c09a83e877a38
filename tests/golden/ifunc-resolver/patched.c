// SPDX-License-Identifier: GPL-2.0-or-later
static int one(int x)
{
	return x + 1;
}
static int two(int x)
{
	return x + 2;
}
extern int choice;
static void *pick(void)
{
	return choice > 7 ? (void *)one : (void *)two;
}
int f(int) __attribute__((ifunc("pick")));
int g(int x)
{
	return f(x) + 3;
}
