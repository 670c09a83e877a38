/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounds-checked cursor over DWARF bytes. A read past the end yields 0 and sets @bad, which the
 * caller tests when it suits: the cursor never moves past @end. Little-endian, as all targets are.
 */
#ifndef SUTURE_UNWIND_LEB_H
#define SUTURE_UNWIND_LEB_H

#include "base/util.h"

struct leb_reader {
	const uint8_t *p, *end;
	bool bad;
};

static inline uint64_t leb_fixed(struct leb_reader *r, unsigned int size)
{
	uint64_t v = 0;

	if ((size_t)(r->end - r->p) < size) {
		r->bad = true;
		r->p = r->end;
		return 0;
	}
	for (unsigned int i = size; i-- > 0;)
		v = v << 8 | r->p[i];
	r->p += size;
	return v;
}

static inline uint64_t leb_u(struct leb_reader *r)
{
	uint64_t v = 0;
	unsigned int shift = 0;

	while (r->p < r->end) {
		uint8_t b = *r->p++;

		if (shift < 64)
			v |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
		if (!(b & 0x80))
			return v;
	}
	r->bad = true;
	return 0;
}

static inline int64_t leb_s(struct leb_reader *r)
{
	uint64_t v = 0;
	unsigned int shift = 0;

	while (r->p < r->end) {
		uint8_t b = *r->p++;

		if (shift < 64)
			v |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
		if (!(b & 0x80)) {
			if (shift < 64 && (b & 0x40))
				v |= ~0ULL << shift;
			return (int64_t)v;
		}
	}
	r->bad = true;
	return 0;
}

static inline void leb_skip(struct leb_reader *r, uint64_t n)
{
	if (n > (uint64_t)(r->end - r->p)) {
		r->bad = true;
		r->p = r->end;
	} else {
		r->p += n;
	}
}

#endif
