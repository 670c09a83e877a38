/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A target against its own compiler and linker: every function of a unit must be found in the linked
 * and stripped program at the place that the linker's symbol table named, whatever the linker rewrote
 * on the way.
 */
#ifndef SUTURE_TESTS_LINKED_H
#define SUTURE_TESTS_LINKED_H

#include "build/proofs.h"
#include "build/prove.h"
#include "elf/dynamic.h"
#include "tap.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

/* Functions of the unit that one target alone has questions about. */
#ifndef LINKED_MORE
#define LINKED_MORE ""
#endif

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
	"long long ld8; long long get8(void) { return ld8++; } short s2; int gets2(void) { return s2++; }\n"
	/* Loops near the entry, on which padding before the loop depends on where the function lies. */
	"#define L(n) int q##n(int a, int b) { return (a * n + b) ^ (b << n) ^ (a - n); }\\\n"
	" unsigned lp##n(unsigned c, unsigned x) { for (;;) { x ^= x >> 3; x += 0xc1e0d9##n; if (!c--) return x; } }\n"
	"L(1) L(2) L(3) L(4) L(5) L(6)\n"
	/* Tables of distances among code, which padding changes. */
	"#define T(n) int r##n(int a) { return a * n; } unsigned tb##n(int i, unsigned c, unsigned x) {\\\n"
	" switch (i) { case 0: x += 7; break; case 1: do x ^= x >> (c & 15); while (c--); break;\\\n"
	" case 2: x *= 77; break; case 3: x = extf(c); break; case 4: while (x > c) x /= c + 2; break;\\\n"
	" case 5: x ^= 5; break; case 6: while (x) x = extf(x) - 1; } return x * n; }\n"
	"T(3) T(5) T(6) T(9)\n"
	/* Its code is the same where two of its cases change places. */
	"#ifndef CASE_P\n#define CASE_P 1\n#define CASE_Q 2\n#endif\n"
	"int swapped(int i, int x) { switch (i) { case 0: return extf(x); case CASE_P: return x * 77;\n"
	" case CASE_Q: return extf(x) ^ 5; case 3: return x / 9; case 4: return extf(x + 4); case 5: return x % 11;\n"
	" default: return 0; } }\n"
	/* The second half of a constant that stands once in the program, and before another one there. */
	"#ifdef __aarch64__\n"
	"asm(\".section .rodata.cst16,\\\"aM\\\",%progbits,16\\n.balign 16\\n.quad 7, 8\\n.quad 9, 10\\n.Ltwice: .quad 7, 8\\n\"\n"
	"\".quad 11, 12\\n.text\\n.global half\\n.type half, %function\\nhalf: .cfi_startproc\\nadrp x1, .Ltwice+8\\n\"\n"
	"\"mov x0, #77\\nldr x1, [x1, :lo12:.Ltwice+8]\\nadd x0, x0, x1\\nret\\n.cfi_endproc\\n.size half, .-half\");\n"
	"#endif\n"
	LINKED_MORE;
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

static const struct elf_sym *sym_at(const struct elf_obj *o, const char *name)
{
	for (size_t i = 1; i < o->n_syms && *name; i++)
		if (!strcmp(o->syms[i].name, name) && o->syms[i].shndx != SHN_UNDEF &&
		    (o->syms[i].type == STT_FUNC || o->syms[i].type == STT_OBJECT))
			return &o->syms[i];
	return NULL;
}

/* How many functions are not found where they are. */
static size_t misplaced_functions(const struct prove_unit *pu, const struct elf_obj *o,
				  const struct elf_obj *whole)
{
	size_t bad = 0;

	for (size_t i = 0; i < pu->n_funcs; i++) {
		const char *name = o->syms[pu->funcs[i].sym].name;
		const struct match *m = prove_match(pu, pu->funcs[i].sym);
		const struct elf_sym *y = sym_at(whole, name);

		if (m && y && m->addr == y->value && pu->funcs[i].mf.isa == y->isa)
			continue;
		bad++;
		printf("# %s: state %d, %zu places, first 0x%llx, is at 0x%llx\n", name, pu->funcs[i].state,
		       pu->funcs[i].n_cands,
		       pu->funcs[i].n_cands ? (unsigned long long)pu->funcs[i].cands[0].addr : 0,
		       y ? (unsigned long long)y->value : 0);
	}
	return bad;
}

/* The same for what the code refers to; *@facts: of how many. */
static size_t misplaced_facts(const struct prove_unit *pu, const struct elf_obj *o,
			      const struct elf_obj *whole, size_t *facts)
{
	size_t bad = 0;

	*facts = 0;
	for (uint32_t s = 1; s < o->n_syms; s++) {
		const struct elf_sym *y = sym_at(whole, o->syms[s].name);

		/* A function's address may be that of its linkage stub. */
		if (!y || !pu->facts[s].has_addr || o->syms[s].type != STT_OBJECT)
			continue;
		++*facts;
		if (pu->facts[s].addr == y->value)
			continue;
		bad++;
		printf("# %s: 0x%llx, is at 0x%llx\n", o->syms[s].name,
		       (unsigned long long)pu->facts[s].addr, (unsigned long long)y->value);
	}
	return bad;
}

/* The program that is linked, and a unit in which two cases of a switch changed places. */
static void prove_swapped(const char *cc, const char *dir, const char *flags)
{
	struct sut_err err = {0};
	struct prove_object *po;
	struct prove_unit *pu;
	struct elf_obj *o;
	struct ref **refs;
	const struct match *m;
	char path[300];

	if (!tap_ok(run(dir, "%s %s -DCASE_P=2 -DCASE_Q=1 -ffunction-sections -c a.c -o a.o", cc, flags), "compile it again"))
		return;
	snprintf(path, sizeof(path), "%s/stripped", dir);
	po = prove_object_open(path, &err);
	snprintf(path, sizeof(path), "%s/a.o", dir);
	o = target_obj_open(path, &err);
	refs = proof_refs(o, po->target);
	pu = prove_unit_run(po, o, refs);
	m = prove_match(pu, sym_at(o, "swapped")->idx);
	/* A small neighbour may not be told without it. */
	tap_ok(!m && pu->n_found + 2 >= pu->n_funcs, "%zu of %zu functions are found, and not one whose cases "
	       "changed places", pu->n_found, pu->n_funcs);
	prove_unit_free(pu);
	proof_refs_free(o, refs);
	elf_obj_free(o);
	prove_object_free(po);
	sut_err_free(&err);
}

/* Slots for what another object has, of which it is not known what that is. */
static size_t nameless_slots(const struct prove_object *po)
{
	size_t bad = 0;

	for (size_t i = 0; i < po->dyn->n_rels; i++) {
		const struct dyn_rel *d = &po->dyn->rels[i];

		bad += (d->type == po->target->rel_jump_slot || d->type == po->target->rel_glob_dat) &&
		       !*po->dyn->syms[d->sym].name;
	}
	return bad;
}

/* Compiles, links and proves; @cc is the compiler, TRIPLET-gcc. */
static void prove_linked(const char *cc, const char *dir, const char *flags, const char *ldflags)
{
	int prefix = (int)(strrchr(cc, '-') + 1 - cc);
	struct sut_err err = {0};
	struct prove_object *po;
	struct prove_unit *pu;
	struct elf_obj *o, *whole;
	struct ref **refs;
	char path[300];
	size_t bad, facts, wrong;

	if (!tap_ok(run(dir, "%s %s -c a.c -o prog_a.o && %s %s -c b.c -o prog_b.o && "
			"%s %s prog_a.o prog_b.o -o prog && %.*sstrip prog -o stripped && "
			"%s %s -ffunction-sections -c a.c -o a.o",
			cc, flags, cc, flags, cc, ldflags, prefix, cc, cc, flags),
		    "compile with %s, link with %s", flags, ldflags))
		return;
	snprintf(path, sizeof(path), "%s/stripped", dir);
	po = prove_object_open(path, &err);
	snprintf(path, sizeof(path), "%s/prog", dir);
	whole = target_obj_open(path, &err);
	snprintf(path, sizeof(path), "%s/a.o", dir);
	o = target_obj_open(path, &err);
	if (!tap_ok(po && whole && o, "all can be read"))
		return;
	tap_ok(!nameless_slots(po), "all imports have their names");
	refs = proof_refs(o, po->target);
	pu = prove_unit_run(po, o, refs);
	bad = misplaced_functions(pu, o, whole);
	tap_ok(!bad, "all %zu functions are found where they are (%s)", pu->n_funcs, flags);
	wrong = misplaced_facts(pu, o, whole, &facts);
	tap_ok(!wrong && facts >= 3, "%zu variables are found where they are", facts);
	prove_unit_free(pu);
	proof_refs_free(o, refs);
	elf_obj_free(o);
	elf_obj_free(whole);
	prove_object_free(po);
	sut_err_free(&err);
	prove_swapped(cc, dir, flags);
}

/* A folder with the two units; NULL where @cc is not there, which is said. */
static char *linked_begin(const char *cc)
{
	static char dir[] = "/tmp/suture-linked-XXXXXX";
	char path[300], cmd[300];

	snprintf(cmd, sizeof(cmd), "%s --version >/dev/null 2>&1", cc);
	if (system(cmd)) {
		printf("1..0 # SKIP no %s\n", cc);
		return NULL;
	}
	if (!mkdtemp(dir))
		exit(1);
	snprintf(path, sizeof(path), "%s/a.c", dir);
	write_file(path, unit_a, strlen(unit_a));
	snprintf(path, sizeof(path), "%s/b.c", dir);
	write_file(path, unit_b, strlen(unit_b));
	return dir;
}

static int linked_end(const char *dir)
{
	if (!getenv("KEEP"))
		run("/tmp", "rm -rf %s", dir);
	return tap_done();
}

#endif
