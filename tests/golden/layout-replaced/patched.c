// SPDX-License-Identifier: GPL-2.0-or-later
struct session {
	int from;
	int to;
	int id;
};
int step(struct session *s)
{
	return s->from + s->id;
}
