// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of a module tell whether matched code refers to what its source says: also at odd addresses, on arm. */
#include <stdlib.h>
#include <unistd.h>

#include "build/proofs.h"
#include "kernel/names.h"
#include "kernel/layout.h"
#include "target/target.h"
#include "tap.h"

/* Another unit of the module, which has one byte in front of these, brings them to odd addresses and even ones. */
static const char source[] = "#define ONCE __attribute__((section(\".data.once\")))\n"
			     "#ifdef PAD\nchar pad ONCE = 9;\n#else\n"
			     "char even ONCE = 1, odd ONCE = 2, other ONCE = 3;\n"
			     "int get_even(int a)\n{\n\treturn even++ * a;\n}\n"
			     "int get_odd(int a)\n{\n\treturn odd++ - a;\n}\n"
			     "int call(int a)\n{\n\treturn get_odd(a) ^ get_even(a + 3);\n}\n"
			     "int (*take(void))(int)\n{\n\treturn get_odd;\n}\n#endif\n";

/* How many of the functions stay found where @module has the names that are in @unit, or others. */
static size_t kept(const char *module, const char *unit, size_t *ret_n)
{
	struct sut_err err = {0};
	struct kimage *k = kimage_open_module(module, &err);
	struct elf_obj *o = target_obj_open(unit, &err);
	struct elf_obj *e = k ? target_obj_open_mem("module", xmemdup(k->elf, k->elf_size), k->elf_size, &err) : NULL;
	struct prove_object *po = e ? prove_object_from(e, &err) : NULL;
	struct prove_unit *pu = NULL;
	struct ref **refs = NULL;
	size_t n = 0;

	*ret_n = 0;
	if (po && o) {
		prove_object_use_names(po);
		refs = proof_refs(o, po->target);
		pu = prove_unit_run(po, o, refs);
		*ret_n = pu->n_funcs;
		names_check(k, pu);
		for (size_t i = 0; i < pu->n_funcs; i++)
			if (pu->funcs[i].state == PROVE_FOUND)
				n++;
			else
				printf("# not %s (%zu places)\n", o->syms[pu->funcs[i].sym].name, pu->funcs[i].n_cands);
		prove_unit_free(pu);
		proof_refs_free(o, refs);
	}
	for (size_t i = 0; i < err.n; i++)
		printf("# %s: %s\n", err.v[i].subject, err.v[i].cause);
	prove_object_free(po);
	elf_obj_free(o);
	kimage_free(k);
	sut_err_free(&err);
	return n;
}

static void with(const char *cc, const char *flags)
{
	char dir[] = "/tmp/kernel_names.XXXXXX", *c, *m, *u, *cmd;
	size_t n, k;

	if (!mkdtemp(dir)) {
		tap_ok(false, "a temporary folder");
		return;
	}
	c = path_join(dir, "a.c");
	m = path_join(dir, "m.ko");
	u = path_join(dir, "u.o");
	/* A function of the other module uses another variable. */
	cmd = xasprintf("cd %s && CC='%s %s' && $CC -DPAD -c a.c -o pad.o && $CC -ffunction-sections -c a.c -o u.o && "
			"sed 's/return odd/return other/' a.c >b.c && $CC -c a.c -o a.o && $CC -c b.c -o b.o && "
			"%.*sld -r pad.o a.o -o m.ko && %.*sld -r pad.o b.o -o n.ko", dir, cc, flags,
			(int)strlen(cc) - 3, cc, (int)strlen(cc) - 3, cc);
	if (tap_ok(!write_file(c, source, sizeof(source) - 1) &&
		   !run_command((char *[]){"sh", "-c", cmd, NULL}, &(struct run_opts){0}), "compile with %s %s", cc, flags)) {
		k = kept(m, u, &n);
		tap_ok(n == 4 && k == n, "%zu of %zu functions refer to what they name", k, n);
		m[strlen(m) - 4] = 'n';
		k = kept(m, u, &n);
		tap_ok(n == 4 && k < n, "%zu of %zu where a name is elsewhere", k, n);
	}
	free(cmd);
	cmd = xasprintf("rm -r %s", dir);
	run_command((char *[]){"sh", "-c", cmd, NULL}, &(struct run_opts){0});
	free(cmd);
	free(c);
	free(m);
	free(u);
}

int main(void)
{
	with("x86_64-linux-gnu-gcc", "-O2 -fno-pie -mcmodel=kernel");
	with("aarch64-linux-gnu-gcc", "-O2 -fno-pie");
	with("arm-linux-gnueabihf-gcc", "-O2 -fno-pie -marm");
	return tap_done();
}
