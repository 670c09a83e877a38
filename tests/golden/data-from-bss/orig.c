// SPDX-License-Identifier: GPL-2.0-or-later
int limit;
int f(void)
{
	return limit;
}
