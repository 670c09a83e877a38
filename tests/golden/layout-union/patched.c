// SPDX-License-Identifier: GPL-2.0-or-later
union same {
	int i;
	char *p;
	long l;
};
union grown {
	int i;
	char c;
	long l;
};
int step(union same *x, union grown *y)
{
	return (int)x->l + (int)y->l;
}
