// SPDX-License-Identifier: GPL-2.0-or-later
struct session {
	int *owner;
	float load;
	int id;
};
int step(struct session *s)
{
	return *s->owner + s->id;
}
