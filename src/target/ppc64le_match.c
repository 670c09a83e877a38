// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a linker makes of relocated 64-bit PowerPC code (GNU ld's ppc64_elf_edit_toc and
 * ppc64_elf_tls_optimize, ELF V2 ABI 3.5 and 3.7.4):
 *
 *	addis rX,r2,x@toc@ha		-> nop, where x is within 32 KB of the TOC pointer; then
 *	op rY,x@toc@l(rX)		-> op rY,x@toc@l(r2)
 *	ld rX,.LC0@toc@l(rX)		-> addi rX,rX,x@toc@l, where the slot's symbol has a fixed place
 *	addis r2,r12,; addi r2,r2,	-> lis r2,; addi r2,r2, in a program with a fixed place
 *	bl f; nop			-> bl stub; ld r2,24(r1)
 *	addis rX,r13,x@tprel@ha		-> nop, and r13 in the place of rX
 *	initial exec			-> local exec: nop; addis rX,r13,; addi (or a load) in the place of add
 *	general dynamic			-> initial or local exec: the call becomes add r3,r3,r13 or addi
 *	local dynamic			-> local exec
 *	pld rX,x@got@pcrel		-> pla rX,x@pcrel; the same of a thread-local's slot: paddi
 *
 * A high part that became a nop still tells something: the value is within 32 KB of the base. The other
 * instruction tells the rest. Which of the two things a sequence refers to, a slot or what it holds,
 * only its low part shows; match.c gives both the low one's kind.
 */
#include "target/ppc64le.h"

#include <elf.h>

enum { R2 = 2, TP = 13, ANY = 32 };

static int64_t imm16(uint32_t i)
{
	return (int16_t)(i & ppc_disp_mask(i));
}

static bool whole(struct rel_match *m, uint8_t kind, uint64_t v)
{
	m->kind = kind;
	m->value = v;
	m->part = PART_WHOLE;
	m->bits = 0;
	return true;
}

static bool high(struct rel_match *m, uint8_t kind, uint64_t base, uint32_t i)
{
	m->kind = kind;
	m->part = PART_HI;
	m->bits = 16;
	m->value = base + ((uint64_t)(int64_t)(int16_t)(i & 0xffff) << 16) - 0x8000;
	return true;
}

static bool low(struct rel_match *m, uint8_t kind, uint64_t base, uint32_t i)
{
	m->kind = kind;
	m->part = PART_LO;
	m->bits = 16;
	m->value = (base + (uint64_t)imm16(i)) & 0xffff;
	return true;
}

static bool is_addis(uint32_t i, uint32_t rt, uint32_t ra)
{
	return ppc_op(i) == 15 && (rt == ANY || ppc_rt(i) == rt) && ppc_ra(i) == ra;
}

/* addis rX,base,x@ha: as it is, or a nop. */
static bool match_high(uint32_t o, uint32_t b, uint32_t reg, uint64_t base, uint8_t kind,
		       struct rel_match *m)
{
	if (!is_addis(o, ANY, reg))
		return false;
	if (b == PPC_NOP)
		return high(m, kind, base, 0);
	return (o & 0xffff0000) == (b & 0xffff0000) && high(m, kind, base, b);
}

/* op rY,x@l(rX), or op rY,x(base) once the addis is gone. */
static bool match_low(uint32_t o, uint32_t b, uint32_t reg, uint64_t base, uint8_t kind,
		      struct rel_match *m)
{
	uint32_t mask = ppc_disp_mask(o), gone = (o & ~(31u << 16)) | reg << 16;

	if (((o ^ b) & ~mask) == 0)
		return ppc_ra(o) == reg ? whole(m, kind, base + (uint64_t)imm16(b)) :
					  low(m, kind, base, b);
	return ((gone ^ b) & ~mask) == 0 && whole(m, kind, base + (uint64_t)imm16(b));
}

/* ld rX,slot@l(rX) that reads the slot no more: addi with the address of what it holds. */
static bool match_relaxed(uint32_t o, uint32_t b, uint64_t base, struct rel_match *m)
{
	if (ppc_op(o) != 58 || (o & 3) || ppc_op(b) != 14 || ppc_rt(o) != ppc_rt(b))
		return false;
	if (ppc_ra(b) == R2)
		return whole(m, REL_PC, base + (uint64_t)imm16(b));
	return ppc_ra(b) == ppc_ra(o) && low(m, REL_PC, base, b);
}

/* What of a slot's address gave a thread-local's offset: addis rX,r13,x@tprel@ha, perhaps a nop. */
static bool match_le_high(uint32_t o, uint32_t b, struct rel_match *m)
{
	if (b == PPC_NOP)
		return high(m, REL_TLS_LE, 0, 0);
	return is_addis(b, ppc_rt(o), TP) && high(m, REL_TLS_LE, 0, b);
}

/* The D-form opcode that does what an X-form one does, 0: none. */
static uint32_t d_form(uint32_t i)
{
	static const struct {
		uint16_t xo, op;
	} forms[] = {
		{266, 14 /* add */}, {87, 34 /* lbzx */}, {279, 40 /* lhzx */}, {343, 42 /* lhax */},
		{23, 32 /* lwzx */}, {341, 58 /* lwax */}, {21, 58 /* ldx */}, {215, 38 /* stbx */},
		{407, 44 /* sthx */}, {151, 36 /* stwx */}, {149, 62 /* stdx */}, {535, 48 /* lfsx */},
		{599, 50 /* lfdx */}, {663, 52 /* stfsx */}, {727, 54 /* stfdx */},
	};

	for (size_t k = 0; ppc_op(i) == 31 && k < ARRAY_SIZE(forms); k++)
		if ((i >> 1 & 0x3ff) == forms[k].xo)
			return forms[k].op;
	return 0;
}

/* R_PPC64_TLS: op rX,rY,r13, as it is or with the offset in it. */
static bool match_tls(uint32_t o, uint32_t b, struct rel_match *m)
{
	uint32_t low_bits = (o >> 1 & 0x3ff) == 341 ? 2 : 0; /* lwa shares its opcode with ld */

	if (o == b)
		return whole(m, REL_NONE, 0);
	if (!d_form(o) || ppc_op(b) != d_form(o) || ppc_rt(b) != ppc_rt(o))
		return false;
	if ((ppc_op(b) == 58 || ppc_op(b) == 62) && (b & 3) != low_bits)
		return false;
	if (ppc_ra(b) == TP)
		return whole(m, REL_TLS_LE, (uint64_t)imm16(b));
	return ppc_ra(b) == ppc_ra(o) && low(m, REL_TLS_LE, 0, b);
}

/* The same behind a prefixed instruction, which has the whole offset then: nop, or op rX,0(rY). */
static bool match_tls_34(uint32_t o, uint32_t b, struct rel_match *m)
{
	m->obj_len = m->bin_len = 4;
	m->n_rels = 1;
	if (o == b || (d_form(o) == 14 && ppc_rt(o) == ppc_ra(o) && b == PPC_NOP))
		return whole(m, REL_NONE, 0);
	return match_tls(o, b, m) && ppc_ra(b) == ppc_ra(o) && !imm16(b) && whole(m, REL_NONE, 0);
}

static bool is_after_call(uint32_t i)
{
	return i == PPC_NOP || i == PPC_LD_R2_24;
}

/* b, bl, bc: and behind a call the nop for a linkage stub. */
static bool match_branch(struct target_dis *dis, const uint8_t *obj, size_t obj_n,
			 const uint8_t *bin, size_t n, uint64_t addr, struct rel_match *m)
{
	struct insn oi, bi;

	if (ppc_decode(dis, obj, obj_n, 0, &oi) < 0 || ppc_decode(dis, bin, n, addr, &bi) < 0)
		return false;
	if (!bi.has_target || bi.kind != oi.kind || bi.cond != oi.cond)
		return false;
	if (oi.kind == INSN_CALL && obj_n >= 8 && n >= 8 && get32(obj + 4) == PPC_NOP &&
	    is_after_call(get32(bin + 4)))
		m->obj_len = m->bin_len = 8;
	return whole(m, REL_PLT, bi.target);
}

/* bl __tls_get_addr(x), two relocations, and its nop. */
static bool match_tls_call(struct target_dis *dis, const uint8_t *obj, size_t obj_n,
			   const struct match_rel *r, size_t n_rels, const uint8_t *bin, size_t n,
			   uint64_t addr, struct rel_match *m)
{
	uint32_t b = get32(bin);

	if (n_rels < 2 || r[1].offset != r[0].offset ||
	    (r[1].type != R_PPC64_REL24 && r[1].type != PPC64_REL24_NOTOC))
		return false;
	m->n_rels = 2;
	if (match_branch(dis, obj, obj_n, bin, n, addr, m)) {
		m->has_second = true;
		m->second_kind = REL_PLT;
		m->second = m->value;
		return whole(m, REL_NONE, 0);
	}
	if (r[1].type == R_PPC64_REL24) {
		if (obj_n < 8 || n < 8 || get32(obj + 4) != PPC_NOP || get32(bin + 4) != PPC_NOP)
			return false;
		m->obj_len = m->bin_len = 8;
	}
	if (b == 0x7c636a14) /* add r3,r3,r13 */
		return whole(m, REL_NONE, 0);
	if ((b & 0xffe00000) != 0x38600000) /* addi r3,.. */
		return false;
	if (r[0].type == R_PPC64_TLSLD) /* the block's own start, which is no variable's offset */
		return (ppc_ra(b) == 3 || ppc_ra(b) == TP) && whole(m, REL_NONE, 0);
	if (ppc_ra(b) == TP)
		return whole(m, REL_TLS_LE, (uint64_t)imm16(b));
	return ppc_ra(b) == 3 && low(m, REL_TLS_LE, 0, b);
}

/*
 * What addis r2,r12,; addi r2,r2, make of r2 where r12 is @r12; or lis r2,; addi r2,r2,, which linkers and loaders write
 * where the TOC is near zero.
 */
static bool made_gp(const uint8_t *bin, uint64_t r12, uint64_t *ret)
{
	uint32_t a = get32(bin), b = get32(bin + 4), op = a & 0xffff0000;

	*ret = ((uint64_t)(int64_t)(int16_t)(a & 0xffff) << 16) + (uint64_t)imm16(b);
	if (op == PPC_ADDIS_R2_R12)
		*ret += r12;
	return (b & 0xffff0000) == PPC_ADDI_R2_R2 && (op == PPC_ADDIS_R2_R12 || op == PPC_LIS_R2);
}

/* addis r2,r12,; addi r2,r2,: must give the object's own TOC pointer. */
static bool match_gp(struct target_dis *dis, const uint8_t *obj, size_t obj_n,
		     const struct match_rel *r, size_t n_rels, const uint8_t *bin, size_t n,
		     uint64_t addr, struct rel_match *m)
{
	uint64_t v;

	if (n_rels < 2 || r[1].type != R_PPC64_REL16_LO || r[1].offset != r[0].offset + 4 ||
	    obj_n < 8 || n < 8 || (get32(obj) & 0xffff0000) != PPC_ADDIS_R2_R12 ||
	    (get32(obj + 4) & 0xffff0000) != PPC_ADDI_R2_R2)
		return false;
	/* the addend is how far behind the entry this is */
	if (!made_gp(bin, addr - (uint64_t)r[0].addend, &v))
		return false;
	m->n_rels = 2;
	m->obj_len = m->bin_len = 8;
	return v == dis->gp && whole(m, REL_GP, v);
}

/*
 * The large code model: ld r2,-8(r12); add r2,r2,r12, with the distance to the TOC in front of the function; or
 * what linkers and loaders make of it where that is near.
 */
static bool match_gp_far(struct target_dis *dis, const uint8_t *obj, size_t obj_n, const uint8_t *bin, size_t n,
			 uint64_t addr, struct rel_match *m)
{
	uint64_t v;

	if (obj_n < 8 || n < 8 || get32(obj) != PPC_LD_R2_R12 || get32(obj + 4) != PPC_ADD_R2_R2_R12)
		return false;
	m->obj_len = m->bin_len = 8;
	if (!memcmp(obj, bin, 8))
		return whole(m, REL_NONE, 0);
	return made_gp(bin, addr, &v) && v == dis->gp && whole(m, REL_GP, v);
}

/* Prefixed, relative to the pc (R=1) or with r13. */
static bool match_34(uint8_t kind, const uint8_t *obj, size_t obj_n, const uint8_t *bin, size_t n,
		     uint64_t addr, struct rel_match *m)
{
	uint32_t op, bp, os, bs;
	bool same;

	if (obj_n < 8 || n < 8)
		return false;
	m->obj_len = m->bin_len = 8;
	op = get32(obj) & ~0x3ffffu;
	bp = get32(bin) & ~0x3ffffu;
	os = get32(obj + 4) & 0xffff0000;
	bs = get32(bin + 4) & 0xffff0000;
	same = op == bp && os == bs;
	if (kind == REL_TLS_LE || kind == REL_TLS_DTPOFF)
		return same && whole(m, kind, (uint64_t)ppc_imm34(bin));
	if (same)
		return whole(m, kind, addr + (uint64_t)ppc_imm34(bin));
	/* pld rX,slot@pcrel -> pla rX,x@pcrel, or paddi rX,r13,x@tprel */
	if (op != 0x04100000 || os >> 26 != 57 || ppc_rt(os) != ppc_rt(bs) || bs >> 26 != 14)
		return false;
	if (kind == REL_GOT && bp == 0x06100000 && !ppc_ra(bs))
		return whole(m, REL_PC, addr + (uint64_t)ppc_imm34(bin));
	return kind == REL_TLS_IE && bp == 0x06000000 && ppc_ra(bs) == TP &&
	       whole(m, REL_TLS_LE, (uint64_t)ppc_imm34(bin));
}

bool ppc_match_rel(struct target_dis *dis, const uint8_t *obj, size_t obj_n,
		   const struct match_rel *r, size_t n_rels, const uint8_t *bin, size_t n,
		   uint64_t addr, struct rel_match *m)
{
	const struct rel_info *ri = target_rel(dis->t, r->type);
	uint64_t gp = dis->gp;
	uint32_t o, b;

	memset(m, 0, sizeof(*m));
	if (obj_n < 4 || n < 4)
		return false;
	/* A field is named by its own place, where the instruction begins; prefixed ones likewise. The
	 * marker of a sequence relative to the pc is one byte on. */
	if (r->type == R_PPC64_TLS && r->offset == 1)
		return match_tls_34(get32(obj), get32(bin), m);
	if (r->offset)
		return false;
	o = get32(obj);
	b = get32(bin);
	m->obj_len = m->bin_len = 4;
	m->n_rels = 1;
	switch (r->type) {
	case R_PPC64_NONE:
		return o == b && whole(m, REL_NONE, 0);
	case R_PPC64_REL24:
	case PPC64_REL24_NOTOC:
	case PPC64_REL24_P9NOTOC:
	case R_PPC64_REL14:
	case R_PPC64_REL14_BRTAKEN:
	case R_PPC64_REL14_BRNTAKEN:
		return match_branch(dis, obj, obj_n, bin, n, addr, m);
	case PPC64_ENTRY:
		return match_gp_far(dis, obj, obj_n, bin, n, addr, m);
	case R_PPC64_REL16_HA:
		return match_gp(dis, obj, obj_n, r, n_rels, bin, n, addr, m);
	case R_PPC64_TOC16_HA:
	case R_PPC64_GOT16_HA:
	case R_PPC64_GOT_TPREL16_HA:
	case R_PPC64_GOT_TLSGD16_HA:
		return match_high(o, b, R2, gp, ri->kind, m);
	case R_PPC64_GOT_TLSLD16_HA:
		return match_high(o, b, R2, gp, ri->kind, m);
	case R_PPC64_GOT16:
	case R_PPC64_GOT16_DS:
	case R_PPC64_GOT16_LO:
	case R_PPC64_GOT16_LO_DS:
		return match_low(o, b, R2, gp, REL_GOT, m) || match_relaxed(o, b, gp, m);
	case R_PPC64_TOC16:
	case R_PPC64_TOC16_DS:
	case R_PPC64_TOC16_LO:
	case R_PPC64_TOC16_LO_DS:
		return match_low(o, b, R2, gp, REL_PC, m);
	case R_PPC64_TPREL16_HA:
		return match_high(o, b, TP, 0, REL_TLS_LE, m);
	case R_PPC64_TPREL16:
	case R_PPC64_TPREL16_DS:
	case R_PPC64_TPREL16_LO:
	case R_PPC64_TPREL16_LO_DS:
		return match_low(o, b, TP, 0, REL_TLS_LE, m);
	case R_PPC64_DTPREL16_HA:
		return is_addis(o, ANY, ppc_ra(o)) && (o & 0xffff0000) == (b & 0xffff0000) &&
		       high(m, REL_TLS_DTPOFF, 0, b);
	case R_PPC64_DTPREL16_LO:
	case R_PPC64_DTPREL16_LO_DS:
		return ((o ^ b) & ~ppc_disp_mask(o)) == 0 && low(m, REL_TLS_DTPOFF, 0, b);
	case R_PPC64_DTPREL16:
	case R_PPC64_DTPREL16_DS:
		return ((o ^ b) & ~ppc_disp_mask(o)) == 0 &&
		       whole(m, REL_TLS_DTPOFF, (uint64_t)imm16(b));
	case R_PPC64_GOT_TPREL16_DS:
	case R_PPC64_GOT_TPREL16_LO_DS:
		return match_low(o, b, R2, gp, REL_TLS_IE, m) || match_le_high(o, b, m);
	case R_PPC64_GOT_TLSGD16:
	case R_PPC64_GOT_TLSGD16_LO:
		if (match_low(o, b, R2, gp, REL_TLS_GD, m) || match_le_high(o, b, m))
			return true;
		/* addi r3,r3,pair@l -> ld r3,slot@l(r3) */
		return ppc_op(o) == 14 && match_low((o & ~(63u << 26)) | 58u << 26, b, R2, gp, REL_TLS_IE, m);
	case R_PPC64_GOT_TLSLD16:
	case R_PPC64_GOT_TLSLD16_LO:
		if (match_low(o, b, R2, gp, REL_TLS_LD, m))
			return true;
		return match_le_high(o, b, m) && whole(m, REL_NONE, 0);
	case R_PPC64_TLS:
		return match_tls(o, b, m);
	case R_PPC64_TLSGD:
	case R_PPC64_TLSLD:
		return match_tls_call(dis, obj, obj_n, r, n_rels, bin, n, addr, m);
	case PPC64_PCREL34:
	case PPC64_GOT_PCREL34:
	case PPC64_TPREL34:
	case PPC64_DTPREL34:
	case PPC64_GOT_TPREL_PCREL34:
	case PPC64_GOT_TLSGD_PCREL34:
	case PPC64_GOT_TLSLD_PCREL34:
		/* It may be marked as one half of a pair (R_PPC64_PCREL_OPT) that a linker makes one
		 * instruction of; only where it has not is it found. */
		m->n_rels = n_rels > 1 && r[1].type == PPC64_PCREL_OPT && !r[1].offset ? 2 : 1;
		return match_34(ri->kind, obj, obj_n, bin, n, addr, m);
	default:
		return false;
	}
}
