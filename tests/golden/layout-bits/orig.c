// SPDX-License-Identifier: GPL-2.0-or-later
struct add {
	unsigned int a : 3;
	unsigned int b : 3;
};
struct move {
	unsigned int a : 3;
	unsigned int b : 3;
};
struct widen {
	unsigned int a : 3;
	unsigned int b : 3;
};
int step(struct add *x, struct move *y, struct widen *z)
{
	return x->b + y->b + z->b;
}
