// SPDX-License-Identifier: GPL-2.0-or-later
/* Unified diffs as they come by mail. */
#include "build/hunk.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);
	struct sut_err err = {0};
	struct diff d = {0};

	diff_parse("fuzz", text, &d, &err);
	diff_free(&d);
	sut_err_free(&err);
	free(text);
	return 0;
}
