// SPDX-License-Identifier: GPL-2.0-or-later
int ext(const int *);
int f(void)
{
	return ext(L"help") + 1;
}
int g(void)
{
	return ext(L"wor") + 1;
}
