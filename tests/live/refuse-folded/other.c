// SPDX-License-Identifier: GPL-2.0-or-later
/* The same code as one() has: the linker keeps one of them. */
long other(long n, long m);

__attribute__((noinline)) long other(long n, long m)
{
	return n * 5 - m;
}

long unlike(long n);

long unlike(long n)
{
	return n ^ 77;
}
