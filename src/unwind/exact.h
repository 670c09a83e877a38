/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does a function's table describe each of its instructions, or only those where calls are made? */
#ifndef SUTURE_UNWIND_EXACT_H
#define SUTURE_UNWIND_EXACT_H

#include "unwind/cfi.h"

/*
 * True where the rows of [lo, hi) follow what its code does to the stack pointer and before it returns;
 * @row_at gets the row for an address of it (0; else there is none). False also in doubt: code that cannot
 * be read, or is longer than any that a compiler makes. Always true for architectures whose compilers are
 * known to describe everything.
 */
bool exact_table(const struct unw_arch *arch, const struct unw_mem *mem, uint64_t lo, uint64_t hi,
		 int (*row_at)(void *ctx, uint64_t pc, struct cfi_row *row), void *ctx);

#endif
