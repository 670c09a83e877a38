// SPDX-License-Identifier: GPL-2.0-or-later
char *msg = "new";
char *f(void)
{
	return msg;
}
