// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

long others(long n);

static char text[128];

long others(long n)
{
	char *end;

	memset(text, 'x', (size_t)n + 1);
	snprintf(text, sizeof(text), "%ldab", n * 3);
	return strtol(text, &end, 10) + (long)strlen(end);
}
