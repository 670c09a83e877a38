// SPDX-License-Identifier: GPL-2.0-or-later
/* An ELF file cut off at any place is an error, never a file with less in it. */
#include "elf/elfobj.h"
#include "tap.h"

#include <stdlib.h>

int main(void)
{
	struct sut_err err = {0};
	size_t size, opened = 0, cut = 0, unnamed = 0;
	struct elf_obj *o;
	uint8_t *data;

	if (read_file("/proc/self/exe", &data, &size) < 0)
		return 1;
	o = elf_obj_open_mem("whole", xmemdup(data, size), size, &err);
	tap_ok(o && o->n_secs > 1, "the whole file is read");
	elf_obj_free(o);
	for (size_t n = 0; n < size; n += n < 4096 ? 61 : size / 97) {
		o = elf_obj_open_mem("cut", xmemdup(data, n ? n : 1), n, &err);
		opened += o != NULL;
		unnamed += !o && (!err.n || !err.v[err.n - 1].cause || !*err.v[err.n - 1].cause);
		elf_obj_free(o);
		cut++;
	}
	tap_ok(cut > 100, "%zu pieces", cut);
	tap_eq_u64(opened, 0, "none of them is taken for a file");
	tap_eq_u64(unnamed, 0, "each has a reason");
	sut_err_free(&err);
	free(data);
	return tap_done();
}
