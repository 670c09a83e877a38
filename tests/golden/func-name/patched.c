// SPDX-License-Identifier: GPL-2.0-or-later
int ext(const char *);
int z(void)
{
	return ext(__func__) - 1;
}
int f(void)
{
	return ext(__func__);
}
int g(void)
{
	return ext(__func__) + 1;
}
