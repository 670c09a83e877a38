// SPDX-License-Identifier: GPL-2.0-or-later
/* Unwind records from a process that may have damaged them. */
#include "unwind/debug_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int each(void *ctx, const struct cfi_fde *fde)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cfi_section s = {.data = data, .size = size, .addr = 0x1000, .addr_size = 8};
	const struct unw_range code = {0x1000, 0x100000};
	struct debug_frame *df;
	struct cfi_fde fde;
	struct cfi_row row;

	cfi_for_each_fde(&s, each, NULL);
	cfi_find(&s, size > 16 ? data : NULL, size > 16 ? 16 : 0, 0x1000, 0x1010, &fde);
	df = debug_frame_new(xmemdup(data, size), size, &unw_arch_x86_64, &code, 1, false);
	for (uint64_t pc = 0x1000; df && pc < 0x1100; pc += 16)
		debug_frame_row(df, pc, &unw_arch_x86_64, &row);
	debug_frame_free(df);
	s.is_debug_frame = true;
	s.addr_size = 4;
	cfi_for_each_fde(&s, each, NULL);
	return 0;
}
