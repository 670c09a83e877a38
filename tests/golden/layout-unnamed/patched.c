// SPDX-License-Identifier: GPL-2.0-or-later
struct outer {
	struct {
		int a;
		int b;
	};
	struct {
		int y;
		int x;
	} pos[2];
};
struct named {
	struct inner {
		int y;
		int x;
	} in;
};
int step(struct outer *o, struct named *n)
{
	return o->a + o->pos[1].x + n->in.x;
}
