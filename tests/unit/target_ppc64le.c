// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ppc64le against its own compiler and linker: every function of a unit must be found in the linked
 * program at the place that the linker's symbol table names, whatever the linker rewrote on the way.
 */
#include "build/proofs.h"
#include "build/prove.h"
#include "tap.h"

#include <stdlib.h>
#include <unistd.h>

#define CC "powerpc64le-linux-gnu-gcc"

static const char unit_a[] =
	"#include <stdio.h>\n#include <string.h>\n#include <stdarg.h>\n"
	"extern int ext; extern int arr[]; extern int extf(int); extern __thread int etl;\n"
	"static int st[10], other = 5; int gl = 3; static __thread int tl; __thread int gtl = 2;\n"
	"static __attribute__((noinline)) int leaf(int a) { return a + 5; }\n"
	"int caller(int a, int b, int c, int d) { int r = leaf(a); return r + b * c + d + leaf(b); }\n"
	"int usetoc(int i) { st[i]++; other += i; return ext + gl + st[i + 1] + *(arr + 3); }\n"
	"int calls(int i) { printf(\"x %d\\n\", i); return extf(i) + 1; }\n"
	"int tlsf(int i) { tl += i; gtl += tl; return etl + tl; }\n"
	"int *tlsp(int i) { return i ? &etl : i < 3 ? &gtl : &tl; }\n"
	"int sw(int i) { switch (i) { case 0: return calls(1); case 1: return 7; case 2: return usetoc(2);\n"
	" case 3: return 88; case 4: return calls(9); case 5: return 19; default: return 0; } }\n"
	"int (*fp(int i))(int) { return i ? calls : i > 3 ? extf : leaf; }\n"
	"double fl(double x) { return x * 3.25 + 1.5; }\n"
	"float flf(float x) { return x / 7.5f; }\n"
	"void loop(int *p, int n) { for (int i = 0; i < n; i++) p[i] += leaf(i) * n; }\n"
	"int vara(int n, ...) { va_list ap; int s = 0; va_start(ap, n);\n"
	" while (n--) s += va_arg(ap, int); va_end(ap); return s; }\n"
	"struct big { long v[9]; }; struct big mk(long x) { struct big b = {{x, x + 1}}; return b; }\n"
	"long sumb(struct big b) { return b.v[0] + b.v[8]; }\n"
	"int rec(int n) { return n < 2 ? n : rec(n - 1) + rec(n - 2); }\n"
	"const char *name(int i) { static const char *const t[] = {\"one\", \"two\", \"three\"}; return t[i % 3]; }\n"
	"int tail(int i) { return calls(i + 4); }\n"
	"void *self(void) { return (void *)self; }\n"
	"long long ld8; long long get8(void) { return ld8++; } short s2; int gets2(void) { return s2++; }\n";
static const char unit_b[] =
	"int ext = 4, arr[20000]; __thread int etl = 9; int far_away[200000];\n"
	"int extf(int x) { return x * 3 + far_away[x]; }\n"
	"extern int caller(int, int, int, int), sw(int), usetoc(int); extern int (*fp(int))(int);\n"
	"int main(int c, char **v) { return caller(c, 2, 3, 4) + sw(c) + usetoc(c) + fp(c)(1); }\n";

static bool run(const char *dir, const char *fmt, ...)
{
	char cmd[1024], full[1200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	snprintf(full, sizeof(full), "cd %s && %s", dir, cmd);
	return system(full) == 0;
}

static uint64_t sym_at(const struct elf_obj *o, const char *name)
{
	for (size_t i = 1; i < o->n_syms; i++)
		if (!strcmp(o->syms[i].name, name) && o->syms[i].shndx != SHN_UNDEF &&
		    (o->syms[i].type == STT_FUNC || o->syms[i].type == STT_OBJECT))
			return o->syms[i].value;
	return 0;
}

static void prove(const char *dir, const char *flags, const char *ldflags, bool lib)
{
	struct sut_err err = {0};
	struct prove_object *po;
	struct prove_unit *pu;
	struct elf_obj *o;
	struct ref **refs;
	char path[300];
	size_t bad = 0, facts = 0, wrong = 0;

	if (!tap_ok(run(dir, CC " %s -c a.c -o prog_a.o && " CC " %s -c b.c -o prog_b.o && "
			CC " %s prog_a.o prog_b.o -o prog && " CC " %s -ffunction-sections -c a.c -o a.o",
			flags, flags, ldflags, flags), "compile with %s, link with %s", flags, ldflags))
		return;
	snprintf(path, sizeof(path), "%s/prog", dir);
	po = prove_object_open(path, &err);
	snprintf(path, sizeof(path), "%s/a.o", dir);
	o = elf_obj_open(path, &err);
	if (!tap_ok(po && o, "both can be read"))
		return;
	refs = proof_refs(o, po->target);
	pu = prove_unit_run(po, o, refs);
	for (size_t i = 0; i < pu->n_funcs; i++) {
		const char *name = o->syms[pu->funcs[i].sym].name;
		const struct match *m = prove_match(pu, pu->funcs[i].sym);

		if (m && m->addr == sym_at(po->o, name))
			continue;
		bad++;
		printf("# %s: state %d, %zu places, first 0x%llx, is at 0x%llx\n", name, pu->funcs[i].state,
		       pu->funcs[i].n_cands,
		       pu->funcs[i].n_cands ? (unsigned long long)pu->funcs[i].cands[0].addr : 0,
		       (unsigned long long)sym_at(po->o, name));
	}
	tap_ok(!bad, "all %zu functions are found where they are (%s)", pu->n_funcs, flags);
	for (uint32_t s = 1; s < o->n_syms; s++)
		if (o->syms[s].type == STT_OBJECT && pu->facts[s].has_addr) {
			facts++;
			if (pu->facts[s].addr == sym_at(po->o, o->syms[s].name))
				continue;
			wrong++;
			printf("# %s: 0x%llx, is at 0x%llx\n", o->syms[s].name,
			       (unsigned long long)pu->facts[s].addr,
			       (unsigned long long)sym_at(po->o, o->syms[s].name));
		}
	tap_ok(!wrong && facts >= 3, "%zu variables are found where they are", facts);
	prove_unit_free(pu);
	proof_refs_free(o, refs);
	elf_obj_free(o);
	prove_object_free(po);
	sut_err_free(&err);
}

/* Executed by hand: five instructions for the constant. */
static void far_jump(void)
{
	const struct target *t = &target_ppc64le;
	uint8_t out[TARGET_MAX_JUMP];
	uint32_t w[7];
	uint64_t r12;

	tap_ok(t->encode_far(0x10000000, 0x7fff89abcdef8124, out) == 28, "a far jump");
	memcpy(w, out, sizeof(w));
	r12 = (uint64_t)(int32_t)(w[0] << 16) | (w[1] & 0xffff);
	r12 = r12 << 32 | (uint64_t)(w[3] & 0xffff) << 16 | (w[4] & 0xffff);
	tap_ok(w[0] >> 16 == 0x3d80 && w[1] >> 16 == 0x618c && w[2] == 0x798c07c6 && w[3] >> 16 == 0x658c &&
		       w[4] >> 16 == 0x618c && w[5] == 0x7d8903a6 && w[6] == 0x4e800420,
	       "by r12 and ctr, and r2 is left alone");
	tap_eq_u64(r12, 0x7fff89abcdef8124, "to the whole address");
}

int main(void)
{
	static const struct {
		const char *flags, *ldflags;
		bool lib;
	} v[] = {
		{"-O2", "-pie", false},
		{"-O0", "-pie", false},
		{"-Os", "-pie", false},
		{"-O3", "-pie", false},
		{"-O2 -fno-pie", "-no-pie", false},
		{"-O0 -fno-pie", "-no-pie", false},
		{"-O2 -fno-pie", "-no-pie -static", false},
		{"-O2 -fpatchable-function-entry=2", "-pie", false},
		{"-O2 -mcmodel=small", "-pie", false},
		{"-O2 -mcpu=power9", "-pie", false},
		{"-O2 -fPIC", "-shared", true},
		{"-O2 -fPIC -ftls-model=local-dynamic", "-shared", true},
		{"-O2 -fPIC", "-pie", false},
		{"-O2 -mcpu=power10", "-pie", false},
		{"-O2 -mcpu=power10 -fPIC", "-shared", true},
	};
	char dir[] = "/tmp/suture-ppc64le-XXXXXX";
	char path[300];

	if (system(CC " --version >/dev/null 2>&1")) {
		printf("1..0 # SKIP no " CC "\n");
		return 0;
	}
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/a.c", dir);
	write_file(path, unit_a, strlen(unit_a));
	snprintf(path, sizeof(path), "%s/b.c", dir);
	write_file(path, unit_b, strlen(unit_b));
	far_jump();
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		prove(dir, v[i].flags, v[i].ldflags, v[i].lib);
	if (!getenv("KEEP"))
		run("/tmp", "rm -rf %s", dir);
	return tap_done();
}
