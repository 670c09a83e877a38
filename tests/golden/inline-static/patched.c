// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
static inline int h(int x)
{
	return x * 5 + 1;
}
int f(int x)
{
	return ext(h(x));
}
int g(int x)
{
	return ext(h(x) + 2);
}
int k(int x)
{
	return ext(x);
}
