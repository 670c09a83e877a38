// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Objects as RISC-V assemblers write them, brought into the form that the rest works with.
 *
 * RISC-V linkers make code shorter ("relaxation"), so an assembler knows no distance for sure and leaves
 * every one to the linker: branches within a function (R_RISCV_BRANCH, JAL, RVC_BRANCH, RVC_JUMP), padding
 * (R_RISCV_ALIGN), and any difference of two labels (ADD and SUB, SET and SUB, at one place). Nobody makes
 * an object's code shorter here: a patch takes it as it stands, and the proof follows what the linker did
 * to the program (riscv64_match.c). So in the object all distances are known after all:
 *
 *  - branches to local labels of the same section are filled in, as other assemblers do it;
 *  - differences of labels in one section are numbers;
 *  - a difference from a label of the section where it stands (an entry of a jump table, whose label is the
 *    start of the table) is a distance from its own place, R_RISCV_32_PCREL, as other assemblers write it;
 *  - R_RISCV_RELAX and R_RISCV_ALIGN say what a linker may do, and go. The nops of the latter stay.
 *
 * An object that was assembled without relaxation then looks the same.
 *
 * An address takes two instructions, and the low half names the *label of the high one*, not what both
 * refer to:
 *
 *	.L0:	auipc	a5, %pcrel_hi(sym)	R_RISCV_PCREL_HI20 sym
 *		lw	a0, %pcrel_lo(.L0)(a5)	R_RISCV_PCREL_LO12_I .L0
 *
 * The low half gets the symbol of the high one, which is its anchor, and an addend that counts from its own
 * place to where the high half stands: then S + A - P is right for it, too. Which kind of thing it is part of
 * (of an address, of one of a slot) is told by types of our own. Where there is no high half it gets a type
 * that is refused wherever it matters.
 *
 * Only sections that are loaded are changed: who reads DWARF knows its relocations.
 */
#include "target/riscv64.h"

static bool is_local_here(const struct elf_obj *o, const struct elf_sec *s, const struct elf_rel *r)
{
	const struct elf_sym *y = &o->syms[r->sym];

	return r->sym && y->shndx == s->idx && y->bind == STB_LOCAL && y->type != STT_GNU_IFUNC;
}

static bool is_branch(uint32_t type)
{
	return type == R_RISCV_BRANCH || type == R_RISCV_JAL || type == R_RISCV_RVC_BRANCH ||
	       type == R_RISCV_RVC_JUMP;
}

/* What libelf gave is a copy of ours, or our own copy of the file. */
static uint8_t *field(const struct elf_sec *s, const struct elf_rel *r, size_t n)
{
	return s->data && n <= s->size && r->offset <= s->size - n ? (uint8_t *)s->data + r->offset : NULL;
}

static bool fill_branch(const struct elf_obj *o, const struct elf_sec *s, const struct elf_rel *r)
{
	uint8_t *p = field(s, r, r->type == R_RISCV_BRANCH || r->type == R_RISCV_JAL ? 4 : 2);
	int64_t to = (int64_t)o->syms[r->sym].value + r->addend;

	return p && is_branch(r->type) && is_local_here(o, s, r) &&
	       !riscv64_put_branch(r->type, p, to - (int64_t)r->offset);
}

/* How the two relocations of a difference come, the one that adds (or sets) first. */
static const struct diff {
	uint32_t plus, minus;
	uint8_t bits;		/* of the field; 0: as many as stand there (ULEB128) */
	bool sets;		/* the field is not added to */
} diffs[] = {
	{R_RISCV_ADD8, R_RISCV_SUB8, 8, false},	   {R_RISCV_ADD16, R_RISCV_SUB16, 16, false},
	{R_RISCV_ADD32, R_RISCV_SUB32, 32, false}, {R_RISCV_ADD64, R_RISCV_SUB64, 64, false},
	{R_RISCV_SET6, R_RISCV_SUB6, 6, true},	   {R_RISCV_SET8, R_RISCV_SUB8, 8, true},
	{R_RISCV_SET16, R_RISCV_SUB16, 16, true},  {R_RISCV_SET32, R_RISCV_SUB32, 32, true},
	{R_RISCV_SET_ULEB128, R_RISCV_SUB_ULEB128, 0, true},
};

static const struct diff *find_diff(const struct elf_rel *a, const struct elf_rel *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(diffs) && a->offset == b->offset; i++)
		if (diffs[i].plus == a->type && diffs[i].minus == b->type)
			return &diffs[i];
	return NULL;
}

/* A number into a ULEB128 of the length that it has there. */
static bool put_uleb(const struct elf_sec *s, uint64_t at, uint64_t v)
{
	uint8_t *p = (uint8_t *)s->data;
	uint64_t end = at;

	while (end < s->size && p[end] & 0x80)
		end++;
	if (end >= s->size)
		return false;
	for (; at <= end; at++, v >>= 7)
		p[at] = (uint8_t)((v & 0x7f) | (at < end ? 0x80 : 0));
	return !v;
}

static bool put_number(const struct elf_sec *s, const struct diff *d, uint64_t at, uint64_t v)
{
	size_t n = ((size_t)d->bits + 7) / 8;
	uint8_t *p = (uint8_t *)s->data + at;
	uint64_t old = 0;

	if (!s->data || at >= s->size || n > s->size - at)
		return false;
	if (!d->bits)
		return put_uleb(s, at, v);
	memcpy(&old, p, n);
	if (!d->sets)
		v += old;
	if (d->bits == 6)	/* the upper bits are the opcode of DW_CFA_advance_loc */
		v = (old & 0xc0) | (v & 0x3f);
	memcpy(p, &v, n);
	return true;
}

/*
 * A difference: 2 where nothing is left of it, 1 where *@ret takes its place, 0 where it is not understood.
 */
static int fill_diff(const struct elf_obj *o, const struct elf_sec *s, const struct elf_rel *r, size_t n,
		     struct elf_rel *ret)
{
	const struct elf_rel *a = r, *b = r + 1;
	const struct diff *d = n > 1 ? find_diff(a, b) : NULL;
	const struct elf_sym *x, *y;
	uint64_t from, to;

	if (n > 1 && !d) {
		a = r + 1;
		b = r;
		d = find_diff(a, b);
	}
	if (!d || !a->sym || !b->sym)
		return 0;
	x = &o->syms[a->sym];
	y = &o->syms[b->sym];
	to = x->value + (uint64_t)a->addend;
	from = y->value + (uint64_t)b->addend;
	if (!y->shndx || y->shndx >= o->n_secs)
		return 0;
	if (x->shndx == y->shndx)
		return put_number(s, d, a->offset, to - from) ? 2 : 0;
	if (y->shndx != s->idx || d->bits != 32 || d->sets || !field(s, a, 4))
		return 0;
	*ret = *a;
	ret->type = R_RISCV_32_PCREL;
	ret->addend += (int64_t)(a->offset - from) + (int32_t)get32(s->data + a->offset);
	put32((uint8_t *)s->data + a->offset, 0);
	return 1;
}

static void fill_distances(const struct elf_obj *o, struct elf_sec *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_rels; i++) {
		struct elf_rel *r = &s->rels[i], one;

		if (r->type == R_RISCV_RELAX || r->type == R_RISCV_ALIGN || r->type == R_RISCV_NONE ||
		    fill_branch(o, s, r))
			continue;
		switch (fill_diff(o, s, r, s->n_rels - i, &one)) {
		case 1:
			s->rels[n++] = one;
			i++;
			break;
		case 2:
			i++;
			break;
		default:
			s->rels[n++] = *r;
			break;
		}
	}
	s->n_rels = n;
}

/* The high half at this place of the code, or NULL. */
static const struct elf_rel *high_half(const struct elf_sec *s, uint64_t off)
{
	for (size_t i = elf_sec_first_rel(s, off); i < s->n_rels && s->rels[i].offset == off; i++)
		switch (s->rels[i].type) {
		case R_RISCV_PCREL_HI20:
		case R_RISCV_GOT_HI20:
		case R_RISCV_TLS_GOT_HI20:
		case R_RISCV_TLS_GD_HI20:
			return &s->rels[i];
		}
	return NULL;
}

static uint32_t low_type(uint32_t high, uint32_t low)
{
	if (high == R_RISCV_PCREL_HI20)
		return low;
	if (low != R_RISCV_PCREL_LO12_I) /* nobody stores into a slot */
		return R_SUT_NOT_UNDERSTOOD;
	return high == R_RISCV_GOT_HI20	      ? R_SUT_GOT_LO12_I
	       : high == R_RISCV_TLS_GOT_HI20 ? R_SUT_TLS_IE_LO12_I
					      : R_SUT_TLS_GD_LO12_I;
}

static void join_halves(const struct elf_obj *o, struct elf_sec *s)
{
	for (size_t i = 0; i < s->n_rels; i++) {
		struct elf_rel *r = &s->rels[i];
		const struct elf_sym *y = &o->syms[r->sym];
		const struct elf_rel *hi;

		if (r->type != R_RISCV_PCREL_LO12_I && r->type != R_RISCV_PCREL_LO12_S)
			continue;
		hi = y->shndx == s->idx ? high_half(s, y->value) : NULL;
		r->type = hi ? low_type(hi->type, r->type) : R_SUT_NOT_UNDERSTOOD;
		if (!hi || r->type == R_SUT_NOT_UNDERSTOOD)
			continue;
		r->sym = hi->sym;
		r->addend += hi->addend + (int64_t)(r->offset - hi->offset);
		r->has_anchor = true;
		r->anchor = (uint32_t)hi->offset;
		r->anchor_pc = 0;
	}
}

void riscv64_prepare(struct elf_obj *o)
{
	for (size_t i = 1; i < o->n_secs && o->type == ET_REL; i++) {
		struct elf_sec *s = &o->secs[i];

		if (!(s->flags & SHF_ALLOC))
			continue;
		fill_distances(o, s);
		if (s->flags & SHF_EXECINSTR)
			join_halves(o, s);
	}
}

/*
 * A program's start code gives gp its value, once: auipc gp,hi; addi gp,gp,lo. Libraries do not touch it.
 * Two such places that say different things say nothing.
 */
uint64_t riscv64_start_gp(const struct elf_obj *o)
{
	uint64_t gp = 0;

	for (size_t i = 0; i < o->n_segs; i++) {
		const struct elf_seg *g = &o->segs[i];
		const uint8_t *p;

		if (g->type != PT_LOAD || !(g->flags & PF_X))
			continue;
		p = elf_obj_at(o, g->vaddr, g->filesz);
		for (uint64_t at = 0; p && at + 8 <= g->filesz; at += 2) {
			uint32_t a = get32(p + at), b = get32(p + at + 4);
			uint64_t v = g->vaddr + at + (uint64_t)(imm_u(a) + imm_i(b));

			if ((a & 0xfff) != (X_GP << 7 | OP_AUIPC) || (b & 0xfffff) != (X_GP << 15 | X_GP << 7 | OP_IMM))
				continue;
			if (gp && gp != v)
				return 0;
			gp = v;
		}
	}
	return gp;
}
