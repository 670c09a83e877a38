// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
int f(int n, ...)
{
	int s = 0;
	va_list ap;

	va_start(ap, n);
	while (n--)
		s += va_arg(ap, int);
	va_end(ap);
	return s;
}
int g(void)
{
	return f(2, 1, 2);
}
