// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
static __attribute__((noinline)) int h(int *p, int mode)
{
	if (mode == 3)
		return ext(p[0]) - ext(p[1]);
	if (mode == 4)
		return ext(p[2]) * 7;
	return ext(p[3]);
}
int f(int *p)
{
	return h(p, 3) + 1;
}
int g(int *p)
{
	return h(p, 3) * 2;
}
