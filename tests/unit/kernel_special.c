// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions whose code is the same: do their entries in special sections tell that one has changed? */
#include <stdlib.h>
#include <unistd.h>

#include "kernel/special.h"
#include "tap.h"
#include "../lib/compile.h"

/* A place that boot writes the value of @var to, as the kernel's runtime_const_ptr() makes it. */
#define FUNC(name, var)                                                                   \
	"int " name "(int a)\n{\n"                                                        \
	"	asm volatile(\"1:\\n.pushsection runtime_ptr_" var ",\\\"a\\\"\\n\"\n"    \
	"		     \".long 1b - .\\n.popsection\");\n"                          \
	"	return a + 1;\n}\n"

/* The same with a second place. */
#define FUNC2(name, var, more)                                                            \
	"int " name "(int a)\n{\n"                                                        \
	"	asm volatile(\"1:\\n.pushsection runtime_ptr_" var ",\\\"a\\\"\\n\"\n"    \
	"		     \".long 1b - .\\n.popsection\\n\"\n"                        \
	"		     \"2:\\n.pushsection runtime_ptr_" more ",\\\"a\\\"\\n\"\n"   \
	"		     \".long 2b - .\\n.popsection\");\n"                          \
	"	return a + 1;\n}\n"

static enum diff_status status_of(const struct diff_unit *u, const char *name)
{
	for (size_t i = 0; i < u->n_funcs; i++)
		if (!strcmp(u->funcs[i].name, name))
			return u->funcs[i].status;
	return DIFF_NEW;
}

/* Sections stand in the order in which something is put into each first. */
static void test_order(const char *dir)
{
	struct diff_opts opts = {.source = "a.c", .section_role = special_diff_role};
	struct sut_err err = {0};
	struct elf_obj *a = compile_text(dir, FUNC2("stays", "table", "limit"), "-g -ffunction-sections -fno-toplevel-reorder");
	struct elf_obj *b = compile_text(dir, FUNC("first", "limit") FUNC2("stays", "table", "limit"),
					 "-g -ffunction-sections -fno-toplevel-reorder");
	struct diff_unit *u = a && b ? diff_unit_compare(a, b, &opts, &err) : NULL;

	if (!tap_ok(u != NULL, "two objects are compared"))
		return;
	special_compare(u, "a.c", &err);
	tap_ok(status_of(u, "stays") == DIFF_UNCHANGED, "sections in another order change nothing");
	diff_unit_free(u);
	elf_obj_free(a);
	elf_obj_free(b);
	sut_err_free(&err);
}

int main(void)
{
	char dir[] = "/tmp/kernel_special.XXXXXX";
	struct diff_opts opts = {.source = "a.c", .section_role = special_diff_role};
	struct sut_err err = {0};
	struct elf_obj *a, *b;
	struct diff_unit *u;

	if (!tap_ok(mkdtemp(dir) != NULL, "a temporary folder"))
		return tap_done();
	a = compile_text(dir, FUNC("stays", "table") FUNC("other", "table"), "-g -ffunction-sections");
	b = compile_text(dir, FUNC("stays", "table") FUNC("other", "limit"), "-g -ffunction-sections");
	test_order(dir);
	rmdir(dir);
	u = a && b ? diff_unit_compare(a, b, &opts, &err) : NULL;
	if (!tap_ok(u != NULL, "two objects are compared"))
		return tap_done();
	tap_ok(status_of(u, "other") == DIFF_UNCHANGED, "by their code alone they are equal");
	tap_ok(!special_compare(u, "a.c", &err) && !err.n, "their sections are known");
	tap_ok(status_of(u, "stays") == DIFF_UNCHANGED, "a function with the same entry is unchanged");
	tap_ok(status_of(u, "other") == DIFF_CHANGED, "one with an entry for another variable has changed");
	diff_unit_free(u);
	elf_obj_free(a);
	elf_obj_free(b);
	sut_err_free(&err);
	return tap_done();
}
