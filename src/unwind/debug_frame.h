/* SPDX-License-Identifier: GPL-2.0-or-later */
/* .debug_frame of a file: call frame information by link-time address, with an index made here. */
#ifndef SUTURE_UNWIND_DEBUG_FRAME_H
#define SUTURE_UNWIND_DEBUG_FRAME_H

#include "unwind/cfi.h"
#include "unwind/scan.h"

struct debug_frame;

/*
 * Indexes the section's @size bytes, which are taken over (malloc'ed), also on failure. @code: the
 * link-time ranges of executable memory; what lies elsewhere was thrown away by the linker.
 * @calls_only: whoever wrote it describes frames where calls are made, and not each instruction.
 * NULL where it is damaged, or says nothing of @code.
 */
struct debug_frame *debug_frame_new(uint8_t *data, size_t size, const struct unw_arch *arch,
				    const struct unw_range *code, size_t n_code, bool calls_only);
void debug_frame_free(struct debug_frame *df);

/*
 * The row for link-time address @pc, in link-time addresses. 0; 1: nothing is said of it; -1: the
 * instructions there are damaged or not known, or two entries disagree.
 */
int debug_frame_row(const struct debug_frame *df, uint64_t pc, const struct unw_arch *arch,
		    struct cfi_row *ret);

#endif
