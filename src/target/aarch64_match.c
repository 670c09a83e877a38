// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What linkers make of relocated arm64 code (aarch64_match_rel() accepts exactly these):
 *
 *	adrp xN, :got:s; ldr xN, [..]	adrp xN, s; add xN, xN, :lo12:s		lld, mold
 *	adrp xN, s; add xN, xN, ..	nop; adr xN, s				lld, both of these
 *	adrp xN, s			adr xN, page of s		GNU ld, erratum 843419
 *	TLS descriptor (adrp, ldr, add, blr)	adrp, ldr, nop, nop (initial exec)
 *						movz, movk, nop, nop (local exec)
 *	general dynamic (adrp, add, bl, nop)	adrp, ldr, mrs, add, or movz, movk, mrs, add
 *	initial exec (adrp .. ldr)	movz .. movk
 *	load or store			b to a veneer: that instruction, b back	erratum 843419, lld, and GNU ld where
 *									adr does not reach
 *	multiply and accumulate		the same				erratum 835769
 *	b, bl				the same, to a veneer that goes on	where the target is out of reach
 *
 * A veneer may use x16 and x17. Its forms: adrp, add, br; ldr, br with the address behind; and GNU ld's ldr, adr,
 * add, br with the distance behind. A veneer of nothing but b cannot be told from a function that is a
 * tail call, so what calls by way of one matches nothing. Behind `bti c` it is the same.
 */
#include "target/aarch64.h"

#include <elf.h>

static bool same_but(uint32_t a, uint32_t b, uint32_t mask)
{
	return !((a ^ b) & ~mask);
}

static bool tell(struct rel_match *m, enum rel_kind kind, enum rel_part part, unsigned int bits, uint64_t v)
{
	m->kind = (uint8_t)kind;
	m->part = (uint8_t)part;
	m->bits = (uint8_t)bits;
	m->value = v;
	return true;
}

/* The sequence as linked takes as many bytes as in the object. */
static bool tell_all(struct rel_match *m, unsigned int len, unsigned int n_rels, enum rel_kind kind,
		     uint64_t v)
{
	m->obj_len = m->bin_len = (uint8_t)len;
	m->n_rels = (uint8_t)n_rels;
	return tell(m, kind, PART_WHOLE, 0, v);
}

static uint64_t adrp_page(uint32_t w, uint64_t addr)
{
	return (addr & ~0xfffull) + (uint64_t)(adr_imm(w) * 4096);
}

static uint32_t imm12(uint32_t w)
{
	return w >> 10 & 0xfff;
}

static uint32_t imm16(uint32_t w)
{
	return w >> 5 & 0xffff;
}

/* movz reg, #imm, lsl 16 */
static bool is_movz16(uint32_t w, uint32_t reg)
{
	return (w & 0xffe0001f) == (0xd2a00000 | reg);
}

/* movk reg, #imm */
static bool is_movk(uint32_t w, uint32_t reg)
{
	return (w & 0xffe0001f) == (0xf2800000 | reg);
}

/* ldr Xt, [Xn, #imm] */
static bool is_ldr(uint32_t w, uint32_t rt, uint32_t rn)
{
	return (w & 0xffc003ff) == (0xf9400000 | rn << 5 | rt);
}

/* The relocations of a sequence whose instructions stand together. */
static bool follows(const struct match_rel *r, size_t n_rels, size_t i, uint32_t type)
{
	return i < n_rels && r[i].type == type && r[i].offset == 4 * i;
}

struct words {
	uint32_t o[4], b[4];	/* of the object, of the linked code */
	size_t n_o, n_b;	/* how many there are */
	uint64_t addr;
};

static bool match_desc(const struct words *w, const struct match_rel *r, size_t n, struct rel_match *m)
{
	uint32_t fn = w->o[1] & 0x1f;

	if (w->n_o < 4 || w->n_b < 4 || !follows(r, n, 1, R_AARCH64_TLSDESC_LD64_LO12) ||
	    !follows(r, n, 2, R_AARCH64_TLSDESC_ADD_LO12) || !follows(r, n, 3, R_AARCH64_TLSDESC_CALL))
		return false;
	if (is_adrp(w->b[0]) && same_but(w->o[0], w->b[0], MASK_ADR)) {
		uint64_t page = adrp_page(w->b[0], w->addr);

		if (same_but(w->o[1], w->b[1], MASK_IMM12) && same_but(w->o[2], w->b[2], MASK_IMM12) &&
		    w->o[3] == w->b[3] && imm12(w->b[1]) * 8 == imm12(w->b[2]))
			return tell_all(m, 16, 4, REL_TLS_DESC, page + imm12(w->b[2]));
		if (is_ldr(w->b[1], 0, 0) && w->b[2] == INS_NOP && w->b[3] == INS_NOP)
			return tell_all(m, 16, 4, REL_TLS_IE, page + imm12(w->b[1]) * 8);
		return false;
	}
	return (w->o[0] & 0x1f) == 0 && fn != 31 && is_movz16(w->b[0], 0) && is_movk(w->b[1], 0) &&
	       w->b[2] == INS_NOP && w->b[3] == INS_NOP &&
	       tell_all(m, 16, 4, REL_TLS_LE, (uint64_t)imm16(w->b[0]) << 16 | imm16(w->b[1]));
}

/* adrp x0; add x0, x0; bl __tls_get_addr; nop */
static bool match_gd(const struct words *w, const struct match_rel *r, size_t n, struct rel_match *m)
{
	if (w->n_o < 4 || w->n_b < 4 || !follows(r, n, 1, R_AARCH64_TLSGD_ADD_LO12_NC) ||
	    !follows(r, n, 2, R_AARCH64_CALL26) || w->o[3] != INS_NOP)
		return false;
	if (is_adrp(w->b[0]) && same_but(w->o[0], w->b[0], MASK_ADR)) {
		uint64_t page = adrp_page(w->b[0], w->addr);

		if (same_but(w->o[1], w->b[1], MASK_IMM12) && same_but(w->o[2], w->b[2], MASK_IMM26) &&
		    w->b[3] == INS_NOP)
			return tell_all(m, 16, 3, REL_TLS_GD, page + imm12(w->b[1]));
		return is_ldr(w->b[1], 0, 0) && w->b[2] == INS_MRS_TP_X1 && w->b[3] == INS_ADD_X0_X1_X0 &&
		       tell_all(m, 16, 3, REL_TLS_IE, page + imm12(w->b[1]) * 8);
	}
	return is_movz16(w->b[0], 0) && is_movk(w->b[1], 0) && w->b[2] == INS_MRS_TP_X1 &&
	       w->b[3] == INS_ADD_X0_X1_X0 &&
	       tell_all(m, 16, 3, REL_TLS_LE, (uint64_t)imm16(w->b[0]) << 16 | imm16(w->b[1]));
}

/* adrp x0; add x0, x0; bl __tls_get_addr; nop: of the module alone */
static bool match_ld(const struct words *w, const struct match_rel *r, size_t n, struct rel_match *m)
{
	if (w->n_o < 4 || w->n_b < 4 || !follows(r, n, 1, R_AARCH64_TLSLD_ADD_LO12_NC) ||
	    !follows(r, n, 2, R_AARCH64_CALL26) || w->o[3] != INS_NOP)
		return false;
	if (is_adrp(w->b[0]) && same_but(w->o[0], w->b[0], MASK_ADR))
		return same_but(w->o[1], w->b[1], MASK_IMM12) &&
		       same_but(w->o[2], w->b[2], MASK_IMM26) && w->b[3] == INS_NOP &&
		       tell_all(m, 16, 3, REL_TLS_LD, adrp_page(w->b[0], w->addr) + imm12(w->b[1]));
	/* mrs x0, tpidr_el0; add x0, x0, #16; nop; nop */
	return w->b[0] == INS_MRS_TP_X0 && (w->b[1] & ~MASK_IMM12) == 0x91000000 &&
	       w->b[2] == INS_NOP && w->b[3] == INS_NOP && tell_all(m, 16, 3, REL_TLS_LE, 0);
}

/* adrp xN, :got:s; ldr xT, [xN, :got_lo12:s] side by side: linkers that relax look at such pairs. */
static bool match_got_pair(const struct words *w, struct rel_match *m)
{
	uint32_t page_reg = w->o[0] & 0x1f, reg = w->o[1] & 0x1f;
	uint64_t page = adrp_page(w->b[0], w->addr);

	/* adr xN, page of the slot; ldr xT, [xN, ..] */
	if (is_adr(w->b[0]) && w->n_b > 1 && (w->b[0] & 0x1f) == page_reg &&
	    same_but(w->o[1], w->b[1], MASK_IMM12)) {
		page = w->addr + (uint64_t)adr_imm(w->b[0]);
		return !(page & 0xfff) && tell_all(m, 8, 2, REL_GOT, page + imm12(w->b[1]) * 8);
	}
	if (is_adr(w->b[0])) { /* nop; adr xT, s: the nop was skipped as padding */
		m->obj_len = 8;
		m->n_rels = 2;
		return (w->b[0] & 0x1f) == reg &&
		       tell(m, REL_PC, PART_WHOLE, 0, w->addr + (uint64_t)adr_imm(w->b[0]));
	}
	if (w->n_b < 2 || !is_adrp(w->b[0]))
		return false;
	if (same_but(w->o[0], w->b[0], MASK_ADR) && same_but(w->o[1], w->b[1], MASK_IMM12))
		return tell_all(m, 8, 2, REL_GOT, page + imm12(w->b[1]) * 8);
	return is_add_imm(w->b[1]) && !(w->b[1] >> 22 & 1) && (w->b[1] & 0x1f) == reg &&
	       (w->b[1] >> 5 & 0x1f) == (w->b[0] & 0x1f) &&
	       ((w->b[0] & 0x1f) == reg || (w->b[0] & 0x1f) == page_reg) &&
	       tell_all(m, 8, 2, REL_PC, page + imm12(w->b[1]));
}

static bool match_hi(const struct words *w, const struct match_rel *r, size_t n, struct rel_match *m)
{
	const struct rel_info *ri = target_rel(&target_aarch64, r->type);
	uint64_t v;

	if (r->type == R_AARCH64_ADR_GOT_PAGE && w->n_o > 1 &&
	    follows(r, n, 1, R_AARCH64_LD64_GOT_LO12_NC))
		return match_got_pair(w, m);
	if (same_but(w->o[0], w->b[0], MASK_ADR) && is_adrp(w->b[0]))
		return tell(m, ri->kind, PART_HI, 12, adrp_page(w->b[0], w->addr));
	if (ri->kind == REL_TLS_IE)
		return is_movz16(w->b[0], w->o[0] & 0x1f) &&
		       tell(m, REL_TLS_LE, PART_HI, 16, (uint64_t)imm16(w->b[0]) << 16);
	if (ri->kind != REL_PC || !is_adr(w->b[0]) || (w->b[0] & 0x1f) != (w->o[0] & 0x1f))
		return false;
	v = w->addr + (uint64_t)adr_imm(w->b[0]);
	if (!(v & 0xfff) && !(w->n_o > 1 && w->n_b > 1 && is_add_imm(w->o[1]) &&
			      !same_but(w->o[1], w->b[1], MASK_IMM12)))
		return tell(m, ri->kind, PART_HI, 12, v);
	/* nop; adr xN, s */
	m->obj_len = 8;
	m->n_rels = 2;
	return w->n_o > 1 && follows(r, n, 1, R_AARCH64_ADD_ABS_LO12_NC) &&
	       (w->o[1] & 0x3ff) == ((w->o[0] & 0x1f) << 5 | (w->o[0] & 0x1f)) &&
	       tell(m, REL_PC, PART_WHOLE, 0, v);
}

static bool match_lo(const struct words *w, const struct match_rel *r, struct rel_match *m)
{
	const struct rel_info *ri = target_rel(&target_aarch64, r->type);
	int scale = lo12_scale(r->type);

	/* The low part of an address belongs to a high one that counts from the pc. */
	if (scale >= 0 && same_but(w->o[0], w->b[0], MASK_IMM12))
		return tell(m, ri->kind == REL_ABS ? REL_PC : ri->kind, PART_LO, 12, (uint64_t)imm12(w->b[0]) << scale);
	if (r->type == R_AARCH64_TLSLE_MOVW_TPREL_G0_NC && same_but(w->o[0], w->b[0], MASK_MOV16))
		return tell(m, ri->kind, PART_LO, 16, imm16(w->b[0]));
	return ri->kind == REL_TLS_IE && is_movk(w->b[0], w->o[0] & 0x1f) &&
	       tell(m, REL_TLS_LE, PART_LO, 16, imm16(w->b[0]));
}

static bool match_tls_hi(const struct words *w, const struct match_rel *r, struct rel_match *m)
{
	const struct rel_info *ri = target_rel(&target_aarch64, r->type);

	if (r->type == R_AARCH64_TLSLE_MOVW_TPREL_G1)
		return same_but(w->o[0], w->b[0], MASK_MOV16) &&
		       tell(m, ri->kind, PART_HI, 16, (uint64_t)imm16(w->b[0]) << 16);
	return same_but(w->o[0], w->b[0], MASK_IMM12) &&
	       tell(m, ri->kind, PART_HI, 12, (uint64_t)imm12(w->b[0]) << 12);
}

/* movz|movk xN, #:abs_g3:s .. g0_nc: the large model, when all four stand together. */
static bool match_movw(const struct words *w, const struct match_rel *r, size_t n, struct rel_match *m)
{
	uint64_t v = 0;

	for (size_t i = 0; i < 4; i++) {
		if (i >= n || i >= w->n_o || i >= w->n_b || r[i].offset != 4 * i ||
		    !same_but(w->o[i], w->b[i], MASK_MOV16))
			return false;
		if (r[i].type < R_AARCH64_MOVW_UABS_G0 || r[i].type > R_AARCH64_MOVW_UABS_G3)
			return false;
		v |= (uint64_t)imm16(w->b[i]) << 16 * (w->b[i] >> 21 & 3);
	}
	return tell_all(m, 16, 4, REL_ABS, v);
}

static bool match_branch(const struct words *w, uint32_t type, struct rel_match *m)
{
	uint32_t mask = type == R_AARCH64_CONDBR19 || type == R_AARCH64_LD_PREL_LO19 ? MASK_IMM19 :
			type == R_AARCH64_TSTBR14 ? MASK_IMM14 :
			type == R_AARCH64_ADR_PREL_LO21 ? MASK_ADR : MASK_IMM26;
	int64_t d = mask == MASK_IMM19 ? sext(w->b[0] >> 5 & 0x7ffff, 19) * 4 :
		    mask == MASK_IMM14 ? sext(w->b[0] >> 5 & 0x3fff, 14) * 4 :
		    mask == MASK_ADR ? adr_imm(w->b[0]) : sext(w->b[0] & MASK_IMM26, 26) * 4;

	m->value = w->addr + (uint64_t)d;
	return same_but(w->o[0], w->b[0], mask);
}

/* Code of the linker's at @addr that goes on where a branch does not reach. */
uint64_t aarch64_follow(uint64_t addr, const uint8_t *p, size_t n)
{
	uint32_t w[5] = {0};
	uint64_t v;

	if (n >= 4 && get32(p) == INS_BTI_C) {
		p += 4;
		n -= 4;
		addr += 4;
	}
	for (size_t i = 0; i < ARRAY_SIZE(w) && n >= 4 * i + 4; i++)
		w[i] = get32(p + 4 * i);
	/* adrp x16, s; add x16, x16, :lo12:s; br x16 */
	if (is_adrp(w[0]) && (w[0] & 0x1f) == 16 && (w[1] & ~MASK_IMM12) == 0x91000210 && w[2] == 0xd61f0200)
		return adrp_page(w[0], addr) + imm12(w[1]);
	/* ldr x16, .+8; br x16; its address */
	if (w[0] == 0x58000050 && w[1] == 0xd61f0200 && n >= 16) {
		memcpy(&v, p + 8, 8);
		return v;
	}
	/* ldr x16, .+16; adr x17, .; add x16, x16, x17; br x16; how far it is from the adr */
	if (w[0] == 0x58000090 && w[1] == 0x10000011 && w[2] == 0x8b110210 && w[3] == 0xd61f0200 && n >= 24) {
		memcpy(&v, p + 16, 8);
		return addr + 4 + v;
	}
	return 0;
}

uint64_t aarch64_moved(struct target_dis *dis, const uint8_t *p, size_t n, uint64_t addr, uint8_t out[TARGET_MAX_JUMP])
{
	uint64_t to, left = 0;
	const uint8_t *q;
	struct insn in;

	if (n < 4 || (get32(p) & ~MASK_IMM26) != 0x14000000 || !dis->code)
		return 0;
	to = addr + (uint64_t)(sext(get32(p) & MASK_IMM26, 26) * 4);
	q = dis->code(dis->code_ctx, to, &left);
	if (!q || left < 8 || (get32(q + 4) & ~MASK_IMM26) != 0x14000000 ||
	    to + 4 + (uint64_t)(sext(get32(q + 4) & MASK_IMM26, 26) * 4) != addr + 4)
		return 0;
	/* What depends on where it stands cannot be moved. */
	if (target_aarch64.decode(dis, q, 4, to, &in) < 0 || in.kind != INSN_OTHER || in.has_target || is_adrp(get32(q)))
		return 0;
	memcpy(out, q, 4);
	return to;
}

bool aarch64_match_rel(struct target_dis *dis, const uint8_t *obj, size_t obj_n,
		       const struct match_rel *r, size_t n_rels, const uint8_t *bin, size_t n,
		       uint64_t addr, struct rel_match *ret)
{
	const struct rel_info *ri = target_rel(&target_aarch64, r->type);
	struct words w = {.addr = addr};

	memset(ret, 0, sizeof(*ret));
	for (; w.n_o < 4 && obj_n >= 4 * w.n_o + 4; w.n_o++)
		w.o[w.n_o] = get32(obj + 4 * w.n_o);
	for (; w.n_b < 4 && n >= 4 * w.n_b + 4; w.n_b++)
		w.b[w.n_b] = get32(bin + 4 * w.n_b);
	if (!w.n_o || !w.n_b || r->offset)
		return false;
	ret->obj_len = ret->bin_len = 4;
	ret->kind = ri->kind;
	ret->n_rels = 1;
	switch (r->type) {
	case R_AARCH64_TLSDESC_ADR_PAGE21:
		return match_desc(&w, r, n_rels, ret);
	case R_AARCH64_TLSGD_ADR_PAGE21:
		return match_gd(&w, r, n_rels, ret);
	case R_AARCH64_TLSLD_ADR_PAGE21:
		return match_ld(&w, r, n_rels, ret);
	case R_AARCH64_CALL26:
	case R_AARCH64_JUMP26:
	case R_AARCH64_CONDBR19:
	case R_AARCH64_TSTBR14:
	case R_AARCH64_ADR_PREL_LO21:
	case R_AARCH64_LD_PREL_LO19:
		return match_branch(&w, r->type, ret);
	case R_AARCH64_MOVW_UABS_G3:
	case R_AARCH64_MOVW_UABS_G0_NC:
		return match_movw(&w, r, n_rels, ret);
	case R_AARCH64_TLSLE_ADD_TPREL_HI12:
	case R_AARCH64_TLSLD_ADD_DTPREL_HI12:
	case R_AARCH64_TLSLE_MOVW_TPREL_G1:
		return match_tls_hi(&w, r, ret);
	case R_AARCH64_NONE:
		return w.o[0] == w.b[0];
	default:
		break;
	}
	if (ri->part == PART_HI)
		return match_hi(&w, r, n_rels, ret);
	if (ri->part == PART_LO)
		return match_lo(&w, r, ret);
	/* A literal among the code. */
	if (ri->kind == REL_ABS && ri->size == 8 && n >= 8 && obj_n >= 8) {
		memcpy(&ret->value, bin, 8);
		ret->obj_len = ret->bin_len = 8;
		return true;
	}
	return false;
}
