// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int *);
int a(void)
{
	static int calls;
	return ext(&calls) + 1;
}
int b(void)
{
	static int calls = 4;
	return ext(&calls) + 2;
}
int c(void)
{
	static int calls;
	return ext(&calls) + 3;
}
