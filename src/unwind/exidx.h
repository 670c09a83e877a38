/* SPDX-License-Identifier: GPL-2.0-or-later */
/* .ARM.exidx and .ARM.extab: the unwind tables of 32-bit ARM, valid where a call was made. */
#ifndef SUTURE_UNWIND_EXIDX_H
#define SUTURE_UNWIND_EXIDX_H

#include "unwind/cfi.h"

struct exidx {
	const uint8_t *index;	/* .ARM.exidx */
	size_t index_size;
	uint64_t index_addr;
	const uint8_t *table;	/* memory that holds all of .ARM.extab; NULL: there is none */
	size_t table_size;
	uint64_t table_addr;
};

/*
 * The row for @pc, an address inside of a call instruction. @end is the end of the code that the index
 * is about. 0; 1: nothing is told (also for "cannot unwind"); -1: damaged, or instructions that are
 * not known.
 */
int exidx_row(const struct exidx *x, uint64_t pc, uint64_t end, struct cfi_row *ret);

/* Where the entries that are not in the index itself lie: *@lo to beyond *@hi, 0 to 0 if none do. */
void exidx_table_bounds(const struct exidx *x, uint64_t *lo, uint64_t *hi);
#define EXIDX_ENTRY_MAX (8 + 4 * 256)	/* no entry is longer */

#endif
