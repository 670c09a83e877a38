// SPDX-License-Identifier: GPL-2.0-or-later
typedef int number;
typedef int handle;
typedef struct {
	int a;
} tagged;
typedef struct old_tag {
	int a;
} renamed;
struct user {
	number n;
	handle h;
};
long step(struct user *u, tagged *t, renamed *r)
{
	return u->n + (u->h == 3) + t->a + r->a;
}
