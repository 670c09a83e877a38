// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The exception tables of the ARM EHABI.
 *
 * The index is a sorted list of pairs: where a function begins, and how to leave its frame. The latter
 * is in the pair itself or in .ARM.extab, as a string of byte instructions for a machine with a stack
 * pointer of its own (vsp): add to it, take it from a register, pop registers from it.
 *
 * They describe the frame as it is after the prologue and before the epilogue, which is where calls are
 * made: nothing else is promised, so an interrupted pc must not be looked up here. A function for which
 * the compiler wrote nothing is covered by the entry before it; the linker ends the coverage of each
 * object file with "cannot unwind", so this can happen only inside of one file, with assembly in it.
 *
 * A row is the result of running the instructions: each popped register is at "register + offset" with
 * the register that vsp was taken from last. Three forms of entries exist: inline and compact model 0
 * (three bytes), compact models 1 and 2 (a count of further words), and generic ones, where an address
 * of a personality routine comes first. What follows that is up to the routine; those of GCC and Clang
 * all have a count of further words in the top byte and then instructions, and no others are known.
 *
 * Not supported, and damage: iWMMXt registers, popping the stack pointer, pointer authentication of
 * M-profile processors. Reference: ARM IHI 0038 (ehabi32), sections 5, 6, 7 and 10.
 */
#include "unwind/exidx.h"

#include <string.h>

enum { SP = 13, LR = 14, PC = 15, CANTUNWIND = 1 };

static uint64_t prel31(uint32_t w, uint64_t at)
{
	return (uint32_t)(at + (uint64_t)(int64_t)((int32_t)(w << 1) >> 1));
}

static uint64_t func_at(const struct exidx *x, size_t i)
{
	return prel31(get32(x->index + i * 8), x->index_addr + i * 8) & ~1ULL;
}

/* The instructions of one entry, as they come out of words with the first byte on top. */
struct code {
	uint8_t b[EXIDX_ENTRY_MAX];
	size_t n;
};

static void take(struct code *c, uint32_t w, unsigned int bytes)
{
	while (bytes-- > 0)
		c->b[c->n++] = (uint8_t)(w >> 8 * bytes);
}

/* 0, 1 says nothing, -1 damaged. */
static int entry_code(const struct exidx *x, size_t i, struct code *c)
{
	uint32_t w = get32(x->index + i * 8 + 4);
	uint64_t at, off;
	unsigned int more;

	c->n = 0;
	if (w == CANTUNWIND)
		return 1;
	if (w >> 31) {
		if (w >> 24 != 0x80)
			return -1;
		take(c, w, 3);
		return 0;
	}
	at = prel31(w, x->index_addr + i * 8 + 4);
	off = at - x->table_addr;
	if (!x->table || at < x->table_addr || off > x->table_size || x->table_size - off < 4)
		return -1;
	w = get32(x->table + off);
	off += 4;
	if (!(w >> 31)) {
		if (x->table_size - off < 4)
			return -1;
		w = get32(x->table + off);
		off += 4;
		more = w >> 24;
		take(c, w, 3);
	} else if (w >> 24 == 0x80) {
		more = 0;
		take(c, w, 3);
	} else if (w >> 24 == 0x81 || w >> 24 == 0x82) {
		more = w >> 16 & 0xff;
		take(c, w, 2);
	} else {
		return -1;
	}
	if ((x->table_size - off) / 4 < more)
		return -1;
	for (unsigned int k = 0; k < more; k++)
		take(c, get32(x->table + off + 4 * k), 4);
	return 0;
}

struct machine {
	struct cfi_row *row;
	unsigned int base;	/* register that vsp counts from */
	int64_t vsp;
	uint32_t popped;	/* registers that have another value by now */
};

static void pop(struct machine *m, uint32_t regs)
{
	for (unsigned int i = 0; i < 16; i++) {
		struct cfi_rule *r;

		if (!(regs >> i & 1))
			continue;
		/* Popped twice: the last one counts. */
		for (unsigned int k = 0; k < m->row->n_rules; k++)
			if (m->row->rules[k].reg == i)
				m->row->rules[k--] = m->row->rules[--m->row->n_rules];
		r = &m->row->rules[m->row->n_rules++];
		memset(r, 0, sizeof(*r));
		r->reg = (uint8_t)i;
		r->kind = CFI_REG_OFFSET;
		r->base = (uint16_t)m->base;
		r->value = m->vsp;
		m->vsp += 4;
	}
	m->popped |= regs;
}

/* 0; 1: it refuses to be unwound; -1. */
static int run(struct machine *m, const struct code *c)
{
	size_t i = 0;

	while (i < c->n) {
		unsigned int op = c->b[i++], next = i < c->n ? c->b[i] : 0, shift = 0;
		uint64_t v = 0;

		if (op < 0x40) {			/* vsp += 4..256 */
			m->vsp += (op & 63) * 4 + 4;
		} else if (op < 0x80) {			/* vsp -= 4..256 */
			m->vsp -= (op & 63) * 4 + 4;
		} else if (op < 0x90) {			/* pop r4-r15 by mask */
			uint32_t mask = (op & 15) << 8 | next;

			if (i++ >= c->n || (mask >> (SP - 4) & 1))
				return -1;
			if (!mask)
				return 1;
			pop(m, mask << 4);
		} else if (op < 0xa0) {			/* vsp = register */
			if ((op & 15) == SP || (op & 15) == PC || (m->popped >> (op & 15) & 1))
				return -1;
			m->base = op & 15;
			m->vsp = 0;
		} else if (op < 0xb0) {			/* pop r4 to r4-r11, and lr */
			pop(m, ((2u << (op & 7)) - 1) << 4 | (op & 8 ? 1u << LR : 0));
		} else if (op == 0xb0) {		/* finish */
			return 0;
		} else if (op == 0xb1) {		/* pop r0-r3 by mask */
			if (i++ >= c->n || !next || next > 15)
				return -1;
			pop(m, next);
		} else if (op == 0xb2) {		/* vsp += 516 and more */
			do {
				if (i >= c->n || shift > 28)
					return -1;
				v |= (uint64_t)(c->b[i] & 0x7f) << shift;
				shift += 7;
			} while (c->b[i++] & 0x80);
			m->vsp += 0x204 + (int64_t)(v << 2);
		} else if (op == 0xb3) {		/* d registers as FSTMX stored them */
			if (i++ >= c->n)
				return -1;
			m->vsp += 8 * (int64_t)((next & 15) + 1) + 4;
		} else if (op >= 0xb8 && op < 0xc0) {	/* d8 and up, the same */
			m->vsp += 8 * (int64_t)((op & 7) + 1) + 4;
		} else if (op == 0xc8 || op == 0xc9) {	/* d registers as VPUSH stored them */
			if (i++ >= c->n)
				return -1;
			m->vsp += 8 * (int64_t)((next & 15) + 1);
		} else if (op >= 0xd0 && op < 0xd8) {	/* d8 and up, the same */
			m->vsp += 8 * (int64_t)((op & 7) + 1);
		} else {
			return -1;
		}
	}
	return 0;
}

int exidx_row(const struct exidx *x, uint64_t pc, uint64_t end, struct cfi_row *row)
{
	size_t lo = 0, hi = x->index_size / 8, n = hi;
	struct machine m = {.row = row, .base = SP};
	struct code code;
	int r;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (func_at(x, mid) <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0)
		return 1;
	memset(row, 0, offsetof(struct cfi_row, rules));
	row->pc = pc;
	row->method = UNW_EXIDX;
	row->calls_only = true;
	row->func_lo = func_at(x, lo - 1);
	row->func_hi = lo < n ? func_at(x, lo) : end;
	if (pc >= row->func_hi)
		return 1;
	r = entry_code(x, lo - 1, &code);
	if (r == 0)
		r = run(&m, &code);
	if (r)
		return r;
	row->cfa_reg = (uint16_t)m.base;
	row->cfa_off = m.vsp;
	row->ra_reg = m.popped >> PC & 1 ? PC : LR;
	return 0;
}

void exidx_table_bounds(const struct exidx *x, uint64_t *lo, uint64_t *hi)
{
	*lo = *hi = 0;
	for (size_t i = 0; i + 8 <= x->index_size; i += 8) {
		uint32_t w = get32(x->index + i + 4);
		uint64_t at;

		if (w == CANTUNWIND || w >> 31)
			continue;
		at = prel31(w, x->index_addr + i + 4);
		*lo = *hi ? MIN(*lo, at) : at;
		*hi = MAX(*hi, at + 1);
	}
}
