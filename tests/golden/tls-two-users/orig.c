// SPDX-License-Identifier: GPL-2.0-or-later
int f(int n)
{
	static __thread int seen;

	seen += n;
	return seen;
}

int g(int n)
{
	return f(n) * 3;
}

static int h(int n)
{
	static __thread int seen;

	seen ^= n;
	return seen;
}

int k(int n)
{
	return h(n) + 2;
}
