// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as an SFrame section: every pc near its functions is looked up, for both architectures. */
#include "unwind/sframe.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct unw_arch *const archs[] = {&unw_arch_x86_64, &unw_arch_aarch64, &unw_arch_ppc64le};
	uint8_t *p = xmemdup(data, size);
	struct cfi_row row;

	/* Most of the interesting ways begin behind a good head. */
	for (int fix = 0; fix < 2; fix++) {
		if (fix && size >= 28) {
			p[0] = 0xe2;
			p[1] = 0xde;
			p[2] = (uint8_t)(1 + p[2] % 3);
			p[3] &= 7;
			p[4] = (uint8_t)(2 + (p[4] & 1));
		}
		for (size_t a = 0; a < ARRAY_SIZE(archs); a++) {
			sframe_refusal(p, size, archs[a]);
			for (uint64_t pc = 0; pc < 4096; pc += 61) {
				if (sframe_row(p, size, 0x1000, pc + 0x800, archs[a], &row))
					continue;
				if (row.n_rules > UNW_NREGS || row.pc < row.func_lo || row.pc >= row.func_hi)
					abort();
			}
		}
	}
	free(p);
	return 0;
}
