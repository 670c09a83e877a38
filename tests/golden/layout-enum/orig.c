// SPDX-License-Identifier: GPL-2.0-or-later
enum appended { A1, A2, A_MAX };
enum inserted { I1, I2, I_MAX };
struct job {
	enum appended a;
	enum inserted i;
};
int step(struct job *j)
{
	return j->a == A2 ? 7 : j->i == I2 ? 9 : 11;
}
