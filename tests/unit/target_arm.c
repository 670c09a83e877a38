// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The arm target: what it encodes, its own decoder and the real linker understand; and every function
 * of units compiled with real flags is proved in the program that the real compiler made of them.
 */
#include "build/proofs.h"
#include "elf/dynamic.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define T (&target_arm)
#define CC "arm-linux-gnueabihf-gcc"

static char dir[] = "/tmp/suture-arm-XXXXXX";

static void jumps(void)
{
	static const struct {
		uint64_t from, to;
		bool fits;
	} v[] = {
		{0x10001, 0x20001, true}, {0x20001, 0x10001, true}, {0x10003, 0x10009, true},
		{0x1000003, 0x2000005, true}, {0x2000001, 0x1000005, true},
		{0x10001, 0x1020001, false}, {0x10000, 0x20000, true}, {0x2000000, 0x8, true},
		{0x10000, 0x2010008, false}, {0x10000, 0x20001, false}, {0x10001, 0x20000, false},
	};
	struct target_dis *dis = target_dis_open(T);
	unsigned int bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		uint8_t out[TARGET_MAX_JUMP];
		struct insn in;

		if ((T->encode_jump(v[i].from, v[i].to, NULL, 4, out) == 4) != v[i].fits) {
			bad++;
			continue;
		}
		dis->isa = v[i].from & 1;
		if (v[i].fits && (T->decode(dis, out, 4, v[i].from & ~1ULL, &in) < 0 ||
				  in.kind != INSN_JUMP || in.target != v[i].to))
			bad++;
	}
	target_dis_close(dis);
	tap_ok(!bad, "jumps lead where they should, or are refused (%u bad)", bad);
}

/* Read back by what sees through a linker's own far jumps. */
static void far_jumps(void)
{
	static const uint64_t at[] = {0x10000, 0x10001}, to[] = {0xb0000000, 0xb0000003};
	uint8_t out[TARGET_MAX_JUMP];
	unsigned int bad = 0;

	for (size_t i = 0; i < 4; i++) {
		size_t n = T->encode_far(at[i & 1], to[i >> 1], out);

		bad += n != 8 || T->follow(at[i & 1], out, n) != to[i >> 1];
	}
	tap_ok(!bad, "a far jump from and to both instruction sets");
}

/* Fields: what is applied is taken back as the addend by the decoder. */
static void fields(void)
{
	uint8_t call[4] = {0x00, 0xf0, 0x00, 0xd0}, p[4] = {0};
	struct target_dis *dis = target_dis_open(T);
	struct insn in;

	dis->isa = 1;
	tap_ok(!T->apply_rel(R_ARM_THM_PC22, call, 0x1002, 0x2001 - 4, 0) &&
		       !T->decode(dis, call, 4, 0x1002, &in) && in.target == 0x2001,
	       "bl to Thumb code");
	tap_ok(!T->apply_rel(R_ARM_THM_PC22, call, 0x1002, 0x2000 - 4, 0) &&
		       !T->decode(dis, call, 4, 0x1002, &in) && in.target == 0x2000,
	       "bl becomes blx to A32 code");
	tap_ok(T->apply_rel(R_ARM_THM_JUMP24, call, 0x1002, 0x2000 - 4, 0) < 0,
	       "b.w does not change the instruction set");
	dis->isa = 0;
	memcpy(p, "\x00\x00\x00\xeb", 4);
	tap_ok(!T->apply_rel(R_ARM_CALL, p, 0x1000, 0x2003 - 8, 0) &&
		       !T->decode(dis, p, 4, 0x1000, &in) && in.target == 0x2003,
	       "A32 bl becomes blx to Thumb code");
	tap_ok(T->apply_rel(R_ARM_JUMP24, p, 0x1000, 0x2003 - 8, 0) < 0, "A32 b does not");
	target_dis_close(dis);
}

static bool run(const char *fmt, ...)
{
	va_list ap;
	char *cmd;
	bool good;

	va_start(ap, fmt);
	if (vasprintf(&cmd, fmt, ap) < 0)
		abort();
	va_end(ap);
	good = system(cmd) == 0;
	free(cmd);
	return good;
}

static const char source[] =
	"#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
	"static int counter; int glob; extern int ext; static __thread int tl;\n"
	"extern __thread int etl; __thread int gtl = 3;\n"
	"static const char *names[] = {\"a\", \"b\"};\n"
	"extern int other(int);\n"
	"static int __attribute__((noinline)) st(int x) { counter += x; return counter; }\n"
	"int f(int a) { tl += a; etl += a; gtl++; glob += st(a); ext++;\n"
	"	printf(\"hi %d %s\\n\", glob, names[a & 1]); return other(a); }\n"
	"int sw(int a) { switch (a) { case 0: return glob; case 1: return ext + f(1);\n"
	"	case 2: return other(9); case 3: return st(1); case 4: return 77;\n"
	"	case 5: puts(\"x\"); return 0; case 6: return abs(a) + f(2); } return -1; }\n"
	"double d(double x) { return x * 3.14159 + 1.0e10; }\n"
	"int (*fp)(int) = f; static int (*table[])(int) = {f, sw, st};\n"
	"void *gp(void) { return fp == f ? (void *)st : (void *)other; }\n"
	"int call(int i) { return table[i](i); }\n"
	"long long div64(long long a, long long b) { return a / b + glob; }\n"
	"struct big { int v[20]; }; struct big ret(int x) { struct big b; memset(&b, x, sizeof b); return b; }\n"
	"int loop(const char *s) { int n = 0; while (*s) { if (*s == 'x' || strchr(\"abc\", *s)) n += ext;\n"
	"	s++; } return n; }\n"
	"float many(float a, double b, int c, long long e, int g, int h) { return a + b + c + e + g + h; }\n"
	"int jump(int a) { static void *const l[] = {&&x, &&y, &&z}; goto *l[a]; x: return 1; y: a += ext;\n"
	"	z: return a; }\n";
static const char others[] =
	"#include <stdio.h>\nint ext = 5; __thread int etl = 7; int other(int a) { return a * 3 + printf(\"%d\", a); }\n"
	"int f(int); int sw(int); double d(double); void *gp(void); int call(int); int loop(const char *);\n"
	"long long div64(long long, long long); struct big { int v[20]; }; struct big ret(int);\n"
	"float many(float, double, int, long long, int, int); int jump(int);\n"
	"int main(void) { return sw(1) + f(2) + call(1) + loop(\"x\") + (int)d(2) + (gp() != 0) + jump(2) +\n"
	"	(int)div64(4, 2) + ret(1).v[3] + (int)many(1, 2, 3, 4, 5, 6); }\n";

static const struct elf_sym *named(const struct elf_obj *o, const char *name)
{
	for (size_t i = 1; i < o->n_syms; i++)
		if (o->syms[i].shndx != SHN_UNDEF && !strcmp(o->syms[i].name, name))
			return &o->syms[i];
	return NULL;
}

/* Proves unit.c in a stripped program; the symbols of the whole one say whether that is right. */
static void prove(const char *cflags, const char *ldflags, bool library)
{
	struct sut_err err = {0};
	struct prove_object *po;
	struct elf_obj *whole, *unit;
	struct prove_unit *pu;
	struct ref **refs;
	size_t wrong = 0, missing = 0, facts = 0;
	char *path[3];

	if (!run("cd %s && " CC " %s -c unit.c -o whole.o && " CC " %s -c rest.c && "
		 CC " %s %s whole.o rest.o -o whole && arm-linux-gnueabihf-strip whole -o stripped && "
		 CC " %s -ffunction-sections -c unit.c", dir, cflags, cflags, library ? "-shared" : "",
		 ldflags, cflags)) {
		tap_ok(false, "%s %s compiles", cflags, ldflags);
		return;
	}
	path[0] = path_join(dir, "stripped");
	path[1] = path_join(dir, "whole");
	path[2] = path_join(dir, "unit.o");
	po = prove_object_open(path[0], &err);
	whole = target_obj_open(path[1], &err);
	unit = target_obj_open(path[2], &err);
	if (!po || !whole || !unit) {
		tap_ok(false, "%s %s is read", cflags, ldflags);
		return;
	}
	refs = proof_refs(unit, T);
	pu = prove_unit_run(po, unit, refs);
	for (size_t i = 0; i < pu->n_funcs; i++) {
		const char *name = unit->syms[pu->funcs[i].sym].name;
		const struct match *m = prove_match(pu, pu->funcs[i].sym);
		const struct elf_sym *y = named(whole, name);

		if (!m)
			printf("# %s: %s, %zu candidates\n", name,
			       pu->funcs[i].is_code ? "not found" : "no code", pu->funcs[i].n_cands);
		missing += !m;
		if (m && y && (y->value != m->addr || y->isa != pu->funcs[i].mf.isa)) {
			printf("# %s: 0x%llx is 0x%llx\n", name, (unsigned long long)m->addr,
			       (unsigned long long)y->value);
			wrong++;
		}
	}
	for (size_t i = 1; i < unit->n_syms; i++) {
		const struct elf_sym *u = &unit->syms[i], *y = named(whole, u->name);
		bool data = u->type == STT_OBJECT || u->type == STT_FUNC;

		if (!*u->name || !y || !data || !pu->facts[i].has_addr)
			continue;
		facts++;
		if (pu->facts[i].addr != (y->value | y->isa)) {
			printf("# %s: 0x%llx is 0x%llx\n", u->name,
			       (unsigned long long)pu->facts[i].addr,
			       (unsigned long long)(y->value | y->isa));
			wrong++;
		}
	}
	tap_ok(!missing && !wrong && facts > 10, "%s %s: %zu of %zu functions, %zu facts", cflags, ldflags,
	       pu->n_found, pu->n_funcs, facts);
	prove_unit_free(pu);
	proof_refs_free(unit, refs);
	elf_obj_free(unit);
	elf_obj_free(whole);
	prove_object_free(po);
	for (int i = 0; i < 3; i++)
		free(path[i]);
	sut_err_free(&err);
}

static void write_source(const char *name, const char *text)
{
	char *p = path_join(dir, name);
	FILE *f = fopen(p, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
	free(p);
}

int main(void)
{
	static const char *const levels[] = {"-O0", "-O1", "-O2", "-O3", "-Os"};

	jumps();
	far_jumps();
	fields();
	if (!run("command -v " CC " >/dev/null")) {
		tap_ok(true, "no cross compiler # SKIP " CC " is not installed");
		return tap_done();
	}
	if (!mkdtemp(dir))
		abort();
	write_source("unit.c", source);
	write_source("rest.c", others);
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		char flags[64];

		snprintf(flags, sizeof(flags), "%s -w", levels[i]);
		prove(flags, "", false);
		snprintf(flags, sizeof(flags), "%s -w -marm", levels[i]);
		prove(flags, "", false);
		snprintf(flags, sizeof(flags), "%s -w -fno-pie", levels[i]);
		prove(flags, "-no-pie", false);
		snprintf(flags, sizeof(flags), "%s -w -fPIC", levels[i]);
		prove(flags, "", true);
	}
	prove("-O2 -w -marm -fno-pie", "-no-pie -static", false);
	prove("-O2 -w -marm -fPIC", "", true);
	prove("-O2 -w -pg", "", false);
	prove("-O2 -w -fpatchable-function-entry=4", "", false);
	run("rm -rf %s", dir);
	return tap_done();
}
