// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer entry for the reader of patch files. The input is sealed first, else the digest would
 * stop the fuzzer at the door. What is accepted must be canonical.
 */
#include "patch/format.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sut_err err = {0};
	uint8_t *copy = xmemdup(data, n), *again;
	struct patch *p;
	size_t m;

	patch_seal(copy, n);
	p = patch_decode("fuzz", copy, n, &err);
	if (p) {
		if (patch_encode(p, &again, &m, &err) < 0 || m != n || memcmp(again, copy, n))
			abort();
		free(again);
	}
	patch_free(p);
	sut_err_free(&err);
	free(copy);
	return 0;
}
