// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
static int h(int *p)
{
	if (!p)
		return 0;
	for (int i = 0; i < 20; i++) {
		ext(p[i]);
		ext(i);
		ext(p[i] + i);
		ext(p[i] - i);
		ext(p[i] * i);
	}
	return ext(*p) - ext(p[1]);
}
int f(int *p)
{
	return h(p) + 1;
}
int g(int *p)
{
	return h(p) * 2;
}
int k(int *p)
{
	return h(p) - 9;
}
