// SPDX-License-Identifier: GPL-2.0-or-later
/* Unwind records from a process that may have damaged them. */
#include "unwind/cfi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int each(void *ctx, const struct cfi_fde *fde)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cfi_section s = {.data = data, .size = size, .addr = 0x1000, .addr_size = 8};
	struct cfi_fde fde;

	cfi_for_each_fde(&s, each, NULL);
	cfi_find(&s, size > 16 ? data : NULL, size > 16 ? 16 : 0, 0x1000, 0x1010, &fde);
	s.is_debug_frame = true;
	s.addr_size = 4;
	cfi_for_each_fde(&s, each, NULL);
	return 0;
}
