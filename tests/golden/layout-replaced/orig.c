// SPDX-License-Identifier: GPL-2.0-or-later
struct session {
	char name[8];
	int id;
};
int step(struct session *s)
{
	return s->name[3] + s->id;
}
