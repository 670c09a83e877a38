// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Decoding A32 and Thumb-2: lengths, branches, and what is taken from near the pc. Nothing else of an
 * instruction is of interest here, so this is done by its bits (ARM DDI 0406C, chapters A5, A6, A8).
 *
 * Thumb instructions are halfwords, two of them where the first begins with 11101, 11110 or 11111. The
 * pc that an instruction sees is 4 bytes ahead in Thumb, 8 in A32, and rounded down to a word where data
 * is addressed. Code between literals is told from them by the marks of the object's section: linked
 * code has none, and is only looked at beside the object's.
 */
#include "target/arm.h"

static const struct elf_mark *mark_at(const struct elf_sec *s, uint64_t at, uint64_t *ret_next)
{
	size_t lo = 0, hi = s->n_marks;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (s->marks[mid].at <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	*ret_next = lo < s->n_marks ? s->marks[lo].at : UINT64_MAX;
	return lo ? &s->marks[lo - 1] : NULL;
}

static void branch(struct insn *in, enum insn_kind kind, uint64_t target)
{
	in->kind = kind;
	in->has_target = true;
	in->target = (uint32_t)target;
	in->field_len = in->len;
}

/* @form: the instruction without its displacement. */
static void pcrel(struct insn *in, uint64_t target, uint32_t form)
{
	in->kind = INSN_PCREL;
	in->has_target = true;
	in->target = (uint32_t)target;
	in->cond = form;
}

int32_t thumb_branch_get(const uint8_t *p)
{
	uint32_t h1 = get16(p), h2 = get16(p + 2), s = h1 >> 10 & 1;
	uint32_t i1 = !((h2 >> 13 & 1) ^ s), i2 = !((h2 >> 11 & 1) ^ s);

	return arm_sext(s << 24 | i1 << 23 | i2 << 22 | (h1 & 0x3ff) << 12 | (h2 & 0x7ff) << 1, 25);
}

void thumb_branch_put(uint8_t *p, uint32_t second, int32_t d)
{
	uint32_t v = (uint32_t)d, s = v >> 24 & 1;
	uint32_t j1 = !((v >> 23 & 1) ^ s), j2 = !((v >> 22 & 1) ^ s);

	put16(p, 0xf000 | s << 10 | (v >> 12 & 0x3ff));
	put16(p + 2, second | j1 << 13 | j2 << 11 | (v >> 1 & 0x7ff));
}

static void thumb16(struct insn *in, uint32_t h)
{
	uint64_t pc = in->addr + 4, word = pc & ~3ULL;
	uint32_t rm = h >> 3 & 15;

	if (h == 0xbf00 || h == 0x46c0)
		in->kind = INSN_NOP;
	else if ((h & 0xf800) == 0x4800) /* ldr rt, [pc, #imm]: the same as its wide form */
		pcrel(in, word + (h & 0xff) * 4, 0xf85f0000 | (h >> 8 & 7) << 12);
	else if ((h & 0xf800) == 0xa000) /* adr rd, label */
		pcrel(in, word + (h & 0xff) * 4, 0xf20f0000 | (h >> 8 & 7) << 8);
	else if ((h & 0xf800) == 0xe000) /* b */
		branch(in, INSN_JUMP, (pc + (uint64_t)arm_sext(h << 1, 12)) | 1);
	else if ((h & 0xf000) == 0xd000 && (h >> 8 & 15) < 14) { /* b<cond> */
		branch(in, INSN_COND, (pc + (uint64_t)arm_sext(h << 1, 9)) | 1);
		in->cond = h >> 8 & 15;
	} else if ((h & 0xf500) == 0xb100) { /* cbz, cbnz */
		branch(in, INSN_COND, (pc + ((h >> 9 & 1) << 6 | (h >> 3 & 31) << 1)) | 1);
		in->cond = 0x100 | (h & 0x0807);
	} else if ((h & 0xff87) == 0x4700 || (h & 0xff87) == 0x4687) /* bx rm; mov pc, rm */
		in->kind = rm == 14 ? INSN_RET : INSN_JUMP_IND;
	else if ((h & 0xff87) == 0x4487) /* add pc, rm */
		in->kind = INSN_JUMP_IND;
	else if ((h & 0xff87) == 0x4780) /* blx rm */
		in->kind = INSN_CALL_IND;
	else if ((h & 0xff00) == 0xbd00) /* pop {..., pc} */
		in->kind = INSN_RET;
}

static void thumb32(struct insn *in, const uint8_t *p)
{
	uint32_t h1 = get16(p), h2 = get16(p + 2);
	uint64_t pc = in->addr + 4, word = pc & ~3ULL;
	uint32_t imm = (h1 >> 10 & 1) << 11 | (h2 >> 12 & 7) << 8 | (h2 & 0xff);
	bool up = h1 & 0x80;

	if (h1 == 0xf3af && h2 == 0x8000) {
		in->kind = INSN_NOP;
	} else if ((h1 & 0xf800) == 0xf000 && (h2 & 0xd000) == 0xd000) { /* bl */
		branch(in, INSN_CALL, (pc + (uint64_t)thumb_branch_get(p)) | 1);
	} else if ((h1 & 0xf800) == 0xf000 && (h2 & 0xd001) == 0xc000) { /* blx */
		branch(in, INSN_CALL, word + (uint64_t)thumb_branch_get(p));
	} else if ((h1 & 0xf800) == 0xf000 && (h2 & 0xd000) == 0x9000) { /* b.w */
		branch(in, INSN_JUMP, (pc + (uint64_t)thumb_branch_get(p)) | 1);
	} else if ((h1 & 0xf800) == 0xf000 && (h2 & 0xd000) == 0x8000 && (h1 >> 6 & 15) < 14) {
		uint32_t v = (h1 >> 10 & 1) << 20 | (h2 >> 11 & 1) << 19 | (h2 >> 13 & 1) << 18 |
			     (h1 & 0x3f) << 12 | (h2 & 0x7ff) << 1;

		branch(in, INSN_COND, (pc + (uint64_t)arm_sext(v, 21)) | 1); /* b<cond>.w */
		in->cond = h1 >> 6 & 15;
	} else if ((h1 & 0xfe1f) == 0xf81f) { /* ldr, ldrb, ldrh, ldrsb, ldrsh rt, [pc, #imm] */
		pcrel(in, up ? word + (h2 & 0xfff) : word - (h2 & 0xfff),
		      (h1 & ~0x80u) << 16 | (h2 & 0xf000));
	} else if ((h1 & 0xff3f) == 0xed1f && (h2 & 0x0e00) == 0x0a00) { /* vldr */
		pcrel(in, up ? word + (h2 & 0xff) * 4 : word - (h2 & 0xff) * 4,
		      (h1 & ~0x80u) << 16 | (h2 & 0xff00));
	} else if ((h1 & 0xff7f) == 0xe95f) { /* ldrd */
		pcrel(in, up ? word + (h2 & 0xff) * 4 : word - (h2 & 0xff) * 4,
		      (h1 & ~0x80u) << 16 | (h2 & 0xff00));
	} else if (((h1 & 0xfbff) == 0xf20f || (h1 & 0xfbff) == 0xf2af) && !(h2 & 0x8000)) { /* adr */
		pcrel(in, h1 & 0x80 ? word - imm : word + imm, 0xf20f0000 | (h2 & 0x0f00));
	} else if ((h1 & 0xfff0) == 0xe8d0 && (h2 & 0xffe0) == 0xf000) { /* tbb, tbh */
		in->kind = INSN_JUMP_IND;
		in->cond = (h1 & 15) != 15 ? 0 : h2 & 0x10 ? 2 : 1;
	} else if (((h1 & 0xfff0) == 0xf850 || (h1 & 0xfff0) == 0xf8d0) && h2 >> 12 == 15) {
		/* ldr pc, [...]; from the stack with write-back it is a return */
		in->kind = h1 == 0xf85d && (h2 & 0xf00) == 0xb00 ? INSN_RET : INSN_JUMP_IND;
	} else if ((h1 & 0xffd0) == 0xe890 && h2 & 0x8000) { /* ldm with pc */
		in->kind = (h1 & 15) == 13 ? INSN_RET : INSN_JUMP_IND;
	}
}

static uint32_t a32_imm(uint32_t w)
{
	uint32_t v = w & 0xff, r = w >> 7 & 30;

	return r ? v >> r | v << (32 - r) : v;
}

static void a32(struct insn *in, uint32_t w)
{
	uint64_t pc = in->addr + 8;
	uint32_t cond = w >> 28, imm = w & 0xfff, imm8 = (w >> 4 & 0xf0) | (w & 15);
	bool up = w & 1u << 23;

	if (w == 0xe320f000 || w == 0xe1a00000) {
		in->kind = INSN_NOP;
	} else if ((w & 0xfe000000) == 0xfa000000) { /* blx label: bit 24 is half a word */
		branch(in, INSN_CALL,
		       (pc + (uint64_t)arm_sext(w << 2, 26) + (w >> 23 & 2)) | 1);
		in->cond = 14;
	} else if ((w & 0x0e000000) == 0x0a000000) { /* b, bl */
		branch(in, w & 1u << 24 ? INSN_CALL : cond == 14 ? INSN_JUMP : INSN_COND,
		       pc + (uint64_t)arm_sext(w << 2, 26));
		in->cond = cond;
	} else if (cond == 15) {
		return;
	} else if ((w & 0x0f3f0000) == 0x051f0000) { /* ldr, ldrb rt, [pc, #imm] */
		pcrel(in, up ? pc + imm : pc - imm, w & ~0x00800fffu);
	} else if ((w & 0x0f6f0090) == 0x014f0090 && (w & 0x60)) { /* ldrd, ldrh, ldrsb, ldrsh */
		pcrel(in, up ? pc + imm8 : pc - imm8, w & ~0x00800f0fu);
	} else if ((w & 0x0f3f0e00) == 0x0d1f0a00) { /* vldr */
		pcrel(in, up ? pc + (w & 0xff) * 4 : pc - (w & 0xff) * 4, w & ~0x008000ffu);
	} else if ((w & 0x0fff0000) == 0x028f0000 || (w & 0x0fff0000) == 0x024f0000) { /* adr */
		pcrel(in, w & 1u << 23 ? pc + a32_imm(w) : pc - a32_imm(w), (w & 0xf000f000) | 1);
	} else if ((w & 0x0ffffff0) == 0x012fff30) { /* blx rm */
		in->kind = INSN_CALL_IND;
	} else if (cond != 14) {
		return; /* the rest is of interest only where control never goes on behind it */
	} else if ((w & 0x0ffffff0) == 0x012fff10 || (w & 0x0ffffff0) == 0x01a0f000) { /* bx; mov pc */
		in->kind = (w & 15) == 14 ? INSN_RET : INSN_JUMP_IND;
	} else if ((w & 0x0e108000) == 0x08108000) { /* ldm with pc */
		in->kind = (w >> 16 & 15) == 13 ? INSN_RET : INSN_JUMP_IND;
	} else if ((w & 0x0c10f000) == 0x0410f000 || (w & 0x0fe0f010) == 0x0080f000) {
		in->kind = INSN_JUMP_IND; /* ldr pc, ...; add pc, ... */
	}
}

/*
 * A switch whose cases lie on both sides of it, or far away, has a table of words behind it, distances
 * from there: adr rn, table; ldr.w rx, [rn, ri, lsl #2]; add rn, rx; bx rn. Is that the bx at @addr?
 */
static bool ends_switch(const struct elf_sec *s, uint64_t addr)
{
	const uint8_t *p = s->data + addr;
	uint32_t rn = get16(p) >> 3 & 15, add, load;
	struct insn adr = {0};

	if (addr < 10)
		return false;
	add = get16(p - 2);
	load = get16(p - 6);
	if ((add & 0xff00) != 0x4400 || ((add & 7) | (add >> 4 & 8)) != rn || load != (0xf850 | rn) ||
	    (get16(p - 4) & 0x0ff0) != 0x0020 || get16(p - 4) >> 12 != (add >> 3 & 15))
		return false;
	adr.addr = addr - 8;
	adr.len = 2;
	if ((get16(p - 8) & 0xf800) == 0xa000 && (get16(p - 8) >> 8 & 7) == rn) {
		thumb16(&adr, get16(p - 8));
	} else if ((get16(p - 10) & 0xfbff) == 0xf20f && (get16(p - 8) >> 8 & 15) == rn) {
		adr.addr = addr - 10;
		adr.len = 4;
		thumb32(&adr, p - 10);
	}
	return adr.kind == INSN_PCREL && adr.target == ((addr + 2 + 3) & ~3ULL);
}

int arm_decode(struct target_dis *dis, const uint8_t *p, size_t n, uint64_t addr, struct insn *in)
{
	unsigned int isa = dis->isa;

	memset(in, 0, sizeof(*in));
	in->addr = addr;
	if (dis->sec && dis->sec->n_marks) {
		uint64_t next;
		const struct elf_mark *m = mark_at(dis->sec, addr, &next);

		isa = m ? m->isa : ISA_A32;
		n = MIN(n, next - addr);
		if (m && m->is_data && n) {
			in->kind = INSN_DATA;
			in->isa = (uint8_t)isa;
			in->len = addr % 4 == 0 && n >= 4 ? 4 : addr % 2 == 0 && n >= 2 ? 2 : 1;
			return 0;
		}
	}
	in->isa = (uint8_t)isa;
	if (isa == ISA_A32) {
		if (n < 4)
			return -1;
		in->len = 4;
		a32(in, get32(p));
		return 0;
	}
	if (n < 2)
		return -1;
	in->len = get16(p) >= 0xe800 ? 4 : 2;
	if (n < in->len)
		return -1;
	if (in->len == 2)
		thumb16(in, get16(p));
	else
		thumb32(in, p);
	if (in->kind == INSN_JUMP_IND && (get16(p) & 0xff87) == 0x4700 && dis->sec && dis->sec->data &&
	    p == dis->sec->data + addr && ends_switch(dis->sec, addr))
		in->cond = INSN_TABLE_ISA;
	return 0;
}

int arm_literal_reg(const uint8_t *p, const struct insn *in)
{
	uint32_t h1 = get16(p);

	if (in->kind != INSN_PCREL)
		return -1;
	if (in->isa == ISA_A32)
		return (get32(p) & 0x0f7f0000) == 0x051f0000 ? (int)(get32(p) >> 12 & 15) : -1;
	if (in->len == 2)
		return (h1 & 0xf800) == 0x4800 ? (int)(h1 >> 8 & 7) : -1;
	return (h1 & 0xff7f) == 0xf85f ? (int)(get16(p + 2) >> 12) : -1;
}

int arm_anchor_reg(const uint8_t *p, const struct insn *in, uint8_t *ret_pc)
{
	uint32_t w;

	if (in->isa == ISA_THUMB) {
		w = get16(p);
		*ret_pc = 4;
		/* add rd, pc */
		return in->len == 2 && (w & 0xff78) == 0x4478 ? (int)((w & 7) | (w >> 4 & 8)) : -1;
	}
	if (in->len != 4 || in->kind == INSN_DATA)
		return -1;
	w = get32(p);
	*ret_pc = 8;
	if ((w & 0x0fff0ff0) == 0x008f0000 ||	/* add rd, pc, rm */
	    (w & 0x0f8f0ff0) == 0x078f0000 ||	/* ldr, str rt, [pc, rm] and of bytes */
	    (w & 0x0fcf0f90) == 0x018f0090)	/* ldrh, ldrsb, ldrsh, ldrd, strh rt, [pc, rm] */
		return (int)(w & 15);
	if ((w & 0x0ff00fff) == 0x0080000f)	/* add rd, rn, pc */
		return (int)(w >> 16 & 15);
	return -1;
}
