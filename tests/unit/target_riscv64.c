// SPDX-License-Identifier: GPL-2.0-or-later
/* riscv64: what is written, and what compilers and linkers made. */
#include "build/match.h"
#include "linked.h"
#include "target/target.h"

#include <elf.h>

static const struct target *t;

static void shapes(void)
{
	static const struct {
		uint32_t first;
		size_t off;
		const char *what;
	} v[] = {
		{0x11411141, 0, "addi sp"}, {0x00000017, 4, "lpad"}, {0x00000517, 0, "auipc a0"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		uint8_t code[12] = {0};
		size_t len, off;

		put32(code, v[i].first);
		off = t->entry_shape(code, sizeof(code), &len);
		tap_ok(off == v[i].off && len == 8, "an entry of %s: %zu bytes at %zu", v[i].what, len, off);
	}
}

/* Where auipc t1 at @p and the jump behind it lead. */
static uint64_t far_target(const uint8_t *p, uint64_t at)
{
	uint32_t hi = get32(p), lo = get32(p + 4);

	if ((hi & 0xfff) != 0x317 || (lo & 0xfffff) != 0x30067)
		return 0;
	return at + (uint64_t)(int64_t)(int32_t)(hi & 0xfffff000) + (uint64_t)(int64_t)((int32_t)lo >> 20);
}

static void jumps(void)
{
	struct target_dis *dis = target_dis_open(t);
	uint8_t out[TARGET_MAX_JUMP], orig[8] = {0};
	const uint64_t from = 0x2aaaab1002, far[] = {0x7ffff7fe, -0x80000800ull, 4, -4ull, 0x800, 0x7fe, -0x800ull};
	struct insn in;
	char *text;

	for (size_t i = 0; i < ARRAY_SIZE(far); i++)
		tap_ok(t->encode_jump(from, from + far[i], orig, 8, out) == 8 &&
			       far_target(out, from) == from + far[i],
		       "a jump of 0x%llx bytes", (unsigned long long)far[i]);
	tap_ok(!t->encode_jump(from, from + 0x7ffff800, orig, 8, out) &&
		       !t->encode_jump(from, from - 0x80000802, orig, 8, out) &&
		       !t->encode_jump(from, from + 2, orig, 4, out),
	       "no jump that does not reach");
	tap_ok(t->encode_switch(from, from + 0x12344, from - 0x40, from + 0x80, out) == 28 &&
		       far_target(out + 12, from + 12) == from + 0x80 &&
		       far_target(out + 20, from + 20) == from - 0x40 &&
		       !t->decode(dis, out + 8, 8, from + 8, &in) && in.kind == INSN_COND &&
		       in.target == from + 20,
	       "a switch leads to the old code where the word is zero");
	tap_ok(!t->encode_switch(from, from + (5ull << 30), from, from, out) &&
		       t->encode_switch_far(from, 0x123456789abc, from + (1ull << 30), from, out) == 48 &&
		       far_target(out + 16, from + 16) == from && far_target(out + 24, from + 24) == from + (1ull << 30) &&
		       get32(out + 40) == 0x56789abc && get32(out + 44) == 0x1234,
	       "a far switch reaches far");
	text = target_dis_text(dis, (const uint8_t *)"\x13\x05\x10\x00", 4, 0);
	tap_eq_str(text, ".insn 0x00100513", "an instruction is named by its number");
	free(text);
	target_dis_close(dis);
}

/* Each plain relocation, stored. */
static void relocations(void)
{
	static const struct {
		uint32_t type;
		uint64_t insn, place, value, want;	/* 0: refused */
	} v[] = {
		{R_RISCV_CALL_PLT, 0x000080e700000097, 0x1000, 0x2000, 0x000080e700001097},
		{R_RISCV_CALL, 0x000080e700000097, 0x1000, 0x1fff, 0xfff080e700001097},
		{R_RISCV_CALL_PLT, 0x000080e700000097, 0x1000, 0x90000000, 0},
		{R_RISCV_JAL, 0x0000006f, 0x1000, 0x1ffe, 0x7ff0006f},
		{R_RISCV_JAL, 0x000000ef, 0x2000, 0x1000, 0x800ff0ef},
		{R_RISCV_JAL, 0x0000006f, 0x1000, 0x101000, 0},
		{R_RISCV_BRANCH, 0x00b50063, 0x1000, 0x0ff8, 0xfeb50ce3},
		{R_RISCV_BRANCH, 0x00b50063, 0x1000, 0x2000, 0},
		{R_RISCV_RVC_JUMP, 0xa001, 0x1000, 0x17fe, 0xaffd},
		{R_RISCV_RVC_JUMP, 0xa001, 0x1000, 0x1002, 0xa009},
		{R_RISCV_RVC_JUMP, 0xa001, 0x1000, 0x1800, 0},
		{R_RISCV_RVC_BRANCH, 0xc101, 0x1000, 0x10fe, 0xcd7d},
		{R_RISCV_RVC_BRANCH, 0xc101, 0x1000, 0x1100, 0},
		{R_RISCV_PCREL_HI20, 0x00000797, 0x1000, 0x2800, 0x00002797},
		{R_RISCV_PCREL_HI20, 0x00000797, 0x1000, 0x27ff, 0x00001797},
		{R_RISCV_PCREL_LO12_I, 0x0007a503, 0x1000, 0x2800, 0x8007a503},
		{R_RISCV_PCREL_LO12_S, 0x00e7a023, 0x1000, 0x1ffc, 0xfee7ae23},
		{R_RISCV_HI20, 0x000007b7, 0, 0x12345fff, 0x123467b7},
		{R_RISCV_HI20, 0x000007b7, 0, 0x100000000, 0},
		{R_RISCV_LO12_I, 0x0007a503, 0, 0x12345fff, 0xfff7a503},
		{R_RISCV_LO12_S, 0x00e7a023, 0, 0x12345123, 0x12e7a1a3},
		{R_RISCV_TPREL_HI20, 0x000007b7, 0, 0x1800, 0x000027b7},
		{R_RISCV_TPREL_ADD, 0x004787b3, 0, 0x1800, 0x004787b3},
		{R_RISCV_32_PCREL, 0, 0x1000, 0x0ff0, 0xfffffff0},
		{R_RISCV_32, 0, 0, 0x100000000, 0},
		{R_RISCV_GOT_HI20, 0x00000797, 0, 0, 0},
		{R_RISCV_ADD32, 0, 0, 0, 0},
		{R_RISCV_COPY, 0, 0, 0, 0},
	};
	size_t bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		uint64_t p = v[i].insn;
		int r = t->apply_rel(v[i].type, (uint8_t *)&p, v[i].place, v[i].value, 0);

		if (r == (v[i].want ? 0 : -1) && (r || p == v[i].want))
			continue;
		bad++;
		printf("# %s of 0x%llx: %d 0x%llx, want 0x%llx\n", target_rel(t, v[i].type)->name,
		       (unsigned long long)v[i].value, r, (unsigned long long)p, (unsigned long long)v[i].want);
	}
	tap_ok(!bad, "%zu relocations are stored or refused", ARRAY_SIZE(v));
}

#define GP 0x20800

/* What linkers make of sequences; words of the object and of the linked code, which is at 0x10000. */
static void rewritten(void)
{
	enum { CALL = R_RISCV_CALL_PLT, HI = R_RISCV_PCREL_HI20, LO = R_RISCV_PCREL_LO12_I,
	       LOS = R_RISCV_PCREL_LO12_S, GOT = R_RISCV_GOT_HI20, AHI = R_RISCV_HI20, ALO = R_RISCV_LO12_I,
	       THI = R_RISCV_TPREL_HI20, TADD = R_RISCV_TPREL_ADD, TLO = R_RISCV_TPREL_LO12_I };
	static const struct {
		const char *what;
		uint32_t rel, obj[2], bin[2];
		bool good;
		uint8_t kind, part, len, form;
		uint64_t value;
	} v[] = {
		{"a call", CALL, {0x00000097, 0x000080e7}, {0x00001097, 0xff0080e7}, true, REL_PLT, PART_WHOLE, 8, 0,
		 0x10ff0},
		{"a call made jal", CALL, {0x00000097, 0x000080e7}, {0x008000ef}, true, REL_PLT, PART_WHOLE, 4, 0,
		 0x10008},
		{"a call made a jump", CALL, {0x00000097, 0x000080e7}, {0x0080006f}, false, 0, 0, 0, 0, 0},
		{"a call by another register", CALL, {0x00000097, 0x000080e7}, {0x00001097, 0xff0300e7}, false, 0,
		 0, 0, 0, 0},
		{"a call of what is near 0", CALL, {0x00000097, 0x000080e7}, {0x010000e7}, true, REL_PLT,
		 PART_WHOLE, 4, 0, 0x10},
		{"a tail call made jal", CALL, {0x00000317, 0x00030067}, {0x0080006f}, true, REL_PLT, PART_WHOLE, 4,
		 0, 0x10008},
		{"a tail call made c.j", CALL, {0x00000317, 0x00030067}, {0x8082a011}, true, REL_PLT, PART_WHOLE, 2,
		 0, 0x10004},
		{"a call made c.j", CALL, {0x00000097, 0x000080e7}, {0x8082a011}, false, 0, 0, 0, 0, 0},
		{"a high half", HI, {0x00000797}, {0x00001797}, true, REL_PC, PART_HI, 4, FORM_AS_IS, 0x10800},
		{"a high half left out", HI, {0x00000797}, {0x00001717}, true, REL_NONE, PART_WHOLE, 0, FORM_GONE,
		 0},
		{"a slot's high half left out", GOT, {0x00000797}, {0x00001717}, false, 0, 0, 0, 0, 0},
		{"a low half", LO, {0x0007a503}, {0xffc7a503}, true, REL_PC, PART_LO, 4, FORM_AS_IS, -4ull},
		{"a low half from gp", LO, {0x0007a503}, {0x0101a503}, true, REL_PC, PART_WHOLE, 4, FORM_FREE,
		 GP + 16},
		{"a low half from zero", LO, {0x0007a503}, {0x01002503}, true, REL_PC, PART_WHOLE, 4, FORM_FREE, 16},
		{"a low half from another register", LO, {0x0007a503}, {0x01072503}, false, 0, 0, 0, 0, 0},
		{"a low half of another load", LO, {0x0007a503}, {0x0101b503}, false, 0, 0, 0, 0, 0},
		{"a store's low half from gp", LOS, {0x00e7a023}, {0xfee1ae23}, true, REL_PC, PART_WHOLE, 4,
		 FORM_FREE, GP - 4},
		{"lui", AHI, {0x000007b7}, {0x000107b7}, true, REL_ABS, PART_HI, 4, FORM_AS_IS, 0xf800},
		{"lui made c.lui", AHI, {0x000007b7}, {0x808267c1}, true, REL_ABS, PART_HI, 2, FORM_AS_IS, 0xf800},
		{"lui made c.lui of another register", AHI, {0x00000737}, {0x808267c1}, true, REL_NONE, PART_WHOLE,
		 0, FORM_GONE, 0},
		{"lui's low half", ALO, {0x0007a503}, {0xffc7a503}, true, REL_ABS, PART_LO, 4, FORM_AS_IS, 0xffc},
		{"a high half of tp", THI, {0x000007b7}, {0x000017b7}, true, REL_TLS_LE, PART_HI, 4, FORM_AS_IS,
		 0x800},
		{"its addition", TADD, {0x004787b3}, {0x004787b3}, true, REL_NONE, PART_WHOLE, 4, FORM_AS_IS, 0},
		{"its addition left out", TADD, {0x004787b3}, {0x00022503}, true, REL_NONE, PART_WHOLE, 0,
		 FORM_GONE, 0},
		{"a low half from tp", TLO, {0x0007a503}, {0x00822503}, true, REL_TLS_LE, PART_WHOLE, 4, FORM_FREE,
		 8},
		{"a thread's low half from gp", TLO, {0x0007a503}, {0x0081a503}, false, 0, 0, 0, 0, 0},
	};
	struct target_dis *dis = target_dis_open(t);
	struct rel_match m;

	dis->gp = GP;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct match_rel rel = {v[i].rel, 0, 0};
		bool good = t->match_rel(dis, (const uint8_t *)v[i].obj, 8, &rel, 1, (const uint8_t *)v[i].bin, 8,
					 0x10000, &m);

		tap_ok(good == v[i].good &&
			       (!good || (m.kind == v[i].kind && m.part == v[i].part && m.bin_len == v[i].len &&
					  m.form == v[i].form && m.value == v[i].value)),
		       "%s: %d, kind %d, part %d, %d bytes, form %d, 0x%llx", v[i].what, good, m.kind, m.part,
		       m.bin_len, m.form, (unsigned long long)m.value);
	}
	dis->gp = 0;
	tap_ok(!t->match_rel(dis, (const uint8_t *)"\x03\xa5\x07", 4, &(struct match_rel){LO, 0, 0}, 1,
			     (const uint8_t *)"\x03\xa5\x01\x01", 4, 0x10000, &m),
	       "without gp nobody knows what is near it");
	target_dis_close(dis);
}

static const struct elf_sec *same_name(const struct elf_obj *o, const struct elf_sec *s)
{
	for (size_t i = 1; i < o->n_secs; i++)
		if (!strcmp(o->secs[i].name, s->name) && o->secs[i].type == s->type)
			return &o->secs[i];
	return NULL;
}

static bool same_rels(const struct elf_obj *a, const struct elf_sec *x, const struct elf_obj *b,
		      const struct elf_sec *y)
{
	if (x->n_rels != y->n_rels)
		return false;
	for (size_t i = 0; i < x->n_rels; i++) {
		const struct elf_rel *p = &x->rels[i], *q = &y->rels[i];

		if (p->offset != q->offset || p->type != q->type || p->addend != q->addend ||
		    p->has_anchor != q->has_anchor || p->anchor != q->anchor ||
		    strcmp(a->syms[p->sym].name, b->syms[q->sym].name))
			return false;
	}
	return true;
}

/* What is filled in when an object is opened is what the assembler fills in where nothing will be relaxed. */
static void opened(const char *cc, const char *dir)
{
	struct sut_err err = {0};
	struct elf_obj *a, *b;
	char path[300];
	size_t n = 0, bad = 0;

	if (!tap_ok(run(dir, "%s -O2 -ffunction-sections -c a.c -o soft.o && "
			"%s -O2 -ffunction-sections -mno-relax -c a.c -o hard.o", cc, cc), "compile twice"))
		return;
	snprintf(path, sizeof(path), "%s/soft.o", dir);
	a = target_obj_open(path, &err);
	snprintf(path, sizeof(path), "%s/hard.o", dir);
	b = target_obj_open(path, &err);
	for (size_t i = 1; a && b && i < a->n_secs; i++) {
		const struct elf_sec *x = &a->secs[i], *y = same_name(b, x);

		if (!(x->flags & SHF_ALLOC) || !x->data)
			continue;
		n++;
		if (y && y->data && x->size == y->size && !memcmp(x->data, y->data, x->size) && same_rels(a, x, b, y))
			continue;
		bad++;
		printf("# %s differs\n", x->name);
	}
	tap_ok(n > 40 && !bad, "%zu sections are the same with relaxation and without", n);
	elf_obj_free(a);
	elf_obj_free(b);
	sut_err_free(&err);
}

/*
 * A linker that is none: the high half is left out, but a low one still takes its register. Such code is
 * another function.
 */
static void half_gone(void)
{
	static uint8_t obj[] = {0x97, 0x07, 0, 0, 0x03, 0xa5, 0x07, 0, 0x82, 0x80}; /* auipc a5; lw a0,0(a5); ret */
	uint8_t bin[] = {0x03, 0xa5, 0x01, 0x01, 0x82, 0x80, 0, 0};	/* lw a0,16(gp); ret */
	struct elf_rel rels[] = {{.offset = 0, .type = R_RISCV_PCREL_HI20, .sym = 1},
				 {.offset = 4, .type = R_RISCV_PCREL_LO12_I, .sym = 1, .addend = 4, .has_anchor = true}};
	struct elf_sec secs[] = {{.name = ""}, {.name = ".text", .idx = 1, .flags = SHF_EXECINSTR, .data = obj,
						.size = sizeof(obj), .rels = rels, .n_rels = 2}};
	struct elf_sym syms[] = {{.name = ""}, {.name = "x", .idx = 1}};
	struct elf_obj o = {.machine = EM_RISCV, .elf_class = ELFCLASS64, .secs = secs, .n_secs = 2, .syms = syms,
			    .n_syms = 2};
	struct target_dis *dis = target_dis_open(t);
	struct match_func f;
	struct match m;

	dis->gp = GP;
	tap_ok(match_func_init(&f, &o, &secs[1], 0, sizeof(obj), dis), "a load of a variable");
	tap_ok(match_at(&f, dis, bin, sizeof(bin), 0x10000, &m) && m.size == 6 && m.n_refs == 1 &&
		       m.refs[0].value == GP + 16, "is one of gp");
	match_free(&m);
	memcpy(bin, obj + 4, 6);
	tap_ok(!match_at(&f, dis, bin, sizeof(bin), 0x10000, &m), "but not one without its high half");
	match_func_free(&f);
	target_dis_close(dis);
}

int main(void)
{
	static const char *const v[][2] = {
		{"-O2", "-pie"},
		{"-O2", "-pie -Wl,--no-relax"},
		{"-O0", "-pie"},
		{"-Os", "-pie"},
		{"-O3", "-pie"},
		{"-O2 -fno-pie", "-no-pie"},
		{"-O2 -fno-pie", "-no-pie -Wl,--no-relax"},
		{"-O0 -fno-pie", "-no-pie"},
		{"-O2 -fno-pie -mcmodel=medany", "-no-pie"},
		{"-O2 -fno-pie", "-no-pie -static"},
		{"-O2 -fPIC", "-pie"},
		{"-O2 -fPIC", "-shared"},
		{"-O2 -mno-relax", "-pie"},
		{"-O2 -march=rv64gc -falign-functions=16 -falign-loops=16", "-pie"},
		{"-O2 -march=rv64g", "-pie"},
		{"-O2 -fpatchable-function-entry=4", "-pie"},
		{"-O2 -fasynchronous-unwind-tables", "-pie"},
		{"-O2 -msave-restore", "-pie"},
		{"-O2 -pg", "-pie"},
		{"-O2 -fno-plt", "-pie"},
	};
	const char *cc = "riscv64-linux-gnu-gcc";
	const char *dir;

	t = target_find(EM_RISCV);
	dir = linked_begin(cc);
	if (!dir)
		return 0;
	shapes();
	jumps();
	relocations();
	rewritten();
	half_gone();
	opened(cc, dir);
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		prove_linked(cc, dir, v[i][0], v[i][1]);
	return linked_end(dir);
}
