// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
__attribute__((noinline)) int before(int x)
{
	return ext(x) * 5 + ext(x);
}
int bar(int x)
{
	return ext(before(x));
}
