// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/note.h"

#include <elf.h>
#include <string.h>

#ifndef NT_GNU_PROPERTY_TYPE_0
#define NT_GNU_PROPERTY_TYPE_0 5
#endif

/* The descriptor of the first note from *@at on that is GNU's and of @type; *@at becomes what follows it. */
static const uint8_t *next_note(const uint8_t *p, size_t n, uint64_t align, uint32_t type, size_t *at,
				size_t *ret_n)
{
	size_t pad = align == 8 ? 8 : 4;

	while (*at <= n && n - *at >= 12) {
		uint32_t h[3]; /* namesz, descsz, type */
		size_t name = *at + 12, desc;

		memcpy(h, p + *at, sizeof(h));
		if (h[0] > n - name)
			return NULL;
		desc = ALIGN_UP(name + h[0], pad);
		if (desc > n || h[1] > n - desc)
			return NULL;
		*at = ALIGN_UP(desc + h[1], pad);
		if (h[2] == type && h[0] == 4 && !memcmp(p + name, "GNU", 4) && h[1]) {
			*ret_n = h[1];
			return p + desc;
		}
	}
	return NULL;
}

const uint8_t *note_build_id(const uint8_t *p, size_t n, uint64_t align, size_t *ret_n)
{
	size_t at = 0;

	return next_note(p, n, align, NT_GNU_BUILD_ID, &at, ret_n);
}

uint32_t note_property(const uint8_t *p, size_t n, uint64_t align, uint32_t type)
{
	size_t at = 0, len;
	const uint8_t *d;

	while ((d = next_note(p, n, align, NT_GNU_PROPERTY_TYPE_0, &at, &len)))
		for (size_t k = 0; k <= len && len - k >= 12;) {
			uint32_t h[2], v; /* type, size of the value */

			memcpy(h, d + k, sizeof(h));
			memcpy(&v, d + k + 8, sizeof(v));
			if (h[1] > len - k - 8)
				break;
			if (h[0] == type && h[1] == 4)
				return v;
			k += ALIGN_UP(8 + (size_t)h[1], align == 8 ? 8 : 4);
		}
	return 0;
}
