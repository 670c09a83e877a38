// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
void abort(void);
int f(int x)
{
	if (x < 0) {
		ext(4);
		abort();
	}
	return ext(x);
}
int g(int x)
{
	return ext(x) + 1;
}
