// SPDX-License-Identifier: GPL-2.0-or-later
static int count;
int f(void)
{
	return ++count;
}
