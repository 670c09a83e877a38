// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The interpreter of call frame instructions: from an FDE and a pc to one row of the unwind table.
 *
 * The CIE's program sets the initial row, which DW_CFA_restore goes back to; the FDE's program
 * runs until the location passes the pc. References: DWARF 5, 6.4.2; the GNU extensions are in
 * binutils' include/dwarf2.def.
 */
#include "unwind/cfi.h"
#include "unwind/leb.h"

#include <string.h>

enum { REMEMBER_MAX = 16 };

enum cfa {
	CFA_NOP = 0x00, CFA_SET_LOC, CFA_ADVANCE1, CFA_ADVANCE2, CFA_ADVANCE4, CFA_OFFSET_EXT,
	CFA_RESTORE_EXT, CFA_UNDEFINED, CFA_SAME, CFA_REGISTER, CFA_REMEMBER, CFA_RESTORE_STATE,
	CFA_DEF, CFA_DEF_REG, CFA_DEF_OFFSET, CFA_DEF_EXPR, CFA_EXPR, CFA_OFFSET_EXT_SF, CFA_DEF_SF,
	CFA_DEF_OFFSET_SF, CFA_VAL_OFFSET, CFA_VAL_OFFSET_SF, CFA_VAL_EXPR,
	CFA_NEGATE_RA_STATE_PC = 0x2c, CFA_NEGATE_RA_STATE = 0x2d, CFA_ARGS_SIZE = 0x2e, CFA_NEG_OFFSET_EXT = 0x2f,
	CFA_ADVANCE = 0x40, CFA_OFFSET = 0x80, CFA_RESTORE = 0xc0,
};

struct state {
	uint16_t cfa_reg, cfa_expr_len;
	int64_t cfa_off;
	const uint8_t *cfa_expr;
	bool cfa_set, ra_sign;
	uint8_t kind[UNW_NREGS];	/* CFI_*, or 0 where nothing was said */
	uint16_t expr_len[UNW_NREGS];
	union {
		int64_t value;
		const uint8_t *expr;
	} v[UNW_NREGS];
};

struct interp {
	struct state now, initial, saved[REMEMBER_MAX];
	unsigned int n_saved;
	uint64_t loc, pc, args_size;
	const struct cfi_fde *fde;
	uint8_t addr_size;
	bool in_cie;
};

static int set_rule(struct interp *m, uint64_t reg, uint8_t kind, int64_t value)
{
	/* Rules for registers that we do not follow (vectors, flags) do not matter to us. */
	if (reg >= UNW_NREGS)
		return 0;
	m->now.kind[reg] = kind;
	m->now.v[reg].value = value;
	return 0;
}

static int set_expr(struct interp *m, struct leb_reader *r, uint8_t kind)
{
	uint64_t reg = leb_u(r), n = leb_u(r);
	const uint8_t *p = r->p;

	leb_skip(r, n);
	if (r->bad || n > UINT16_MAX)
		return -1;
	if (reg >= UNW_NREGS)
		return 0;
	m->now.kind[reg] = kind;
	m->now.expr_len[reg] = (uint16_t)n;
	m->now.v[reg].expr = p;
	return 0;
}

static int restore(struct interp *m, uint64_t reg)
{
	if (m->in_cie)
		return -1;
	if (reg >= UNW_NREGS)
		return 0;
	m->now.kind[reg] = m->initial.kind[reg];
	m->now.expr_len[reg] = m->initial.expr_len[reg];
	m->now.v[reg] = m->initial.v[reg];
	return 0;
}

static int def_cfa(struct interp *m, uint64_t reg, int64_t off)
{
	if (reg >= UNW_NREGS)
		return -1;
	m->now.cfa_reg = (uint16_t)reg;
	m->now.cfa_off = off;
	m->now.cfa_expr_len = 0;
	m->now.cfa_set = true;
	return 0;
}

static int64_t scaled(const struct interp *m, uint64_t v)
{
	return (int64_t)(v * (uint64_t)m->fde->data_align);
}

static int def_cfa_op(struct interp *m, struct leb_reader *r, unsigned int op)
{
	uint64_t a, n;

	switch (op) {
	case CFA_DEF:
		a = leb_u(r);
		return def_cfa(m, a, (int64_t)leb_u(r));
	case CFA_DEF_SF:
		a = leb_u(r);
		return def_cfa(m, a, scaled(m, (uint64_t)leb_s(r)));
	case CFA_DEF_REG:
		/* RISC-V assemblers begin with it, and mean an offset of 0. */
		if ((!m->now.cfa_set && !m->in_cie) || m->now.cfa_expr_len)
			return -1;
		return def_cfa(m, leb_u(r), m->now.cfa_off);
	case CFA_DEF_OFFSET:
	case CFA_DEF_OFFSET_SF:
		if (!m->now.cfa_set || m->now.cfa_expr_len)
			return -1;
		m->now.cfa_off = op == CFA_DEF_OFFSET ? (int64_t)leb_u(r) :
							 scaled(m, (uint64_t)leb_s(r));
		return 0;
	case CFA_DEF_EXPR:
		n = leb_u(r);
		m->now.cfa_expr = r->p;
		leb_skip(r, n);
		if (r->bad || n == 0 || n > UINT16_MAX)
			return -1;
		m->now.cfa_expr_len = (uint16_t)n;
		m->now.cfa_set = true;
		return 0;
	}
	return -1;
}

/* One instruction whose operands do not sit in the opcode, and that moves no location. */
static int step(struct interp *m, struct leb_reader *r, unsigned int op)
{
	uint64_t a;

	switch (op) {
	case CFA_NOP: return 0;
	case CFA_OFFSET_EXT:
		a = leb_u(r);
		return set_rule(m, a, CFI_OFFSET, scaled(m, leb_u(r)));
	case CFA_OFFSET_EXT_SF:
		a = leb_u(r);
		return set_rule(m, a, CFI_OFFSET, scaled(m, (uint64_t)leb_s(r)));
	case CFA_NEG_OFFSET_EXT:
		a = leb_u(r);
		return set_rule(m, a, CFI_OFFSET, scaled(m, 0 - leb_u(r)));
	case CFA_VAL_OFFSET:
		a = leb_u(r);
		return set_rule(m, a, CFI_VAL_OFFSET, scaled(m, leb_u(r)));
	case CFA_VAL_OFFSET_SF:
		a = leb_u(r);
		return set_rule(m, a, CFI_VAL_OFFSET, scaled(m, (uint64_t)leb_s(r)));
	case CFA_REGISTER:
		a = leb_u(r);
		return set_rule(m, a, CFI_REG, (int64_t)leb_u(r));
	case CFA_RESTORE_EXT: return restore(m, leb_u(r));
	case CFA_UNDEFINED: return set_rule(m, leb_u(r), CFI_UNDEF, 0);
	/* A rule of its own: "same" that was said keeps also what a call need not keep. */
	case CFA_SAME:
		a = leb_u(r);
		return set_rule(m, a, CFI_REG, (int64_t)a);
	case CFA_EXPR: return set_expr(m, r, CFI_EXPR);
	case CFA_VAL_EXPR: return set_expr(m, r, CFI_VAL_EXPR);
	case CFA_DEF: case CFA_DEF_SF: case CFA_DEF_REG: case CFA_DEF_OFFSET:
	case CFA_DEF_OFFSET_SF: case CFA_DEF_EXPR:
		return def_cfa_op(m, r, op);
	case CFA_REMEMBER:
		if (m->n_saved == REMEMBER_MAX)
			return -1;
		m->saved[m->n_saved++] = m->now;
		return 0;
	case CFA_RESTORE_STATE:
		if (m->n_saved == 0)
			return -1;
		m->now = m->saved[--m->n_saved];
		return 0;
	case CFA_NEGATE_RA_STATE:
	case CFA_NEGATE_RA_STATE_PC:
		m->now.ra_sign = !m->now.ra_sign;
		return 0;
	case CFA_ARGS_SIZE:
		m->args_size = leb_u(r);
		return 0;
	}
	return -1;
}

/* Runs one program. 1: the location passed the pc. */
static int run(struct interp *m, const uint8_t *p, const uint8_t *end)
{
	struct leb_reader r = {p, end, false};

	while (r.p < r.end) {
		unsigned int b = *r.p++, low = b & 0x3f;
		uint64_t delta = 0;
		int res = 0;

		switch (b & 0xc0) {
		case CFA_ADVANCE: delta = low; break;
		case CFA_OFFSET: res = set_rule(m, low, CFI_OFFSET, scaled(m, leb_u(&r))); break;
		case CFA_RESTORE: res = restore(m, low); break;
		default:
			if (b == CFA_ADVANCE1)
				delta = leb_fixed(&r, 1);
			else if (b == CFA_ADVANCE2)
				delta = leb_fixed(&r, 2);
			else if (b == CFA_ADVANCE4)
				delta = leb_fixed(&r, 4);
			else
				/* CFA_SET_LOC is not used by any compiler of ours: refused. */
				res = step(m, &r, b);
		}
		if (r.bad || res)
			return -1;
		if (delta) {
			if (m->in_cie)
				return -1;
			m->loc += delta * m->fde->code_align;
			if (m->loc > m->pc)
				return 1;
		}
	}
	return 0;
}

int cfi_row(const struct cfi_section *s, const struct cfi_fde *f, uint64_t pc,
	    const struct unw_arch *arch, struct cfi_row *row)
{
	static _Thread_local struct interp m;
	const struct state *st = &m.now;

	memset(&m.now, 0, sizeof(m.now));
	m.n_saved = 0;
	m.args_size = 0;
	m.loc = f->pc_begin;
	m.pc = pc;
	m.fde = f;
	m.addr_size = s->addr_size;
	m.in_cie = true;
	if (run(&m, f->cie_insn, f->cie_insn_end) < 0)
		return -1;
	m.initial = m.now;
	m.in_cie = false;
	m.n_saved = 0;
	if (run(&m, f->fde_insn, f->fde_insn_end) < 0 || !st->cfa_set)
		return -1;

	row->method = UNW_CFI;
	row->cfa_deref = false;
	row->calls_only = false;
	row->pc = pc;
	row->func_lo = f->pc_begin;
	row->func_hi = f->pc_begin + f->pc_range;
	row->cfa_reg = st->cfa_reg;
	row->cfa_expr_len = st->cfa_expr_len;
	row->cfa_off = st->cfa_off;
	row->cfa_expr = st->cfa_expr;
	row->args_size = m.args_size;
	row->ra_reg = (uint16_t)f->ra_reg;
	row->is_signal = f->is_signal;
	row->ra_undef = st->kind[f->ra_reg] == CFI_UNDEF;
	row->ra_sign_toggle = st->ra_sign;
	row->n_rules = 0;
	for (unsigned int i = 0; i < arch->n_regs; i++) {
		struct cfi_rule *r = &row->rules[row->n_rules];

		if (st->kind[i] == 0)
			continue;
		r->reg = (uint8_t)i;
		r->kind = st->kind[i];
		r->expr_len = 0;
		if (r->kind == CFI_EXPR || r->kind == CFI_VAL_EXPR) {
			r->expr_len = st->expr_len[i];
			r->expr = st->v[i].expr;
		} else {
			r->value = st->v[i].value;
		}
		row->n_rules++;
	}
	return 0;
}
