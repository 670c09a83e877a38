// SPDX-License-Identifier: GPL-2.0-or-later
/* Records of the function tracer: in a function, before it, and none. */
#include <stdlib.h>
#include <unistd.h>

#include "kernel/refuse.h"
#include "tap.h"
#include "../lib/compile.h"

static const char source[] = "int v;\n"
			     "__attribute__((patchable_function_entry(4, 0))) int in(int a)\n{\n\treturn a + v;\n}\n"
			     "__attribute__((patchable_function_entry(0, 0))) int none(int a)\n{\n\treturn a * v;\n}\n"
			     "__attribute__((patchable_function_entry(12, 8))) int before(int a)\n{\n\treturn a - v;\n}\n"
			     "__attribute__((patchable_function_entry(0, 0))) int last(int a)\n{\n\treturn a ^ v;\n}\n";

static bool traced(const struct elf_obj *o, const char *name)
{
	for (size_t i = 1; i < o->n_syms; i++)
		if (!strcmp(o->syms[i].name, name))
			return has_site(o, &o->syms[i]);
	return false;
}

static void check(const char *dir, const char *flags, const char *how)
{
	struct elf_obj *o = compile_text(dir, source, flags);

	if (!tap_ok(o != NULL, "an object, %s", how))
		return;
	tap_ok(traced(o, "in"), "a record in the function");
	tap_ok(traced(o, "before"), "a record before the function");
	tap_ok(!traced(o, "none"), "none, and that of the next function is not its own");
	tap_ok(!traced(o, "last"), "none, and that of the one before is not its own");
	elf_obj_free(o);
}

int main(void)
{
	char dir[] = "/tmp/kernel_site.XXXXXX";

	if (!tap_ok(mkdtemp(dir) != NULL, "a temporary folder"))
		return tap_done();
	/* As for functions with a section attribute. */
	check(dir, "-fno-toplevel-reorder", "with one section for all");
	check(dir, "-ffunction-sections", "with a section for each function");
	rmdir(dir);
	return tap_done();
}
