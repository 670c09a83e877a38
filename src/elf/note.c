// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/note.h"

#include <elf.h>
#include <string.h>

const uint8_t *note_build_id(const uint8_t *p, size_t n, uint64_t align, size_t *ret_n)
{
	size_t pad = align == 8 ? 8 : 4, at = 0;

	while (n - at >= 12) {
		uint32_t h[3]; /* namesz, descsz, type */
		size_t name, desc;

		memcpy(h, p + at, sizeof(h));
		name = at + 12;
		if (h[0] > n - name)
			return NULL;
		desc = ALIGN_UP(name + h[0], pad);
		if (desc > n || h[1] > n - desc)
			return NULL;
		if (h[2] == NT_GNU_BUILD_ID && h[0] == 4 && !memcmp(p + name, "GNU", 4) && h[1]) {
			*ret_n = h[1];
			return p + desc;
		}
		at = ALIGN_UP(desc + h[1], pad);
		if (at > n)
			return NULL;
	}
	return NULL;
}
