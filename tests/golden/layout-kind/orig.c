// SPDX-License-Identifier: GPL-2.0-or-later
struct session {
	long owner;
	float load;
	int id;
};
int step(struct session *s)
{
	return (int)s->owner + s->id;
}
