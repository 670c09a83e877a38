// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A stack machine over untrusted bytes. Two bounds keep it finite: the depth of the stack, and the
 * number of operations (DW_OP_skip and DW_OP_bra can loop). Operations that need more than
 * registers and memory (calls, TLS, frame bases, typed values) have no place in call frame
 * information and are refused. References: DWARF 5, 2.5.1 and 6.4.2.
 */
#include "unwind/expr.h"
#include "unwind/leb.h"

#include <string.h>

enum { STACK_MAX = 64, OPS_MAX = 1000 };

enum op {
	OP_ADDR = 0x03, OP_DEREF = 0x06, OP_CONST1U = 0x08, OP_CONST1S, OP_CONST2U, OP_CONST2S,
	OP_CONST4U, OP_CONST4S, OP_CONST8U, OP_CONST8S, OP_CONSTU, OP_CONSTS, OP_DUP, OP_DROP,
	OP_OVER, OP_PICK, OP_SWAP, OP_ROT, OP_ABS = 0x19, OP_AND, OP_DIV, OP_MINUS, OP_MOD, OP_MUL,
	OP_NEG, OP_NOT, OP_OR, OP_PLUS, OP_PLUS_UCONST, OP_SHL, OP_SHR, OP_SHRA, OP_XOR, OP_BRA,
	OP_EQ, OP_GE, OP_GT, OP_LE, OP_LT, OP_NE, OP_SKIP, OP_LIT0, OP_LIT31 = 0x4f,
	OP_BREG0 = 0x70, OP_BREG31 = 0x8f, OP_BREGX = 0x92, OP_DEREF_SIZE = 0x94, OP_NOP = 0x96,
};

struct machine {
	uint64_t v[STACK_MAX];
	unsigned int n;
	struct leb_reader rd;
	const uint8_t *start;
	const struct unw_regs *regs;
	const struct unw_mem *mem;
	uint8_t addr_size;
};

static int push(struct machine *m, uint64_t v)
{
	if (m->n == STACK_MAX)
		return -1;
	m->v[m->n++] = m->addr_size == 4 ? (uint32_t)v : v;
	return 0;
}

static int deref(struct machine *m, unsigned int size)
{
	uint8_t b[8] = {0};
	uint64_t v = 0;

	if (m->n < 1 || size == 0 || size > 8)
		return -1;
	if (m->mem->read(m->mem->ctx, m->v[m->n - 1], b, size))
		return -2;
	for (unsigned int i = size; i-- > 0;)
		v = v << 8 | b[i];
	m->v[m->n - 1] = v;
	return 0;
}

static int binary(struct machine *m, unsigned int op)
{
	uint64_t a, b;
	int64_t sa, sb;

	if (m->n < 2)
		return -1;
	b = m->v[--m->n];
	a = m->v[--m->n];
	sa = m->addr_size == 4 ? (int32_t)a : (int64_t)a;
	sb = m->addr_size == 4 ? (int32_t)b : (int64_t)b;
	switch (op) {
	case OP_AND: return push(m, a & b);
	case OP_DIV:
		/* INT64_MIN / -1 traps on some CPUs; the wrapped result is what others give. */
		if (sb == 0)
			return -1;
		return push(m, sb == -1 ? 0 - a : (uint64_t)(sa / sb));
	case OP_MINUS: return push(m, a - b);
	case OP_MOD: return b ? push(m, a % b) : -1;
	case OP_MUL: return push(m, a * b);
	case OP_OR: return push(m, a | b);
	case OP_PLUS: return push(m, a + b);
	case OP_SHL: return push(m, b < 64 ? a << b : 0);
	case OP_SHR: return push(m, b < 64 ? a >> b : 0);
	case OP_SHRA: return push(m, (uint64_t)(sa >> (b < 64 ? b : 63)));
	case OP_XOR: return push(m, a ^ b);
	case OP_EQ: return push(m, sa == sb);
	case OP_GE: return push(m, sa >= sb);
	case OP_GT: return push(m, sa > sb);
	case OP_LE: return push(m, sa <= sb);
	case OP_LT: return push(m, sa < sb);
	case OP_NE: return push(m, sa != sb);
	}
	return -1;
}

static int unary(struct machine *m, unsigned int op)
{
	uint64_t v;

	if (m->n < 1)
		return -1;
	v = m->v[--m->n];
	switch (op) {
	case OP_ABS: return push(m, (int64_t)v < 0 ? 0 - v : v);
	case OP_NEG: return push(m, 0 - v);
	case OP_NOT: return push(m, ~v);
	case OP_PLUS_UCONST: return push(m, v + leb_u(&m->rd));
	}
	return -1;
}

static int stack_op(struct machine *m, unsigned int op)
{
	uint64_t t;
	unsigned int k;

	switch (op) {
	case OP_DUP: return m->n < 1 ? -1 : push(m, m->v[m->n - 1]);
	case OP_DROP:
		if (m->n < 1)
			return -1;
		m->n--;
		return 0;
	case OP_OVER: return m->n < 2 ? -1 : push(m, m->v[m->n - 2]);
	case OP_PICK:
		k = (unsigned int)leb_fixed(&m->rd, 1);
		return k >= m->n ? -1 : push(m, m->v[m->n - 1 - k]);
	case OP_SWAP:
		if (m->n < 2)
			return -1;
		t = m->v[m->n - 1];
		m->v[m->n - 1] = m->v[m->n - 2];
		m->v[m->n - 2] = t;
		return 0;
	case OP_ROT:
		if (m->n < 3)
			return -1;
		t = m->v[m->n - 1];
		m->v[m->n - 1] = m->v[m->n - 2];
		m->v[m->n - 2] = m->v[m->n - 3];
		m->v[m->n - 3] = t;
		return 0;
	}
	return -1;
}

static int jump(struct machine *m, bool take)
{
	int64_t off = (int16_t)leb_fixed(&m->rd, 2);

	if (m->rd.bad)
		return -1;
	if (!take)
		return 0;
	if (off < m->start - m->rd.p || off > m->rd.end - m->rd.p)
		return -1;
	m->rd.p += off;
	return 0;
}

static int breg(struct machine *m, uint64_t reg)
{
	int64_t off = leb_s(&m->rd);

	if (reg >= UNW_NREGS)
		return -1;
	if (!unw_reg_ok(m->regs, (unsigned int)reg))
		return -3;
	return push(m, m->regs->r[reg] + (uint64_t)off);
}

static int step(struct machine *m, unsigned int op)
{
	if (op >= OP_LIT0 && op <= OP_LIT31)
		return push(m, op - OP_LIT0);
	if (op >= OP_BREG0 && op <= OP_BREG31)
		return breg(m, op - OP_BREG0);
	switch (op) {
	/* The linker's address, not the one that the object was loaded at: nothing of ours uses it. */
	case OP_ADDR: return -1;
	case OP_DEREF: return deref(m, m->addr_size);
	case OP_DEREF_SIZE: return deref(m, (unsigned int)leb_fixed(&m->rd, 1));
	case OP_CONST1U: return push(m, leb_fixed(&m->rd, 1));
	case OP_CONST1S: return push(m, (uint64_t)(int8_t)leb_fixed(&m->rd, 1));
	case OP_CONST2U: return push(m, leb_fixed(&m->rd, 2));
	case OP_CONST2S: return push(m, (uint64_t)(int16_t)leb_fixed(&m->rd, 2));
	case OP_CONST4U: return push(m, leb_fixed(&m->rd, 4));
	case OP_CONST4S: return push(m, (uint64_t)(int32_t)leb_fixed(&m->rd, 4));
	case OP_CONST8U:
	case OP_CONST8S: return push(m, leb_fixed(&m->rd, 8));
	case OP_CONSTU: return push(m, leb_u(&m->rd));
	case OP_CONSTS: return push(m, (uint64_t)leb_s(&m->rd));
	case OP_DUP: case OP_DROP: case OP_OVER: case OP_PICK: case OP_SWAP: case OP_ROT:
		return stack_op(m, op);
	case OP_ABS: case OP_NEG: case OP_NOT: case OP_PLUS_UCONST:
		return unary(m, op);
	case OP_AND: case OP_DIV: case OP_MINUS: case OP_MOD: case OP_MUL: case OP_OR: case OP_PLUS:
	case OP_SHL: case OP_SHR: case OP_SHRA: case OP_XOR: case OP_EQ: case OP_GE: case OP_GT:
	case OP_LE: case OP_LT: case OP_NE:
		return binary(m, op);
	case OP_BRA:
		if (m->n < 1)
			return -1;
		m->n--;
		return jump(m, m->v[m->n] != 0);
	case OP_SKIP: return jump(m, true);
	case OP_BREGX: return breg(m, leb_u(&m->rd));
	case OP_NOP: return 0;
	}
	return -1;
}

int expr_eval(const uint8_t *p, size_t n, const struct unw_regs *regs, const struct unw_mem *mem,
	      uint8_t addr_size, bool has_initial, uint64_t initial, uint64_t *ret)
{
	struct machine m = {
		.rd = {p, p + n, false}, .start = p, .regs = regs, .mem = mem,
		.addr_size = addr_size,
	};
	unsigned int ops = 0;

	if (has_initial)
		push(&m, initial);
	while (m.rd.p < m.rd.end) {
		int r;

		if (++ops > OPS_MAX)
			return -1;
		r = step(&m, *m.rd.p++);
		if (m.rd.bad)
			return -1;
		if (r)
			return r;
	}
	if (m.n < 1)
		return -1;
	*ret = m.v[m.n - 1];
	return 0;
}
