// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
__attribute__((cold, noreturn)) void die(int);
int f(int x)
{
	if (__builtin_expect(x < 0, 0)) {
		ext(4);
		ext(x + 1);
		die(7);
	}
	return ext(x);
}
int g(int x)
{
	return f(x) + 1;
}
