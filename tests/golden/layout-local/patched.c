// SPDX-License-Identifier: GPL-2.0-or-later
struct pair {
	int a;
	int b;
	int c;
};
__attribute__((noinline)) static struct pair make(int n)
{
	struct pair p = {n, n + 1, n + 2};

	return p;
}
int sum(int n)
{
	struct pair p = make(n);

	return p.a * p.b + p.c;
}
