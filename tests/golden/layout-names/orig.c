// SPDX-License-Identifier: GPL-2.0-or-later
struct peer {
	int id;
};
struct session {
	struct peer *peer;
	int (*answer)(int n);
	char *name;
	unsigned int state;
};
struct opaque;
int step(struct session *s, struct opaque *o)
{
	return s->peer->id + s->answer(1) + s->name[0] + (int)s->state + !o;
}
