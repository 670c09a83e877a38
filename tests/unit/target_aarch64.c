// SPDX-License-Identifier: GPL-2.0-or-later
/* arm64: what is written, and what compilers and linkers made. */
/* One that a script of the linker may put far from all others. */
#define LINKED_MORE \
	"__attribute__((noinline, section(\".far\"))) int faraway(int i) { return i > 7 ? extf(i * 91) ^ 5 : leaf(i); }\n" \
	"int call_far(int i) { return faraway(i) * 5 + faraway(i + 3) + calls(i); }\n"
#include "linked.h"
#include "target/target.h"

#include <elf.h>

static const struct target *t;

static uint32_t at(const uint8_t *p, size_t off)
{
	uint32_t v;

	memcpy(&v, p + off, 4);
	return v;
}

static void shapes(void)
{
	static const struct {
		uint32_t first;
		size_t off, len;
		const char *what;
	} v[] = {
		{0xa9bf7bfd, 0, 4, "stp x29, x30"}, {0xd503245f, 4, 4, "bti c"},
		{0xd50324df, 4, 4, "bti jc"},	    {0xd503249f, 4, 4, "bti j"},
		{0xd503233f, 0, 8, "paciasp"},	    {0xd503237f, 0, 8, "pacibsp"},
		{0xd503201f, 0, 4, "nop"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		uint8_t code[8] = {0};
		size_t len, off;

		memcpy(code, &v[i].first, 4);
		off = t->entry_shape(code, sizeof(code), &len);
		tap_ok(off == v[i].off && len == v[i].len, "an entry of %s: %zu bytes at %zu", v[i].what,
		       len, off);
	}
}

static void jumps(void)
{
	struct target_dis *dis = target_dis_open(t);
	uint8_t out[TARGET_MAX_JUMP], orig[8] = {0x3f, 0x23, 0x03, 0xd5};
	const uint64_t from = 0xaaaab0001000, far[] = {0x7fffffc, -0x8000000ull, 4, -4ull};
	struct insn in;

	for (size_t i = 0; i < ARRAY_SIZE(far); i++)
		tap_ok(t->encode_jump(from, from + far[i], orig, 4, out) == 4 &&
			       !t->decode(dis, out, 4, from, &in) && in.kind == INSN_JUMP &&
			       in.target == from + far[i],
		       "a jump of 0x%llx bytes", (unsigned long long)far[i]);
	tap_ok(!t->encode_jump(from, from + 0x8000000, orig, 4, out) &&
		       !t->encode_jump(from, from - 0x8000004, orig, 4, out) &&
		       !t->encode_jump(from, from + 2, orig, 4, out),
	       "no jump that does not reach");
	tap_ok(t->encode_jump(from, from + 0x100, orig, 8, out) == 8 && at(out, 0) == 0xd503245f &&
		       !t->decode(dis, out + 4, 4, from + 4, &in) && in.target == from + 0x100,
	       "a landing pad stays where there was one");
	tap_ok(t->encode_switch(from, from + 0x12344, from - 0x40, from + 0x80, out) == 20 &&
		       !t->decode(dis, out + 12, 8, from + 12, &in) && in.target == from + 0x80 &&
		       !t->decode(dis, out + 16, 4, from + 16, &in) && in.target == from - 0x40 &&
		       !t->decode(dis, out + 8, 4, from + 8, &in) && in.target == from + 16,
	       "a switch leads to the old code where the word is zero");
	tap_ok(!t->encode_switch(from, from + (5ull << 30), from, from, out) &&
		       t->encode_switch_far(from, 0x123456789abc, from + (1ull << 30), from, out) == 48 &&
		       !t->decode(dis, out + 20, 4, from + 20, &in) && in.target == from + 36,
	       "a far switch reaches far");
	tap_ok(t->encode_far(from, 0x123456789abc, out) == 16 && at(out, 0) == 0x58000050 &&
		       at(out, 4) == 0xd61f0200 && at(out, 8) == 0x56789abc && at(out, 12) == 0x1234,
	       "a far jump reaches everything, by x16");
	target_dis_close(dis);
}

/* Each plain relocation, stored and read back through the decoder or by hand. */
static void relocations(void)
{
	static const struct {
		uint32_t type, insn;
		uint64_t place, value;
		uint32_t want;		/* 0: refused */
	} v[] = {
		{R_AARCH64_CALL26, 0x94000000, 0x1000, 0x2000, 0x94000400},
		{R_AARCH64_CALL26, 0x94000000, 0x1000, 0x8001000, 0},
		{R_AARCH64_CALL26, 0x94000000, 0x1000, 0x2002, 0},
		{R_AARCH64_JUMP26, 0x14000000, 0x2000, 0x1000, 0x17fffc00},
		{R_AARCH64_CONDBR19, 0x54000000, 0x1000, 0x1008, 0x54000040},
		{R_AARCH64_TSTBR14, 0x36000000, 0x1000, 0xff8, 0x3607ffc0},
		{R_AARCH64_TSTBR14, 0x36000000, 0x1000, 0x9000, 0},
		{R_AARCH64_ADR_PREL_PG_HI21, 0x90000003, 0x1ffc, 0x5678, 0x90000023},
		{R_AARCH64_ADR_PREL_PG_HI21, 0x90000003, 0x5000, 0x1fff, 0x90ffffe3},
		{R_AARCH64_ADR_PREL_PG_HI21, 0x90000000, 0, 1ull << 32, 0},
		{R_AARCH64_ADD_ABS_LO12_NC, 0x91000063, 0, 0x12345, 0x910d1463},
		{R_AARCH64_LDST64_ABS_LO12_NC, 0xf9400063, 0, 0x12340, 0xf941a063},
		{R_AARCH64_LDST64_ABS_LO12_NC, 0xf9400063, 0, 0x12344, 0},
		{R_AARCH64_LDST128_ABS_LO12_NC, 0x3dc00063, 0, 0x12340, 0x3dc0d063},
		{R_AARCH64_ADR_PREL_LO21, 0x10000000, 0x1000, 0x1005, 0x30000020},
		{R_AARCH64_TLSLE_ADD_TPREL_HI12, 0x91400000, 0, 0x12345, 0x91404800},
		{R_AARCH64_TLSLE_ADD_TPREL_LO12_NC, 0x91000000, 0, 0x12345, 0x910d1400},
		{R_AARCH64_TLSLE_ADD_TPREL_LO12, 0x91000000, 0, 0x12345, 0},
		{R_AARCH64_MOVW_UABS_G3, 0xd2e00000, 0, 0x1234567812345678, 0xd2e24680},
		{R_AARCH64_MOVW_UABS_G1_NC, 0xf2a00000, 0, 0x1234567812345678, 0xf2a24680},
		{R_AARCH64_ABS32, 0, 0, 0x100000000, 0},
		{R_AARCH64_ADR_GOT_PAGE, 0x90000000, 0, 0, 0},
		{R_AARCH64_COPY, 0, 0, 0, 0},
	};
	size_t bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		uint8_t p[4];
		int r;

		memcpy(p, &v[i].insn, 4);
		r = t->apply_rel(v[i].type, p, v[i].place, v[i].value, 0);
		if (r == (v[i].want ? 0 : -1) && (r || at(p, 0) == v[i].want))
			continue;
		bad++;
		printf("# %s of 0x%llx: %d 0x%x, want 0x%x\n", target_rel(t, v[i].type)->name,
		       (unsigned long long)v[i].value, r, at(p, 0), v[i].want);
	}
	tap_ok(!bad, "%zu relocations are stored or refused", ARRAY_SIZE(v));
}

/* What linkers make of sequences; words of the object and of the linked code, which is at 0x10000. */
static void rewritten(void)
{
	enum { GOT = R_AARCH64_ADR_GOT_PAGE, GOTLO = R_AARCH64_LD64_GOT_LO12_NC,
	       HI = R_AARCH64_ADR_PREL_PG_HI21, LO = R_AARCH64_ADD_ABS_LO12_NC,
	       IEHI = R_AARCH64_TLSIE_ADR_GOTTPREL_PAGE21, IELO = R_AARCH64_TLSIE_LD64_GOTTPREL_LO12_NC,
	       D1 = R_AARCH64_TLSDESC_ADR_PAGE21, D2 = R_AARCH64_TLSDESC_LD64_LO12,
	       D3 = R_AARCH64_TLSDESC_ADD_LO12, D4 = R_AARCH64_TLSDESC_CALL };
	static const struct {
		const char *what;
		uint32_t obj[4], rel[4], bin[4];
		size_t n_obj, n_rel, n_bin;
		bool good;
		uint8_t kind, len;
		uint64_t value;
	} v[] = {
		{"a GOT slot", {0x90000001, 0xf9400021}, {GOT, GOTLO}, {0xb0000001, 0xf9400421}, 2, 2, 2,
		 true, REL_GOT, 8, 0x11008},
		{"a GOT slot made an address", {0x90000001, 0xf9400021}, {GOT, GOTLO},
		 {0xb0000001, 0x91002021}, 2, 2, 2, true, REL_PC, 8, 0x11008},
		{"a GOT slot made an adr", {0x90000001, 0xf9400021}, {GOT, GOTLO}, {0x10000041}, 2, 2, 1,
		 true, REL_PC, 4, 0x10008},
		{"a GOT slot of an adr", {0x90000001, 0xf9400021}, {GOT, GOTLO}, {0x10008001, 0xf9400421}, 2, 2,
		 2, true, REL_GOT, 8, 0x11008},
		{"a GOT slot of an adr amid a page", {0x90000001, 0xf9400021}, {GOT, GOTLO},
		 {0x10008041, 0xf9400421}, 2, 2, 2, false, 0, 0, 0},
		{"another register", {0x90000001, 0xf9400021}, {GOT, GOTLO}, {0xb0000001, 0x91002022}, 2, 2,
		 2, false, 0, 0, 0},
		{"another load", {0x90000001, 0xf9400021}, {GOT, GOTLO}, {0xb0000001, 0xb9400421}, 2, 2, 2,
		 false, 0, 0, 0},
		{"an address made an adr", {0x90000003, 0x91000063}, {HI, LO}, {0x10000043, 0xd65f03c0}, 2,
		 2, 2, true, REL_PC, 4, 0x10008},
		{"a page made an adr", {0x90000003, 0x91000063}, {HI, LO}, {0x10008003, 0x91004063}, 2, 2, 2,
		 true, REL_PC, 4, 0x11000},
		{"initial exec made local exec", {0x90000003}, {IEHI}, {0xd2a00043}, 1, 1, 1, true,
		 REL_TLS_LE, 4, 0x20000},
		{"its low part", {0xf9400063}, {IELO}, {0xf2800203}, 1, 1, 1, true, REL_TLS_LE, 4, 0x10},
		{"its low part in another register", {0xf9400063}, {IELO}, {0xf2800204}, 1, 1, 1, false, 0, 0,
		 0},
		{"a descriptor", {0x90000000, 0xf9400001, 0x91000000, 0xd63f0020}, {D1, D2, D3, D4},
		 {0xb0000000, 0xf9400401, 0x91002000, 0xd63f0020}, 4, 4, 4, true, REL_TLS_DESC, 16, 0x11008},
		{"a descriptor made initial exec", {0x90000000, 0xf9400001, 0x91000000, 0xd63f0020},
		 {D1, D2, D3, D4}, {0xb0000000, 0xf9400400, 0xd503201f, 0xd503201f}, 4, 4, 4, true,
		 REL_TLS_IE, 16, 0x11008},
		{"a descriptor made local exec", {0x90000000, 0xf9400001, 0x91000000, 0xd63f0020},
		 {D1, D2, D3, D4}, {0xd2a00000, 0xf2800200, 0xd503201f, 0xd503201f}, 4, 4, 4, true,
		 REL_TLS_LE, 16, 0x10},
		{"a descriptor with two addresses", {0x90000000, 0xf9400001, 0x91000000, 0xd63f0020},
		 {D1, D2, D3, D4}, {0xb0000000, 0xf9400401, 0x91004000, 0xd63f0020}, 4, 4, 4, false, 0, 0,
		 0},
	};
	struct target_dis *dis = target_dis_open(t);

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct match_rel rels[4];
		struct rel_match m;
		bool good;

		for (uint32_t k = 0; k < v[i].n_rel; k++)
			rels[k] = (struct match_rel){v[i].rel[k], 4 * k, 0};
		good = t->match_rel(dis, (const uint8_t *)v[i].obj, 4 * v[i].n_obj, rels, v[i].n_rel,
				    (const uint8_t *)v[i].bin, 4 * v[i].n_bin, 0x10000, &m);
		tap_ok(good == v[i].good && (!good || (m.kind == v[i].kind && m.bin_len == v[i].len &&
						       m.value == v[i].value)),
		       "%s: %d, kind %d, %d bytes, 0x%llx", v[i].what, good, m.kind, m.bin_len,
		       (unsigned long long)m.value);
	}
	target_dis_close(dis);
}

/* What veneers lead to, and what else is none. */
static void veneers(void)
{
	static const struct {
		uint32_t w[8];
		uint64_t to;
		const char *what;
	} v[] = {
		{{0x90f00010, 0x9120c210, 0xd61f0200}, 0x20000000 + ((uint64_t)-0x20000 << 12) + 0x830, "adrp, add, br"},
		{{0xd503245f, 0x90f00010, 0x9120c210, 0xd61f0200}, 0x20000000 + ((uint64_t)-0x20000 << 12) + 0x830, "the same at a pad"},
		{{0x58000050, 0xd61f0200, 0x12345678, 0x9}, 0x912345678, "ldr, br, address"},
		{{0x58000090, 0x10000011, 0x8b110210, 0xd61f0200, 0x100, 0x3}, 0x320000104, "ldr, adr, add, br, distance"},
		{{0x90f00010, 0xf9400211, 0x9120c210, 0xd61f0220}, 0, "a linkage stub"},
		{{0x14000010}, 0, "a tail call"},
		{{0x90f00010, 0x9120c211, 0xd61f0200}, 0, "an add to another register"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		uint64_t to = t->follow(0x20000000, (const uint8_t *)v[i].w, sizeof(v[i].w));

		tap_ok(to == v[i].to, "%s: 0x%llx", v[i].what, (unsigned long long)to);
	}
	tap_eq_u64(t->follow(0x20000000, (const uint8_t *)v[0].w, 8), 0, "one that is cut leads nowhere");
}

/* Many functions, so that some have the sequence of the erratum at the end of a page. */
static void write_many(const char *dir)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/many.c", dir);
	f = fopen(path, "w");
	fprintf(f, "extern long a, b, c, d, arr[];\n"
		"asm(\".text\\n.p2align 12\\n.skip 0xff0\\n.globl worst\\n.type worst, %%function\\nworst: .cfi_startproc\\n"
		"sub sp, sp, #16\\nmov x1, #5\\nadrp x0, a\\nstr x1, [sp]\\nldr x3, [x0, :lo12:a]\\nmov x0, x3\\n"
		"add sp, sp, #16\\nret\\n.cfi_endproc\\n.size worst, .-worst\");\n");
	for (int i = 0; i < 400; i++)
		fprintf(f, "long f%d(long *p, long n) { p[1] = n; long x = a; p[2] = x + %d; b = p[3] * n; c += d ^ %d;"
			" return x + arr[%d] + b * %d; }\n", i, i, i, i, i + 3);
	fprintf(f, "int (*u[])(void) = {");
	for (int i = 0; i < 400; i++)
		fprintf(f, "%s(int (*)(void))f%d", i ? ", " : "", i);
	fprintf(f, "};\n");
	fclose(f);
	snprintf(path, sizeof(path), "%s/few.c", dir);
	f = fopen(path, "w");
	fprintf(f, "long a = 1, b, c, d = 3, arr[500] = {7}; extern int (*u[])(void);\n"
		"int main(int n, char **v) { return u[n](); }\n");
	fclose(f);
}

/* Instructions that a linker moved out of functions: found, and part of them. */
static void moved_away(const char *cc, const char *dir, const char *flags, const char *ldflags, const char *word)
{
	struct sut_err err = {0};
	struct prove_object *po;
	struct prove_unit *pu;
	struct elf_obj *o, *whole;
	struct ref **refs;
	char path[300];
	size_t n = 0, moved = 0, strange = 0, bad;

	if (!tap_ok(run(dir, "%s %s -c many.c -o many.o && %s %s few.c many.o %s -o prog && "
			"aarch64-linux-gnu-strip prog -o stripped && %s %s -ffunction-sections -c many.c -o a.o",
			cc, flags, cc, flags, ldflags, cc, flags), "compile with %s, link with %s", flags, ldflags))
		return;
	snprintf(path, sizeof(path), "%s/stripped", dir);
	po = prove_object_open(path, &err);
	snprintf(path, sizeof(path), "%s/prog", dir);
	whole = target_obj_open(path, &err);
	snprintf(path, sizeof(path), "%s/a.o", dir);
	o = target_obj_open(path, &err);
	if (!tap_ok(po && whole && o, "all can be read"))
		return;
	refs = proof_refs(o, po->target);
	pu = prove_unit_run(po, o, refs);
	bad = misplaced_functions(pu, o, whole);
	for (size_t i = 1; i < whole->n_syms; i++)
		n += strstr(whole->syms[i].name, word) && whole->syms[i].type != STT_FILE && whole->syms[i].name[0] != '$';
	for (size_t i = 0; i < pu->n_funcs; i++) {
		const struct match *m = prove_match(pu, pu->funcs[i].sym);

		for (size_t k = 0; m && k < m->n_moved; k++) {
			const uint8_t *p = elf_obj_at(whole, m->moved[k], 8);
			uint64_t back = m->moved[k] + 4 + (uint64_t)((int64_t)((uint64_t)at(p, 4) << 38) >> 36);

			moved++;
			strange += back <= m->addr || back > m->addr + m->size;
		}
	}
	tap_ok(!bad, "all %zu functions are found where they are", pu->n_funcs);
	tap_ok(n && moved == n && !strange, "%zu of %zu veneers are part of the function that they come back to", moved, n);
	prove_unit_free(pu);
	proof_refs_free(o, refs);
	elf_obj_free(o);
	elf_obj_free(whole);
	prove_object_free(po);
	sut_err_free(&err);
}

int main(void)
{
	static const char *const v[][2] = {
		{"-O2", "-pie"},
		{"-O0", "-pie"},
		{"-Os", "-pie"},
		{"-O3", "-pie"},
		{"-O2 -fno-pie", "-no-pie"},
		{"-O0 -fno-pie", "-no-pie"},
		{"-O2 -fno-pie", "-no-pie -static"},
		{"-O2 -fPIC", "-pie"},
		{"-O2 -fPIC", "-shared"},
		{"-O2 -fPIC -mtls-dialect=trad", "-shared"},
		{"-O2 -fPIC -mtls-dialect=trad", "-pie"},
		{"-O2 -fPIC -ftls-model=local-dynamic", "-shared"},
		{"-O2 -mbranch-protection=standard", "-pie"},
		{"-O2 -fpatchable-function-entry=2", "-pie"},
		{"-O2 -pg", "-pie"},
		{"-O2 -mcpu=cortex-a53", "-pie -Wl,--fix-cortex-a53-835769"},
		{"-O2 -fno-plt", "-pie"},
		{"-O2", "-pie -Wl,--section-start=.far=0x20000000"},
		{"-O2 -fno-pie", "-no-pie -Wl,--section-start=.far=0x20000000"},
		{"-O2 -mbranch-protection=standard", "-pie -Wl,-z,force-bti,--no-warnings,--section-start=.far=0x20000000"},
	};
	const char *cc = "aarch64-linux-gnu-gcc";
	const char *dir;

	t = target_find(EM_AARCH64);
	dir = linked_begin(cc);
	if (!dir)
		return 0;
	shapes();
	jumps();
	relocations();
	rewritten();
	veneers();
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		prove_linked(cc, dir, v[i][0], v[i][1]);
	write_many(dir);
	moved_away(cc, dir, "-O0 -fPIE", "-pie -Wl,--fix-cortex-a53-843419=adrp", "e843419@");
	if (run(dir, "ld.lld --version >/dev/null 2>&1 && mkdir lld && ln -s $(command -v ld.lld) lld/ld"))
		moved_away(cc, dir, "-O0 -fPIE", "-pie -Blld -Wl,--fix-cortex-a53-843419,--no-relax", "CortexA53843419_");
	return linked_end(dir);
}
