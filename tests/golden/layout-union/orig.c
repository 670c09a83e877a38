// SPDX-License-Identifier: GPL-2.0-or-later
union same {
	int i;
	char *p;
};
union grown {
	int i;
	char c;
};
int step(union same *x, union grown *y)
{
	return x->i + y->c;
}
