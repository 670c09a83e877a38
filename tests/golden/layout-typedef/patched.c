// SPDX-License-Identifier: GPL-2.0-or-later
typedef unsigned int number;
typedef void *handle;
typedef struct tagged {
	int b;
	int a;
} tagged;
typedef struct new_tag {
	int b;
	int a;
} renamed;
struct user {
	number n;
	handle h;
};
long step(struct user *u, tagged *t, renamed *r)
{
	return u->n + (u->h == (void *)3) + t->a + r->a;
}
