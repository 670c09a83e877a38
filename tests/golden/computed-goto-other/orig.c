// SPDX-License-Identifier: GPL-2.0-or-later
int f(const unsigned char *p)
{
	static const void *const tbl[] = {&&l0, &&l1, &&l2};
	int s = 0;

	goto *tbl[*p++];
l0:
	s += 3;
	goto *tbl[*p++];
l1:
	s *= 5;
	goto *tbl[*p++];
l2:
	return s;
}
int g(int x)
{
	return x + 1;
}
