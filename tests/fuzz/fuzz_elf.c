// SPDX-License-Identifier: GPL-2.0-or-later
/* Objects and programs from anybody: reading one ends in an object or in a reason, never in a crash. */
#include "build/diff/diff.h"
#include "elf/dynamic.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sut_err err = {0};
	uint8_t *copy = xmalloc(size + 1);
	struct object_dyn *dyn;
	struct elf_obj *o;

	memcpy(copy, data, size);
	copy[size] = 0;
	o = elf_obj_open_mem("fuzz", copy, size, &err);
	if (o) {
		dyn = object_dyn_read(o, &err);
		object_dyn_free(dyn);
		free(elf_obj_soname(o));
		if (target_find(o->machine)) {
			struct target_dis *dis = target_dis_open(target_find(o->machine));
			uint8_t *want = xcalloc(o->n_secs + 1, 1);
			struct ref **refs;

			memset(want, 1, o->n_secs);
			refs = refs_of_object(o, want, dis);
			for (size_t i = 0; i < o->n_secs; i++)
				free(refs[i]);
			free(refs);
			free(want);
			target_dis_close(dis);
		}
	}
	elf_obj_free(o);
	sut_err_free(&err);
	return 0;
}
