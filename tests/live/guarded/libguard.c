// SPDX-License-Identifier: GPL-2.0-or-later
long guard_leaf(long n);
long guard_frame(long (*f)(long), long n);

long guard_leaf(long n)
{
	return n * 7 + 1;
}

long guard_frame(long (*f)(long), long n)
{
	return f(n) + f(n + 1);
}
