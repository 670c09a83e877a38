// SPDX-License-Identifier: GPL-2.0-or-later
long first(long n);
long twin_a(long n);
long twin_b(long n);

static long count_a = 100, count_b = 200;

long first(long n)
{
	long sum = 0;

	for (long i = 0; i < n; i++)
		sum += i * (sum ^ n) + 3;
	return sum;
}

/* The same code but for the variable: only their order tells which is which. */
long twin_a(long n)
{
	count_a += n;
	return count_a;
}

long twin_b(long n)
{
	count_b += n;
	return count_b;
}
