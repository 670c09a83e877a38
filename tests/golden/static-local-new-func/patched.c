// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int *);
int z(void)
{
	static int calls;
	return ext(&calls) + 9;
}
int a(void)
{
	static int calls;
	return ext(&calls) + 1;
}
int b(void)
{
	static int calls = 3;
	return ext(&calls) + 2;
}
int c(void)
{
	static int calls;
	return ext(&calls) + 3;
}
