// SPDX-License-Identifier: GPL-2.0-or-later
int limit = 20;
int f(void)
{
	return limit;
}
