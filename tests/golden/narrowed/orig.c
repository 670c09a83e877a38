// SPDX-License-Identifier: GPL-2.0-or-later
static int mode;

void on(void)
{
	mode = 1;
}

void off(void)
{
	mode = 0;
}

int get(void)
{
	return mode;
}
