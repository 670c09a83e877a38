// SPDX-License-Identifier: GPL-2.0-or-later
char *msg = "old";
char *f(void)
{
	return msg;
}
