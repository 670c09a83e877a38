// SPDX-License-Identifier: GPL-2.0-or-later
// The function with the first variable becomes part of its caller. Another function has one of that name, too.
int seen(int x);

static inline __attribute__((always_inline)) int f(int x)
{
	static __thread int n = 1;

	for (int i = 0; i < x; i++)
		n += seen(i) * x + seen(n);
	return n;
}
int g(int x)
{
	return f(x) + 1;
}
int h(int x)
{
	return x * 3;
}
int k(int x)
{
	static __thread int n = 2;

	n += x;
	return n * 6;
}
