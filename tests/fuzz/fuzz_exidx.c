// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as ARM's index and table: the first 64 bytes are the index, the rest is the table. */
#include "unwind/exidx.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = size < 64 ? size : 64;
	struct exidx x = {
		.index = xmemdup(data, n), .index_size = n, .index_addr = 0x1000,
		.table = xmemdup(data + n, size - n), .table_size = size - n, .table_addr = 0x1040,
	};
	struct cfi_row row;
	uint64_t lo, hi;

	exidx_table_bounds(&x, &lo, &hi);
	for (uint64_t pc = 0; pc < 0x3000; pc += 52) {
		if (exidx_row(&x, pc, 0x2800, &row))
			continue;
		if (row.n_rules > 16 || row.pc < row.func_lo || row.pc >= row.func_hi)
			abort();
	}
	free((void *)x.index);
	free((void *)x.table);
	return 0;
}
