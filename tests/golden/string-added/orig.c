// SPDX-License-Identifier: GPL-2.0-or-later
int ext(const char *);
int f(void)
{
	return ext("hello") + 1;
}
int g(void)
{
	return ext("world") + 2;
}
