// SPDX-License-Identifier: GPL-2.0-or-later
/* Two compiles of one source that inline differently: what only one of them has inlined is told. */
#include <stdlib.h>
#include <unistd.h>

#include "kernel/inlined.h"
#include "tap.h"
#include "../lib/compile.h"

static const char source[] = "int v;\n"
			     "static int inner(int a)\n{\n\treturn v * a + 3;\n}\n"
			     "static inline __attribute__((always_inline)) int always(int a)\n{\n\treturn a ^ v;\n}\n"
			     "int outer(int a)\n{\n\treturn inner(a) - always(a);\n}\n";

static const struct dbg_func *outer(const struct dbg *d)
{
	for (size_t i = 0; i < d->n_funcs; i++)
		if (!strcmp(d->funcs[i].name, "outer"))
			return &d->funcs[i];
	return NULL;
}

int main(void)
{
	char dir[] = "/tmp/kernel_inlined.XXXXXX";
	struct elf_obj *a, *b;
	struct dbg *da, *db;
	size_t at = 0;
	const char *name;

	if (!tap_ok(mkdtemp(dir) != NULL, "a temporary folder"))
		return tap_done();
	a = compile_text(dir, source, "-g -ffunction-sections");
	b = compile_text(dir, source, "-g -ffunction-sections -fno-inline");
	rmdir(dir);
	if (!tap_ok(a && b, "two objects of one source"))
		return tap_done();
	da = dbg_read(a);
	db = dbg_read(b);
	name = inlined_only_in(outer(da), outer(db), &at);
	tap_ok(name && !strcmp(name, "inner"), "what only the first has inlined");
	tap_ok(!inlined_only_in(outer(da), outer(db), &at), "and nothing else, as both have inlined the other");
	at = 0;
	tap_ok(!inlined_only_in(outer(db), outer(da), &at), "the second has nothing that the first has not");
	dbg_free(da);
	dbg_free(db);
	elf_obj_free(a);
	elf_obj_free(b);
	return tap_done();
}
