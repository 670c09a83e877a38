// SPDX-License-Identifier: GPL-2.0-or-later
struct add {
	unsigned int a : 3;
	unsigned int b : 3;
	unsigned int c : 1;
};
struct move {
	unsigned int a : 3;
	unsigned int c : 1;
	unsigned int b : 3;
};
struct widen {
	unsigned int a : 3;
	unsigned int b : 5;
};
int step(struct add *x, struct move *y, struct widen *z)
{
	return x->b + x->c + y->b + z->b;
}
