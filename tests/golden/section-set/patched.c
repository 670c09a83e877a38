// SPDX-License-Identifier: GPL-2.0-or-later
struct cmd {
	int id;
};
__attribute__((section("cmds"), used)) static const struct cmd one = {1};
__attribute__((section("cmds"), used)) static const struct cmd two = {2};
int f(int x)
{
	return x;
}
