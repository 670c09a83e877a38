// SPDX-License-Identifier: GPL-2.0-or-later
struct session {
	char name[10];
	int id;
};
struct shrinks {
	int id;
};
int step(struct session *s, struct shrinks *t)
{
	return s->name[3] + s->name[9] + t[3].id;
}
