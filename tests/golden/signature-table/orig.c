// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
static int h(int a)
{
	return ext(a) + 1;
}
typedef int (*fn)(int);
fn table[] = {(fn)h};
