// SPDX-License-Identifier: GPL-2.0-or-later
#include "toc.h"

long lib_base = 7;

/* Code with another TOC, which it needs behind the call. */
long lib_call(long (*f)(long), long n)
{
	long r = f(n);

	return r * 10 + lib_base;
}

long lib_number(const char *s)
{
	return s[0] - 'A' + lib_base;
}
