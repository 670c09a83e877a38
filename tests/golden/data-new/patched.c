// SPDX-License-Identifier: GPL-2.0-or-later
int limit = 7;
static int count;
int f(void)
{
	return limit + ++count;
}
