// SPDX-License-Identifier: GPL-2.0-or-later
struct s {
	int a;
};
struct s one;
int f(void)
{
	return one.a;
}
