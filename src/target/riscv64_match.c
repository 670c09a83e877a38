// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What linkers make of relocated RISC-V code (riscv64_match_rel() accepts exactly these). They leave
 * instructions out and make others shorter, so what was 8 bytes may have become 4, 2, or none:
 *
 *	auipc+jalr (call, tail)		jal			within 1 MB
 *					c.j			a tail call, within 2 KB
 *					jalr rd,lo(zero)	of an address near 0
 *	auipc  %pcrel_hi(s)		nothing, and		near gp, or near 0
 *	   op  %pcrel_lo, on rd		   op  lo(gp|zero)
 *	lui    %hi(s)			nothing, and the same for %lo; or c.lui
 *	lui    %tprel_hi(s)		nothing			near tp
 *	   add rd,rd,tp,%tprel_add(s)	nothing
 *	   op  %tprel_lo(s)(rd)		   op  lo(tp)
 *
 * An instruction is known to be left out by what stands in its place: not itself. It gave a register its
 * value, so whatever took it from there must have been made free of it; match.c sees to that when the
 * whole function has been walked (enum rel_form). Padding (R_RISCV_ALIGN) is skipped as everywhere.
 *
 * What is near gp cannot be told without gp; then such code matches nothing.
 *
 * Not understood, so refused: TLS descriptors, lui in place of auipc (weak functions that are nowhere), slots
 * of the GOT that a linker made plain addresses, tables of jumps (Zcmt).
 */
#include "target/riscv64.h"

struct pair {
	uint32_t o, b;		/* the instruction in the object; what is linked there, 0: it ended */
	const uint8_t *bin;
	size_t n;
	uint64_t addr, gp;
};

static bool tell(struct rel_match *m, unsigned int len, enum rel_kind kind, enum rel_part part, uint64_t v)
{
	m->bin_len = (uint8_t)len;
	m->kind = (uint8_t)kind;
	m->part = (uint8_t)part;
	m->bits = part == PART_WHOLE ? 0 : 12;
	m->value = v;
	return true;
}

static bool tell_gone(struct rel_match *m)
{
	m->form = FORM_GONE;
	return tell(m, 0, REL_NONE, PART_WHOLE, 0);
}

/* auipc rX; jalr rd,lo(rX) */
static bool match_call(const struct pair *w, const uint8_t *obj, size_t obj_n, struct rel_match *m)
{
	uint32_t jalr = obj_n >= 8 ? get32(obj + 4) : 0, rd = rd_of(jalr), next;

	if (opcode(jalr) != OP_JALR || rs1_of(jalr) != rd_of(w->o))
		return false;
	m->obj_len = 8;
	if (opcode(w->b) == OP_JAL && rd_of(w->b) == rd)
		return tell(m, 4, REL_PLT, PART_WHOLE, w->addr + (uint64_t)imm_j(w->b));
	if (rd == X_ZERO && is_c_j(w->b & 0xffff))
		return tell(m, 2, REL_PLT, PART_WHOLE, w->addr + (uint64_t)imm_cj(w->b & 0xffff));
	if (opcode(w->b) == OP_JALR && rd_of(w->b) == rd && rs1_of(w->b) == X_ZERO && !(w->b >> 12 & 7))
		return tell(m, 4, REL_PLT, PART_WHOLE, (uint64_t)imm_i(w->b));
	next = w->n >= 8 ? get32(w->bin + 4) : 0;
	return (w->b & 0xfff) == (w->o & 0xfff) && !((next ^ jalr) & ~(uint32_t)MASK_I) &&
	       tell(m, 8, REL_PLT, PART_WHOLE, w->addr + (uint64_t)(imm_u(w->b) + imm_i(next)));
}

/* The value lies up to half of what a low part can say on either side of what the high one says. */
static uint64_t lowest(uint64_t v)
{
	return v - 0x800;
}

/* auipc: always there where it leads to a slot, as that is never near gp. */
static bool match_auipc(const struct pair *w, enum rel_kind kind, struct rel_match *m)
{
	if ((w->b & 0xfff) == (w->o & 0xfff))
		return tell(m, 4, kind, PART_HI, lowest(w->addr + (uint64_t)imm_u(w->b)));
	return kind == REL_PC && tell_gone(m);
}

static bool match_lui(const struct pair *w, enum rel_kind kind, struct rel_match *m)
{
	uint32_t rd = rd_of(w->o), h = w->b & 0xffff;

	if ((w->b & 0xfff) == (w->o & 0xfff))
		return tell(m, 4, kind, PART_HI, lowest((uint64_t)imm_u(w->b)));
	/* c.lui: neither of x0 and sp, nor of the number 0 */
	if (kind == REL_ABS && (h & 0xe003) == 0x6001 && rd_of(h) == rd && rd != 0 && rd != 2 && h & 0x107c)
		return tell(m, 2, kind, PART_HI,
			    lowest((uint64_t)(sext((h >> 12 & 1) << 5 | (h >> 2 & 31), 6) * 4096)));
	return tell_gone(m);
}

static bool same_but(const struct pair *w, uint32_t mask)
{
	return !((w->o ^ w->b) & ~mask);
}

/* The low half in a load, an addi or a store. @kind: what it is half of. */
static bool match_low(const struct pair *w, bool store, bool anchored, enum rel_kind kind, struct rel_match *m)
{
	uint32_t imm = store ? MASK_S : MASK_I, base = rs1_of(w->b);
	uint64_t v = (uint64_t)(store ? imm_s(w->b) : imm_i(w->b));

	if (same_but(w, imm)) {
		m->anchored = anchored;
		return tell(m, 4, kind, PART_LO, anchored ? v : v & 0xfff);
	}
	if (!same_but(w, imm | MASK_RS1))
		return false;
	m->form = FORM_FREE;
	if (kind == REL_TLS_LE)
		return base == X_TP && tell(m, 4, kind, PART_WHOLE, v);
	if (kind != REL_PC && kind != REL_ABS)
		return false;
	if (base == X_GP && w->gp)
		return tell(m, 4, kind, PART_WHOLE, w->gp + v);
	return base == X_ZERO && tell(m, 4, kind, PART_WHOLE, v);
}

static bool match_branch(const struct pair *w, uint32_t type, struct rel_match *m)
{
	uint32_t o = w->o & 0xffff, b = w->b & 0xffff;

	switch (type) {
	case R_RISCV_JAL:
		return opcode(w->b) == OP_JAL && rd_of(w->b) == rd_of(w->o) &&
		       tell(m, 4, REL_PLT, PART_WHOLE, w->addr + (uint64_t)imm_j(w->b));
	case R_RISCV_BRANCH:
		return same_but(w, MASK_B) &&
		       tell(m, 4, REL_PC, PART_WHOLE, w->addr + (uint64_t)imm_b(w->b));
	case R_RISCV_RVC_JUMP:
		return is_c_j(o) && is_c_j(b) &&
		       tell(m, 2, REL_PLT, PART_WHOLE, w->addr + (uint64_t)imm_cj(b));
	default:
		return !((o ^ b) & ~0x1c7cu) && tell(m, 2, REL_PC, PART_WHOLE, w->addr + (uint64_t)imm_cb(b));
	}
}

bool riscv64_match_rel(struct target_dis *dis, const uint8_t *obj, size_t obj_n,
		       const struct match_rel *r, size_t n_rels, const uint8_t *bin, size_t n,
		       uint64_t addr, struct rel_match *ret)
{
	const struct rel_info *ri = target_rel(&target_riscv64, r->type);
	struct pair w = {.bin = bin, .n = n, .addr = addr, .gp = dis->gp};

	memset(ret, 0, sizeof(*ret));
	if (r->offset || obj_n < 2 || n < 2)
		return false;
	ret->n_rels = 1;
	ret->obj_len = is_wide(obj) ? 4 : 2;
	if (obj_n < ret->obj_len)
		return false;
	w.o = ret->obj_len == 4 ? get32(obj) : get16(obj);
	/* What ends short of four bytes can only be one of two. */
	w.b = n >= 4 ? get32(bin) : get16(bin);
	if (n < 4 && is_wide(bin))
		return false;
	switch (r->type) {
	case R_RISCV_CALL:
	case R_RISCV_CALL_PLT:
		return match_call(&w, obj, obj_n, ret);
	case R_RISCV_BRANCH:
	case R_RISCV_JAL:
	case R_RISCV_RVC_BRANCH:
	case R_RISCV_RVC_JUMP:
		return match_branch(&w, r->type, ret);
	case R_RISCV_PCREL_HI20:
	case R_RISCV_GOT_HI20:
	case R_RISCV_TLS_GOT_HI20:
	case R_RISCV_TLS_GD_HI20:
		return match_auipc(&w, ri->kind, ret);
	case R_RISCV_HI20:
	case R_RISCV_TPREL_HI20:
		return match_lui(&w, ri->kind, ret);
	case R_RISCV_TPREL_ADD:
		return w.o == w.b ? tell(ret, 4, REL_NONE, PART_WHOLE, 0) : tell_gone(ret);
	case R_RISCV_PCREL_LO12_I:
	case R_RISCV_PCREL_LO12_S:
	case R_SUT_GOT_LO12_I:
	case R_SUT_TLS_IE_LO12_I:
	case R_SUT_TLS_GD_LO12_I:
		return match_low(&w, r->type == R_RISCV_PCREL_LO12_S, true, ri->kind, ret);
	case R_RISCV_LO12_I:
	case R_RISCV_LO12_S:
	case R_RISCV_TPREL_LO12_I:
	case R_RISCV_TPREL_LO12_S:
		return match_low(&w, r->type == R_RISCV_LO12_S || r->type == R_RISCV_TPREL_LO12_S, false,
				 ri->kind, ret);
	default:
		break;
	}
	/* A literal among the code. */
	if (r->type == R_RISCV_64 && n >= 8 && obj_n >= 8) {
		memcpy(&ret->value, bin, 8);
		ret->kind = ri->kind;
		ret->obj_len = ret->bin_len = 8;
		return true;
	}
	return false;
}
