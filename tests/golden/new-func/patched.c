// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
int foo(int x)
{
	return ext(x) + 1;
}
__attribute__((noinline)) int helper(int x)
{
	return ext(x + 3) * 7;
}
int bar(int x)
{
	return foo(ext(x)) * helper(x);
}
