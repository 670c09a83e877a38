// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Not every table holds at every instruction.
 *
 * The problem: LLVM (before 15 on arm64, and on ppc64le) writes tables for exceptions, which are thrown by
 * calls: a function is described from the end of its prologue on, and its epilogue not at all. Between the
 * instruction that takes the caller's frame pointer back and the return, such a row is about the caller's
 * frame: a walk from there goes past the caller, finds its way to the end, and misses one function. A
 * thread that was interrupted there would be called clear of it.
 *
 * GCC describes each instruction, and nothing in a section says who wrote it. But code tells:
 *
 *	- where the stack pointer is moved by a number, and the frame is reckoned from it before and after,
 *	  the distance has to change by that number. (The end of a prologue that is described late does not.)
 *	- where the function returns, the frame is gone: it is at the stack pointer, and the return address is
 *	  in its register, or still in the caller's frame, where ppc64 has a place for it.
 *
 * A function that does not keep to both is described where calls are made, and nowhere else. What is not
 * looked at: jumps out of the function, as they lead to another function or to a cold part of the same.
 * Whoever leaves by such alone has moved the stack pointer in its prologue, if it had a frame.
 *
 * This is asked for code that was interrupted, on machines whose instructions have four bytes, or two.
 * On x86-64 LLVM describes everything; on 32-bit ARM see proc/debugframe.c.
 */
#include "unwind/exact.h"

#include <stdlib.h>
#include <string.h>

enum { CODE_MAX = 1 << 20 };

static bool by_sp(const struct unw_arch *arch, const struct cfi_row *row)
{
	return !row->ra_undef && !row->cfa_expr_len && !row->cfa_deref && row->cfa_reg == arch->sp_reg;
}

/* The return address is said to be in the frame itself, which is no more. */
static bool ra_is_below(const struct cfi_row *row)
{
	for (unsigned int i = 0; i < row->n_rules; i++) {
		const struct cfi_rule *r = &row->rules[i];

		if (r->reg == row->ra_reg && !(r->kind == CFI_REG && r->value == row->ra_reg) &&
		    !(r->kind == CFI_OFFSET && r->value >= 0))
			return true;
	}
	return false;
}

bool exact_table(const struct unw_arch *arch, const struct unw_mem *mem, uint64_t lo, uint64_t hi,
		 int (*row_at)(void *ctx, uint64_t pc, struct cfi_row *row), void *ctx)
{
	size_t n = hi - lo, len, least = arch->short_insns ? 2 : 4;
	struct cfi_row now, next;
	bool good = true;
	uint8_t *code;

	if (!arch->frame_insn)
		return true;
	if (lo % least || hi <= lo || n > CODE_MAX)
		return false;
	code = xcalloc(1, n + 4); /* the last instruction may be short */
	good = !mem->read(mem->ctx, lo, code, n);
	for (size_t at = 0; good && at + least <= n; at += len) {
		struct unw_insn in = {0};

		len = arch->frame_insn(get32(code + at), &in);
		if (!in.returns && !in.sp_delta)
			continue;
		if (row_at(ctx, lo + at, &now))
			good = false;
		else if (in.returns)
			good = now.ra_undef ||
			       (by_sp(arch, &now) && !now.cfa_off && !ra_is_below(&now));
		else if (at + len < n && by_sp(arch, &now))
			good = !row_at(ctx, lo + at + len, &next) &&
			       (!by_sp(arch, &next) || next.cfa_off == now.cfa_off - in.sp_delta);
	}
	free(code);
	return good;
}
