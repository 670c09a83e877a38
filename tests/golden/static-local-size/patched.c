// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int *);
int a(void)
{
	static int calls;
	return ext((int *)&calls) + 1;
}
int b(void)
{
	static long calls = 3;
	return ext((int *)&calls) + 2;
}
int c(void)
{
	static int calls;
	return ext((int *)&calls) + 3;
}
