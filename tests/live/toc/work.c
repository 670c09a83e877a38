// SPDX-License-Identifier: GPL-2.0-or-later
/* What changes. Its callers are in units of their own, where no compiler knows what it does. */
#include "toc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline, noclone))

long total = 100, noted = 4;

/* No use for r2: they have one entry, which the new versions cannot be content with. */
NOINLINE long plain(long n)
{
	return n + 1;
}

NOINLINE long many(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j, double x,
		   long k)
{
	return a + b + c + d + e + f + g + h + 10 * i + 100 * j + 1000 * k + (long)x;
}

NOINLINE long sum(int n, ...)
{
	va_list ap;
	long s = 0;

	va_start(ap, n);
	while (n--)
		s += va_arg(ap, long);
	va_end(ap);
	return s;
}

/* Its last act is a jump to one of those. */
NOINLINE long hop(long n)
{
	return plain(n * 2);
}

NOINLINE long local(const char *s)
{
	return s[0] + noted;
}

/* What it calls next is in another object, and afterwards it looks at its own data. */
NOINLINE long crossing(const char *s)
{
	long n = local(s);

	return n * 1000 + total + noted;
}

NOINLINE long recursive(long n)
{
	return n ? n + recursive(n - 1) : total;
}

long (*volatile pointer)(long) = plain;
