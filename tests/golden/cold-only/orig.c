// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
__attribute__((cold, noreturn)) void die_with(int);
int f(int x)
{
	switch (x) {
	case 0:
		return ext(3) + 1;
	case 1:
		return ext(9) * 2;
	default:
		die_with(4);
	}
}
int g(int x)
{
	return ext(x) + 1;
}
