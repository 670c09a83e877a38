// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

size_t buf_add(struct buf *b, const void *p, size_t n)
{
	size_t at = b->n;

	if (b->n + n + 1 > b->cap) {
		b->cap = MAX(b->cap * 2, b->n + n + 64);
		b->p = xrealloc(b->p, b->cap);
	}
	if (p && n)
		memcpy(b->p + at, p, n);
	else if (n)
		memset(b->p + at, 0, n);
	b->n += n;
	b->p[b->n] = 0;
	return at;
}

size_t buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *s;
	size_t at;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	at = buf_add(b, s, strlen(s));
	free(s);
	return at;
}

size_t buf_addstr(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s) + 1);
}

void buf_align(struct buf *b, size_t align, uint8_t fill)
{
	size_t at = b->n, pad = ALIGN_UP(b->n, align) - b->n;

	if (pad) {
		buf_add(b, NULL, pad);
		memset(b->p + at, fill, pad);
	}
}

void buf_free(struct buf *b)
{
	free(b->p);
	memset(b, 0, sizeof(*b));
}
