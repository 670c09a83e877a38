// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Objects as ARM assemblers write them, brought into the form that the rest works with.
 *
 *  - Bit 0 of a function symbol's value says that it is Thumb code (AAELF32, "Symbol values"). It is
 *    moved to the symbol's isa.
 *  - Mapping symbols $a, $t, $d say where A32 code, Thumb code and data begin in a section of code.
 *    They become marks of the section.
 *  - Relocations are REL: the addend is in the field, encoded as the instruction wants it. It is read
 *    from there, and the field is made zero, so that equal instructions have equal bytes.
 *  - Position-independent code has no PC-relative loads of far data. A literal holds a distance,
 *		ldr	r3, .L1		.L1: .word sym - (.LPIC0 + 4)
 *	.LPIC0:	add	r3, pc
 *    so the addend depends on where the literal and the `add` lie, and not on what is referred to alone.
 *    The `add` is the relocation's anchor. Its label is not in the object, so it is looked for: what is
 *    loaded from the literal is added to the pc in the next such instruction on that register, unless
 *    the addend contradicts it. Slots of the GOT have no offset: there the addend alone tells.
 *    A TLS descriptor's distance is from the return address of the call (bl) that uses it. The addend is the
 *    distance of the literal from the call, with bit 0 where the call is Thumb code.
 *    A literal whose anchor is not found is not understood, and its relocation gets a type that is
 *    refused wherever it matters.
 */
#include "target/arm.h"

#include <stdlib.h>

enum { R_NOT_UNDERSTOOD = 0x100 };	/* no type has this number: they have eight bits */

static int cmp_mark(const void *a, const void *b)
{
	const struct elf_mark *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static void read_symbols(struct elf_obj *o)
{
	for (size_t i = 1; i < o->n_syms; i++) {
		struct elf_sym *y = &o->syms[i];
		struct elf_sec *s = y->shndx < o->n_secs ? &o->secs[y->shndx] : NULL;
		char c = y->name[0] == '$' ? y->name[1] : 0;
		struct elf_mark *m;

		if (y->type == STT_FUNC || y->type == STT_GNU_IFUNC) {
			y->isa = y->value & 1;
			y->value &= ~1ULL;
		}
		if (o->type != ET_REL || !s || !(s->flags & SHF_EXECINSTR) ||
		    (c != 'a' && c != 't' && c != 'd') || (y->name[2] && y->name[2] != '.'))
			continue;
		m = VEC_PUSH(s->marks, s->n_marks, s->cap_marks);
		m->at = (uint32_t)y->value;
		m->isa = c == 't' ? ISA_THUMB : ISA_A32;
		m->is_data = c == 'd';
	}
	for (size_t i = 1; i < o->n_secs; i++) {
		struct elf_sec *s = &o->secs[i];

		if (s->n_marks)
			qsort(s->marks, s->n_marks, sizeof(*s->marks), cmp_mark);
		/* Data belongs to the code before it. */
		for (size_t k = 1; k < s->n_marks; k++)
			if (s->marks[k].is_data)
				s->marks[k].isa = s->marks[k - 1].isa;
	}
}

/* The addend that is in a field, and the field without it. */
static int64_t take_addend(uint32_t type, uint8_t *p)
{
	uint32_t h1 = get16(p), h2, w;
	int32_t v;

	switch (type) {
	case R_ARM_THM_PC22: /* R_ARM_THM_CALL */
	case R_ARM_THM_JUMP24:
	case R_ARM_THM_TLS_CALL:
		v = thumb_branch_get(p);
		h2 = get16(p + 2);
		put16(p, h1 & 0xf800);
		put16(p + 2, h2 & 0xd000);
		return v;
	case R_ARM_THM_JUMP19:
		h2 = get16(p + 2);
		v = arm_sext((h1 >> 10 & 1) << 20 | (h2 >> 11 & 1) << 19 | (h2 >> 13 & 1) << 18 |
				     (h1 & 0x3f) << 12 | (h2 & 0x7ff) << 1, 21);
		put16(p, h1 & 0xfbc0);
		put16(p + 2, h2 & 0xd000);
		return v;
	case R_ARM_THM_PC11: /* R_ARM_THM_JUMP11 */
		put16(p, h1 & 0xf800);
		return arm_sext(h1 << 1, 12);
	case R_ARM_THM_PC9: /* R_ARM_THM_JUMP8 */
		put16(p, h1 & 0xff00);
		return arm_sext(h1 << 1, 9);
	case R_ARM_CALL:
	case R_ARM_JUMP24:
	case R_ARM_PLT32:
	case R_ARM_PC24:
	case R_ARM_TLS_CALL:
		w = get32(p);
		put32(p, w & 0xff000000);
		return arm_sext(w << 2, 26);
	case R_ARM_THM_MOVW_ABS_NC:
	case R_ARM_THM_MOVT_ABS:
		h2 = get16(p + 2);
		v = (int16_t)((h1 & 15) << 12 | (h1 >> 10 & 1) << 11 | (h2 >> 12 & 7) << 8 | (h2 & 0xff));
		put16(p, h1 & 0xfbf0);
		put16(p + 2, h2 & 0x8f00);
		return v;
	case R_ARM_MOVW_ABS_NC:
	case R_ARM_MOVT_ABS:
		w = get32(p);
		put32(p, w & 0xfff0f000);
		return (int16_t)((w >> 4 & 0xf000) | (w & 0xfff));
	case R_ARM_PREL31:
		w = get32(p);
		put32(p, w & 0x80000000);
		return arm_sext(w, 31);
	default:
		w = get32(p);
		put32(p, 0);
		return (int32_t)w;
	}
}

static void read_addends(struct elf_obj *o, struct elf_sec *s)
{
	if (!s->data || !s->rel_idx || o->secs[s->rel_idx].type != SHT_REL || !(s->flags & SHF_ALLOC))
		return;
	for (size_t i = 0; i < s->n_rels; i++) {
		struct elf_rel *r = &s->rels[i];
		const struct rel_info *ri = target_rel(&target_arm, r->type);

		/* What libelf gave is a copy of ours, or our own copy of the file. */
		if (ri->size && r->offset + MAX(ri->size, (uint8_t)2) <= s->size)
			r->addend = take_addend(r->type, (uint8_t *)s->data + r->offset);
	}
}

struct load {		/* of a literal */
	uint32_t at, literal;
	int reg;
};
struct anchor {
	uint32_t at;
	int reg;
	uint8_t pc;
};
struct pairing {
	struct load *loads;
	struct anchor *anchors;
	size_t n_loads, cap_loads, n_anchors, cap_anchors;
};

static void find_pairs(struct pairing *pr, const struct elf_sec *s)
{
	struct target_dis dis = {.t = &target_arm, .sec = s};

	for (uint64_t at = 0; at < s->size;) {
		const uint8_t *p = s->data + at;
		struct insn in;
		uint8_t pc;
		int reg;

		if (arm_decode(&dis, p, s->size - at, at, &in) < 0) {
			at += 2;
			continue;
		}
		reg = arm_literal_reg(p, &in);
		if (reg >= 0)
			*VEC_PUSH(pr->loads, pr->n_loads, pr->cap_loads) =
				(struct load){(uint32_t)at, (uint32_t)in.target, reg};
		reg = arm_anchor_reg(p, &in, &pc);
		if (reg >= 0)
			*VEC_PUSH(pr->anchors, pr->n_anchors, pr->cap_anchors) =
				(struct anchor){(uint32_t)at, reg, pc};
		at += in.len;
	}
}

/* Where in its symbol the reference points with this anchor. */
static int64_t offset_with(const struct elf_rel *r, const struct anchor *a)
{
	return (int32_t)(r->addend + a->at + a->pc - (int64_t)r->offset);
}

static bool is_plausible(const struct elf_obj *o, const struct elf_rel *r, const struct anchor *a,
			 bool exact)
{
	const struct elf_sym *y = &o->syms[r->sym];
	int64_t off = offset_with(r, a);

	if (exact || y->shndx == SHN_UNDEF || y->shndx >= o->n_secs)
		return off == 0 || (!exact && off > -4096 && off < 1 << 24);
	off += (int64_t)y->value;
	return off >= -4096 && off <= (int64_t)o->secs[y->shndx].size + 4096;
}

static const struct anchor *find_anchor(const struct elf_obj *o, const struct pairing *pr,
					const struct elf_rel *r, bool exact)
{
	const struct anchor *hit = NULL;
	size_t n = 0;

	for (size_t i = 0; i < pr->n_anchors && exact; i++)
		if (!offset_with(r, &pr->anchors[i]))
			return &pr->anchors[i];
	/* The next one that uses what was loaded. */
	for (size_t k = 0; k < pr->n_loads; k++) {
		const struct load *l = &pr->loads[k];

		if (l->literal != r->offset)
			continue;
		for (size_t i = 0; i < pr->n_anchors; i++) {
			const struct anchor *a = &pr->anchors[i];

			if (a->at <= l->at || a->reg != l->reg)
				continue;
			if (is_plausible(o, r, a, exact))
				return a;
			break;
		}
	}
	/* Moved to another register, or to code that lies before: the only one that makes sense. */
	for (size_t i = 0; i < pr->n_anchors; i++)
		if (!offset_with(r, &pr->anchors[i])) {
			hit = &pr->anchors[i];
			n++;
		}
	return n == 1 ? hit : NULL;
}

/* The call of a TLS descriptor as the anchor of its literal. */
static bool descriptor_anchor(const struct elf_sec *s, struct elf_rel *r)
{
	uint32_t want = r->addend & 1 ? R_ARM_THM_TLS_CALL : R_ARM_TLS_CALL;
	int64_t d = r->addend & ~1ll;

	for (size_t i = 0; i < s->n_rels; i++) {
		const struct elf_rel *c = &s->rels[i];

		if (c->type != want || c->sym != r->sym || (int64_t)r->offset - (int64_t)c->offset != d)
			continue;
		r->has_anchor = true;
		r->anchor = (uint32_t)c->offset;
		/* lr has bit 0 set in Thumb code */
		r->anchor_pc = r->addend & 1 ? 5 : 4;
		r->addend = d - r->anchor_pc;
		return true;
	}
	return false;
}

static void read_anchors(const struct elf_obj *o, struct elf_sec *s)
{
	struct pairing pr = {0};

	if (!s->data || !s->n_marks)
		return;
	for (size_t i = 0; i < s->n_rels; i++) {
		struct elf_rel *r = &s->rels[i];
		const struct anchor *a;
		bool exact = r->type != R_ARM_REL32;

		if (r->type == R_ARM_TLS_GOTDESC) {
			if (!descriptor_anchor(s, r))
				r->type = R_NOT_UNDERSTOOD;
			continue;
		}
		if (exact && r->type != R_ARM_GOT_PREL && r->type != R_ARM_GOTPC &&
		    r->type != R_ARM_TLS_IE32 && r->type != R_ARM_TLS_GD32 && r->type != R_ARM_TLS_LDM32)
			continue;
		if (!pr.n_anchors)
			find_pairs(&pr, s);
		a = find_anchor(o, &pr, r, exact);
		if (a) {
			r->has_anchor = true;
			r->anchor = a->at;
			r->anchor_pc = a->pc;
		} else {
			r->type = R_NOT_UNDERSTOOD;
		}
	}
	free(pr.loads);
	free(pr.anchors);
}

void arm_prepare(struct elf_obj *o)
{
	read_symbols(o);
	for (size_t i = 1; i < o->n_secs && o->type == ET_REL; i++) {
		read_addends(o, &o->secs[i]);
		if (o->secs[i].flags & SHF_EXECINSTR)
			read_anchors(o, &o->secs[i]);
	}
}
