// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
__attribute__((noinline)) int foo(int x)
{
	return ext(x) + 2;
}
int bar(int x)
{
	return foo(ext(x)) * 3;
}
