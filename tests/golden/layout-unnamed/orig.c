// SPDX-License-Identifier: GPL-2.0-or-later
struct outer {
	struct {
		int a;
		int b;
	};
	struct {
		int x;
		int y;
	} pos[2];
};
struct named {
	struct inner {
		int x;
		int y;
	} in;
};
int step(struct outer *o, struct named *n)
{
	return o->a + o->pos[1].x + n->in.x;
}
