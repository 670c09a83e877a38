// SPDX-License-Identifier: GPL-2.0-or-later
struct pair {
	int a;
	int b;
};
__attribute__((noinline)) static struct pair make(int n)
{
	struct pair p = {n, n + 1};

	return p;
}
int sum(int n)
{
	struct pair p = make(n);

	return p.a * p.b;
}
