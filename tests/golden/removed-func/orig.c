// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
static __attribute__((noinline)) int gone(int x)
{
	return ext(x) * 5 + ext(x);
}
int bar(int x)
{
	return ext(gone(x));
}
