// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
int bar(int x)
{
	return ext(x);
}
