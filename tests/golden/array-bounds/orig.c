// SPDX-License-Identifier: GPL-2.0-or-later
extern void sink(int *);
static int before[2], v[4], after[2];
int f(void)
{
	int s = 0;
	for (int *p = v; p < v + 4; p++)
		s += *p;
	sink(v - 1);
	sink(before);
	sink(after);
	return s;
}
int g(void)
{
	return 1;
}
