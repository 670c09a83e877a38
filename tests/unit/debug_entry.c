// SPDX-License-Identifier: GPL-2.0-or-later
/* A function whose debug information begins behind its symbol, as of GCC for arm64 with places for a tracer. */
#include <stdlib.h>
#include <unistd.h>

#include "build/diff/debug.h"
#include "tap.h"
#include "../lib/compile.h"

enum { NOPS = 8 };

static const char source[] = "int v;\n"
			     "__attribute__((aligned(64))) int before(int a)\n{\n\treturn a * v;\n}\n"
			     "__attribute__((aligned(64))) int traced(int a)\n{\n\treturn a + v;\n}\n"
			     "__attribute__((aligned(64))) int traced_too(int a)\n{\n\treturn a - v;\n}\n"
			     "__attribute__((aligned(64))) static int named(int a)\n{\n\treturn a ^ v;\n}\n"
			     "int init(int a) __attribute__((alias(\"named\")));\n";

static struct elf_sym *symbol(const struct elf_obj *o, const char *name)
{
	for (size_t i = 1; i < o->n_syms; i++)
		if (!strcmp(o->syms[i].name, name))
			return &o->syms[i];
	return NULL;
}

static bool is_told(const struct dbg *d, const struct elf_sym *y)
{
	const struct dbg_func *f = dbg_func_at(d, y->shndx, y->value);

	return f && !strcmp(f->name, y->name);
}

int main(void)
{
	char dir[] = "/tmp/debug_entry.XXXXXX";
	struct elf_sym *before, *traced, *too, *named, *init;
	struct elf_obj *o;
	struct dbg *d;

	if (!tap_ok(mkdtemp(dir) != NULL, "a temporary folder"))
		return tap_done();
	o = compile_text(dir, source, "-g -fno-toplevel-reorder");
	rmdir(dir);
	if (!tap_ok(o != NULL, "an object"))
		return tap_done();
	before = symbol(o, "before");
	traced = symbol(o, "traced");
	too = symbol(o, "traced_too");
	traced->value -= NOPS;
	traced->size += NOPS;
	too->value += NOPS;
	named = symbol(o, "named");
	init = symbol(o, "init");
	named->value = init->value -= NOPS;
	named->size = init->size += NOPS;
	d = dbg_read(o);
	tap_ok(is_told(d, before), "a function whose information begins with it is told");
	tap_ok(is_told(d, traced), "one whose information begins behind it, too");
	tap_ok(!is_told(d, too), "but none whose information begins before it");
	tap_ok(is_told(d, named), "one that has another name as well");
	dbg_free(d);
	elf_obj_free(o);
	return tap_done();
}
