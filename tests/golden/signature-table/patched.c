// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
static int h(int a, int b)
{
	return ext(a) + b;
}
typedef int (*fn)(int);
fn table[] = {(fn)h};
