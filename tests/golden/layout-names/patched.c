// SPDX-License-Identifier: GPL-2.0-or-later
struct remote {
	int id;
};
struct session {
	struct remote *peer;
	int (*answer)(int n);
	const char *label;
	const unsigned int state;
};
struct opaque {
	int there;
};
int step(struct session *s, struct opaque *o)
{
	return s->peer->id + s->answer(2) + s->label[0] + (int)s->state + !o;
}
