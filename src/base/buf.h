/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growing byte buffer. A zeroed struct is an empty buffer. */
#ifndef SUTURE_BASE_BUF_H
#define SUTURE_BASE_BUF_H

#include "base/util.h"

struct buf {
	uint8_t *p;
	size_t n, cap;
};

/* Appends @n bytes and returns the offset at which they start. @p NULL appends zeroes. */
size_t buf_add(struct buf *b, const void *p, size_t n);
size_t buf_addf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
/* Appends a string with its terminator; returns its offset. */
size_t buf_addstr(struct buf *b, const char *s);
/* Pads with @fill up to a multiple of @align (a power of two). */
void buf_align(struct buf *b, size_t align, uint8_t fill);
void buf_free(struct buf *b);

#endif
