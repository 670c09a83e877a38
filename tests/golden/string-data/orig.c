// SPDX-License-Identifier: GPL-2.0-or-later
int ext(const char *);
static const char *const names[] = {"one", "two", "three"};
int f(int i)
{
	return ext(names[i]);
}
int g(void)
{
	return ext("two");
}
