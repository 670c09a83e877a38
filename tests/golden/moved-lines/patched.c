// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);

/* a comment */

int foo(int x)
{
	return ext(x) + 1;
}
int bar(int x)
{
	return foo(ext(x)) * 3;
}
