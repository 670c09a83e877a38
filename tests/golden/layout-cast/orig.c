// SPDX-License-Identifier: GPL-2.0-or-later
struct session {
	int id;
	int state;
};
int step(void *user)
{
	return ((struct session *)user)->state;
}
