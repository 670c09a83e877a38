// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The walk.
 *
 * Which pc is looked up matters more than anything else. A return address belongs to the call
 * before it: after a call that does not return it is already the next function's first byte, so
 * the look-up takes pc - 1. An interrupted pc (the innermost frame, and the one below a signal
 * trampoline) is looked up as it is. The trampoline itself is entered by a "return" that no call
 * made: its metadata, where it has any, begins one byte early for that reason; where it has none,
 * its code is compared.
 *
 * A walk claims to be reliable when every step used metadata for that very pc, the stack grew
 * towards its base at each step (except across a signal frame, which may switch stacks), and it
 * ended where a stack is known to begin:
 *   - the metadata says that there is no return address (glibc's _start, clone, clone3);
 *   - the pc is in the code at the program's entry point, which has no metadata (musl's _start);
 *   - the code at the return address makes the exit call (musl's clone);
 *   - the thread is about to run its first instruction, in libc's clone;
 *   - where start code leaves 0 for a return address (ppc64): what the kernel put on the stack of the
 *     program stands right behind its frame.
 * A zero return address alone proves nothing: an overwritten stack has zeroes too.
 */
#include "unwind/unwind.h"
#include "unwind/cache.h"
#include "unwind/debug_frame.h"
#include "unwind/exact.h"
#include "unwind/exidx.h"
#include "unwind/expr.h"
#include "unwind/sframe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRY_CODE_MAX = 64, CODE_PEEK = 16 };

const char *unw_method_name(enum unw_method m)
{
	static const char *const names[] = {
		[UNW_NONE] = "end",	  [UNW_CFI] = "cfi",	     [UNW_SIGFRAME] = "sigframe",
		[UNW_CLONE] = "clone",	  [UNW_FP] = "fp",	     [UNW_SFRAME] = "sframe",   [UNW_EXIDX] = "exidx",
		[UNW_DEBUG_FRAME] = "debug-frame",
	};

	return names[m];
}

struct walk {
	struct unw_space *s;
	const struct unw_mem *mem;
	struct unw_trace *t;
	struct unw_regs regs;
	uint64_t pc;
	bool at_call, trusted;
	uint64_t prev_cfa;	/* 0: none to compare with */
};

static void doubt(struct walk *w, enum unw_why why, const char *what)
{
	if (w->t->why != UNW_OK)
		return;
	w->t->why = why;
	snprintf(w->t->text, sizeof(w->t->text), "frame %zu at 0x%llx: %s",
		 w->t->n ? w->t->n - 1 : 0, (unsigned long long)w->pc, what);
}

static uint64_t to_addr(const struct unw_arch *arch, uint64_t v)
{
	return arch->addr_size == 4 ? (uint32_t)v : v;
}

static uint64_t to_pc(const struct unw_space *s, uint64_t v)
{
	return unw_pc(s->arch, s->signed_bits, v);
}

/* What ARM's own tables say: of calls only. As cfi_find(). */
static int by_exidx(const struct unw_module *m, uint64_t pc, struct cfi_row *row)
{
	struct exidx x = {
		.index = m->exidx, .index_size = m->exidx_size, .index_addr = m->exidx_addr,
		.table = m->extab, .table_size = m->extab_size, .table_addr = m->extab_addr,
	};

	return exidx_row(&x, pc, m->hi, row);
}

/* What the debug information says. As cfi_find(). */
static int by_debug_frame(const struct unw_module *m, uint64_t pc, const struct unw_arch *arch,
			  struct cfi_row *row)
{
	int r = debug_frame_row(m->debug_frame, to_addr(arch, pc - m->bias), arch, row);

	if (!r) {
		row->pc = pc;
		row->func_lo = to_addr(arch, row->func_lo + m->bias);
		row->func_hi = to_addr(arch, row->func_hi + m->bias);
	}
	return r;
}

/* The row for @pc by whatever kind of metadata has one. As cfi_find(). */
static int row_of(struct unw_space *s, const struct unw_module *m, uint64_t pc, bool at_call,
		  struct cfi_row *row)
{
	struct cfi_section sec = {
		.data = m->eh_frame, .size = m->eh_frame_size, .addr = m->eh_frame_addr,
		.addr_size = s->arch->addr_size,
	};
	struct cfi_fde fde;
	int r = m->eh_frame ? cfi_find(&sec, m->hdr, m->hdr_size, m->hdr_addr, pc, &fde) : 1;

	if (r == 0)
		r = cfi_row(&sec, &fde, pc, s->arch, row);
	else if (r == 1 && m->sframe)
		r = sframe_row(m->sframe, m->sframe_size, m->sframe_addr, pc, s->arch, row);
	if (r == 1 && m->debug_frame)
		r = by_debug_frame(m, pc, s->arch, row);
	if (r == 1 && m->exidx && at_call)
		r = by_exidx(m, pc, row);
	return r;
}

struct place {
	struct unw_space *s;
	const struct unw_module *m;
};

static int row_for_exact(void *ctx, uint64_t pc, struct cfi_row *row)
{
	const struct place *p = ctx;

	return row_of(p->s, p->m, pc, false, row);
}

/* Does @row's function have rows for its instructions, and not for its calls alone? */
static bool is_exact(struct unw_space *s, const struct unw_mem *mem, const struct unw_module *m,
		     const struct cfi_row *row)
{
	size_t i = (size_t)(row->func_lo >> 2) % ARRAY_SIZE(s->judged);

	if (row->calls_only)
		return false;
	if (!s->judged[i].known || s->judged[i].lo != row->func_lo) {
		s->judged[i].lo = row->func_lo;
		s->judged[i].known = true;
		s->judged[i].exact = row->is_signal ||
				     exact_table(s->arch, mem, row->func_lo, row->func_hi, row_for_exact,
						 &(struct place){s, m});
	}
	return s->judged[i].exact;
}

/* Where the redirect begins whose midst @pc is in, by what stands there now; 0: in none. */
static uint64_t redirect_at(const struct unw_space *s, const struct unw_mem *mem, uint64_t pc)
{
	uint8_t now[UNW_REDIRECT_MAX];

	for (size_t i = 0; i < s->n_redirects; i++) {
		const struct unw_redirect *r = &s->redirects[i];

		if (pc > r->lo && pc - r->lo < r->n && !mem->read(mem->ctx, r->lo, now, r->n) &&
		    !memcmp(now, r->code, r->n))
			return r->lo;
	}
	return 0;
}

/*
 * The row for @pc, which a call left there or not. NULL with *@ret_why. (A row that is kept for a call is
 * never met by interrupted code where that matters: calls are looked up inside of their instruction.)
 */
static const struct cfi_row *lookup(struct unw_space *s, const struct unw_mem *mem, uint64_t pc, bool at_call,
				    enum unw_why *ret_why)
{
	uint64_t redirect = at_call ? 0 : redirect_at(s, mem, pc);
	const struct cfi_row *row;
	struct unw_module *m;
	struct cfi_row fresh;
	int r;

	if (redirect)
		pc = redirect;
	row = cfi_cache_get(s->cache, pc);

	if (row && row->calls_only && !at_call) {
		*ret_why = UNW_WHY_NO_CFI;
		return NULL;
	}
	if (row)
		return row;
	m = unw_space_find(s, pc);
	if (!m) {
		*ret_why = UNW_WHY_NO_MODULE;
		return NULL;
	}
	r = row_of(s, m, pc, at_call, &fresh);
	if (r) {
		*ret_why = r < 0 ? UNW_WHY_BAD_CFI : UNW_WHY_NO_CFI;
		return NULL;
	}
	/* A function's first instruction is described rightly by every table, and its code is not all there. */
	if (!at_call && !redirect && !is_exact(s, mem, m, &fresh)) {
		*ret_why = UNW_WHY_CALLS;
		return NULL;
	}
	return cfi_cache_put(&s->cache, &fresh);
}

static bool peek(struct walk *w, uint8_t code[CODE_PEEK])
{
	return !w->mem->read(w->mem->ctx, w->pc, code, CODE_PEEK);
}

/* The frame of a program's start code, after steps by metadata alone. */
static bool null_frame(struct walk *w)
{
	const struct unw_arch *arch = w->s->arch;

	return arch->first_frame && w->prev_cfa && w->prev_cfa == w->regs.r[arch->sp_reg] &&
	       arch->first_frame(w->mem, w->prev_cfa);
}

/* True in the code from the entry point on, none of which metadata describes. */
static bool in_entry_code(struct walk *w, uint64_t look)
{
	struct unw_module *m = unw_space_find(w->s, look);
	enum unw_why why;

	if (!m || !m->entry || look < m->entry || look - m->entry >= ENTRY_CODE_MAX)
		return false;
	for (uint64_t a = m->entry; a <= look; a++)
		if (lookup(w->s, w->mem, a, false, &why) || why != UNW_WHY_NO_CFI)
			return false;
	return true;
}

static int reg_value(struct walk *w, const struct cfi_rule *r, uint64_t cfa, uint64_t *ret,
		     bool *ret_known)
{
	const struct unw_arch *arch = w->s->arch;
	uint64_t at = 0;
	int e;

	*ret = 0;
	*ret_known = true;
	switch (r->kind) {
	case CFI_UNDEF:
		*ret_known = false;
		return 0;
	case CFI_REG:
		*ret_known = r->value >= 0 && r->value < UNW_NREGS &&
			     unw_reg_ok(&w->regs, (unsigned int)r->value);
		if (*ret_known)
			*ret = w->regs.r[r->value];
		return 0;
	case CFI_VAL_OFFSET:
		*ret = to_addr(arch, cfa + (uint64_t)r->value);
		return 0;
	case CFI_REG_OFFSET:
		*ret_known = unw_reg_ok(&w->regs, r->base);
		if (!*ret_known)
			return 0;
		at = to_addr(arch, w->regs.r[r->base] + (uint64_t)r->value);
		break;
	case CFI_OFFSET:
		at = to_addr(arch, cfa + (uint64_t)r->value);
		break;
	case CFI_EXPR:
	case CFI_VAL_EXPR:
		e = expr_eval(r->expr, r->expr_len, &w->regs, w->mem, arch->addr_size, true, cfa,
			      &at);
		if (e == -3) {
			*ret_known = false;
			return 0;
		}
		if (e) {
			doubt(w, e == -2 ? UNW_WHY_MEMORY : UNW_WHY_BAD_CFI,
			      "a register's expression cannot be evaluated");
			return -1;
		}
		if (r->kind == CFI_VAL_EXPR) {
			*ret = at;
			return 0;
		}
		break;
	}
	if (w->mem->read(w->mem->ctx, at, ret, arch->addr_size)) {
		doubt(w, UNW_WHY_MEMORY, "its saved registers cannot be read");
		return -1;
	}
	return 0;
}

static int row_cfa(struct walk *w, const struct cfi_row *row, uint64_t *ret)
{
	int e;

	if (row->cfa_expr_len) {
		e = expr_eval(row->cfa_expr, row->cfa_expr_len, &w->regs, w->mem,
			      w->s->arch->addr_size, false, 0, ret);
		if (e) {
			doubt(w, e == -2 ? UNW_WHY_MEMORY :
			      e == -3 ? UNW_WHY_REGISTER : UNW_WHY_BAD_CFI,
			      "its frame address cannot be evaluated");
			return -1;
		}
		return 0;
	}
	if (!unw_reg_ok(&w->regs, row->cfa_reg)) {
		doubt(w, UNW_WHY_REGISTER, "the register that holds its frame address is not known");
		return -1;
	}
	*ret = to_addr(w->s->arch, w->regs.r[row->cfa_reg] + (uint64_t)row->cfa_off);
	if (row->cfa_deref) {
		uint64_t at = *ret;

		*ret = 0;
		if (w->mem->read(w->mem->ctx, at, ret, w->s->arch->addr_size)) {
			doubt(w, UNW_WHY_MEMORY, "its frame address cannot be read");
			return -1;
		}
	}
	return 0;
}

/* One step by metadata. 0: w is the caller; 1: the stack begins here; -1: doubt. */
static int step_cfi(struct walk *w, const struct cfi_row *row, struct unw_frame *f)
{
	const struct unw_arch *arch = w->s->arch;
	struct unw_regs next;
	uint64_t cfa, v;
	bool known;

	f->func_lo = row->func_lo;
	f->func_hi = row->func_hi;
	f->is_signal = row->is_signal;
	f->method = row->method;
	if (row->ra_undef)
		return 1;
	if (row_cfa(w, row, &cfa))
		return -1;
	f->cfa = cfa;
	if (!row->is_signal && (w->prev_cfa ? cfa <= w->prev_cfa : cfa < f->sp)) {
		doubt(w, UNW_WHY_CFA, "the stack does not grow towards its base");
		return -1;
	}
	memset(next.valid, 0, sizeof(next.valid));
	for (unsigned int i = 0; i < arch->n_regs; i++)
		if ((i < 64 && arch->callee_saved >> i & 1) && unw_reg_ok(&w->regs, i))
			unw_reg_set(&next, i, w->regs.r[i]);
	unw_reg_set(&next, arch->sp_reg, cfa);
	/*
	 * A link register that was not saved yet still holds the return address: in code that was
	 * interrupted. Where a call was made it holds what that call left there; see the end.
	 */
	if (row->ra_reg != arch->pc_reg && unw_reg_ok(&w->regs, row->ra_reg))
		unw_reg_set(&next, row->ra_reg, w->regs.r[row->ra_reg]);
	for (unsigned int i = 0; i < row->n_rules; i++) {
		const struct cfi_rule *r = &row->rules[i];

		if (reg_value(w, r, cfa, &v, &known))
			return -1;
		if (known)
			unw_reg_set(&next, r->reg, v);
		else
			unw_reg_unset(&next, r->reg);
	}
	if (!unw_reg_ok(&next, row->ra_reg) || !unw_reg_ok(&next, arch->sp_reg)) {
		doubt(w, UNW_WHY_REGISTER, "its return address is not known");
		return -1;
	}
	memcpy(w->regs.valid, next.valid, sizeof(next.valid));
	memcpy(w->regs.r, next.r, arch->n_regs * sizeof(next.r[0]));
	w->pc = to_pc(w->s, next.r[row->ra_reg]);
	if (!row->is_signal)
		unw_reg_unset(&w->regs, row->ra_reg);
	unw_reg_set(&w->regs, arch->pc_reg, w->pc);
	w->at_call = !row->is_signal;
	w->prev_cfa = row->is_signal ? 0 : cfa;
	return 0;
}

/* One step over the kernel's signal frame, which sp points into. */
static int step_sigframe(struct walk *w, struct unw_frame *f, int form)
{
	const struct unw_arch *arch = w->s->arch;
	uint64_t sp = w->regs.r[arch->sp_reg], v;
	struct unw_regs next = {0};

	for (unsigned int i = 0; i < arch->n_regs; i++) {
		int off = arch->sigframe_offset(form, i);

		if (off < 0)
			continue;
		v = 0;
		if (w->mem->read(w->mem->ctx, to_addr(arch, sp + (uint64_t)off), &v, arch->addr_size)) {
			doubt(w, UNW_WHY_MEMORY, "its signal frame cannot be read");
			return -1;
		}
		unw_reg_set(&next, i, v);
	}
	f->method = UNW_SIGFRAME;
	f->is_signal = true;
	f->cfa = sp;
	w->regs = next;
	w->pc = to_pc(w->s, next.r[arch->pc_reg]);
	w->at_call = false;
	w->prev_cfa = 0;
	return 0;
}

/* One step out of libc's clone. Same results as step_cfi(); 2: this is not clone. */
static int step_clone(struct walk *w, struct unw_frame *f, const uint8_t *code)
{
	const struct unw_arch *arch = w->s->arch;
	int kind = arch->after_clone(code, CODE_PEEK, &w->regs);
	uint64_t sp = w->regs.r[arch->sp_reg], ra = 0;

	if (kind == 0)
		return 2;
	if (kind == 1) {
		w->t->end = UNW_END_NEWBORN;
		return 1;
	}
	f->method = UNW_CLONE;
	for (unsigned int i = 0; arch->clone_slot && i < arch->n_regs; i++) {
		int off = arch->clone_slot(code, CODE_PEEK, i);
		uint64_t v = 0;

		if (off == UNW_IN_REG)
			continue;
		if (w->mem->read(w->mem->ctx, sp + (uint64_t)(int64_t)off, &v, arch->addr_size)) {
			doubt(w, UNW_WHY_MEMORY, "its saved registers cannot be read");
			return -1;
		}
		unw_reg_set(&w->regs, i, v);
	}
	if (arch->ra_reg != arch->pc_reg) {
		if (!unw_reg_ok(&w->regs, arch->ra_reg)) {
			doubt(w, UNW_WHY_REGISTER, "its return address is not known");
			return -1;
		}
		ra = w->regs.r[arch->ra_reg];
	} else if (w->mem->read(w->mem->ctx, sp, &ra, arch->addr_size)) {
		doubt(w, UNW_WHY_MEMORY, "its return address cannot be read");
		return -1;
	} else {
		sp += arch->addr_size;
	}
	f->cfa = sp;
	w->pc = to_pc(w->s, ra);
	unw_reg_unset(&w->regs, arch->ra_reg);
	unw_reg_set(&w->regs, arch->sp_reg, sp);
	unw_reg_set(&w->regs, arch->pc_reg, w->pc);
	w->at_call = true;
	w->prev_cfa = sp;
	return 0;
}

/*
 * For display only: the saved frame pointer and the return address above it, or the chain of frames
 * where the architecture has one.
 */
static int step_fp(struct walk *w, struct unw_frame *f)
{
	const struct unw_arch *arch = w->s->arch;
	uint64_t fp, pair[2];

	if (arch->addr_size != 8 || (!arch->back_chain && !unw_reg_ok(&w->regs, arch->fp_reg)))
		return -1;
	fp = arch->back_chain ? f->sp : w->regs.r[arch->fp_reg];
	if (fp < f->sp || fp % 8 || w->mem->read(w->mem->ctx, fp, pair, sizeof(pair)))
		return -1;
	if (arch->back_chain) {
		f->cfa = pair[0];
		if (f->cfa <= f->sp || w->mem->read(w->mem->ctx, f->cfa + 16, &pair[1], sizeof(pair[1])))
			return -1;
	} else {
		f->cfa = fp + 16;
	}
	pair[1] = to_pc(w->s, pair[1]);
	if (!unw_space_find(w->s, pair[1]))
		return -1;
	f->method = UNW_FP;
	memset(w->regs.valid, 0, sizeof(w->regs.valid));
	if (!arch->back_chain)
		unw_reg_set(&w->regs, arch->fp_reg, pair[0]);
	unw_reg_set(&w->regs, arch->sp_reg, f->cfa);
	unw_reg_set(&w->regs, arch->pc_reg, pair[1]);
	w->pc = pair[1];
	w->at_call = true;
	w->trusted = false;
	w->prev_cfa = f->cfa;
	return 0;
}

static const char *const why_text[] = {
	[UNW_WHY_NO_MODULE] = "the pc is in no known object",
	[UNW_WHY_NO_CFI] = "there is no unwind information for this pc",
	[UNW_WHY_CALLS] = "the unwind information is about calls, and this instruction was interrupted",
	[UNW_WHY_BAD_CFI] = "the unwind information is damaged or of an unknown kind",
};

/* Which form of signal trampoline the pc is in, by its code; also at the system call itself. 0: none. */
static int trampoline_form(struct walk *w, const struct cfi_row *row)
{
	const struct unw_arch *arch = w->s->arch;
	uint8_t code[CODE_PEEK];
	int form = peek(w, code) ? arch->is_sigreturn(code, sizeof(code)) : 0;

	if (!form && !w->at_call && w->pc - row->func_lo >= 4 &&
	    !w->mem->read(w->mem->ctx, w->pc - 4, code, 8))
		form = arch->is_sigreturn(code, 8);
	return form;
}

/* One step by whatever is proven. Same results as step_cfi(). */
static int step(struct walk *w, struct unw_frame *f)
{
	const struct unw_arch *arch = w->s->arch;
	uint64_t look = w->pc - (w->at_call ? 1 : 0);
	enum unw_why why = UNW_OK;
	const struct cfi_row *row = lookup(w->s, w->mem, look, w->at_call, &why), *at;
	uint8_t code[CODE_PEEK];
	enum unw_why ignore;
	int form;

	if (row && row->is_signal && arch->sigframe_by_code &&
	    unw_space_find(w->s, look)->kind == UNW_MODULE_VDSO) {
		form = trampoline_form(w, row);
		if (form)
			return step_sigframe(w, f, form);
		doubt(w, UNW_WHY_BAD_CFI, "the kernel's signal trampoline has a form that is not known");
		return -1;
	}
	/*
	 * A return address just behind its function: either the call does not return, or nobody
	 * called and this is a trampoline that happens to follow. Code decides.
	 */
	if (w->at_call && (!row || row->func_hi == w->pc || arch->sigframe_by_code)) {
		at = lookup(w->s, w->mem, w->pc, false, &ignore);
		if (at && at->is_signal && !arch->sigframe_by_code)
			return step_cfi(w, at, f);
		if (peek(w, code)) {
			form = arch->is_sigreturn(code, sizeof(code));
			if (form)
				return step_sigframe(w, f, form);
			if (!row && arch->ends_thread(code, sizeof(code))) {
				w->t->end = UNW_END_THREAD;
				return 1;
			}
		}
	}
	/* Metadata of clone is the parent's: a link register is copied to the child. */
	if (row && !w->at_call && arch->ra_reg != arch->pc_reg && peek(w, code)) {
		form = arch->sigframe_by_code ? arch->is_sigreturn(code, sizeof(code)) : 0;
		if (form)
			return step_sigframe(w, f, form);
		if (arch->after_clone(code, sizeof(code), &w->regs) == 1) {
			w->t->end = UNW_END_NEWBORN;
			return 1;
		}
	}
	if (row)
		return step_cfi(w, row, f);
	if (why == UNW_WHY_NO_CFI || why == UNW_WHY_CALLS) {
		if (!w->at_call && peek(w, code)) {
			int r;

			/* Interrupted inside the trampoline, before its system call. */
			form = arch->is_sigreturn(code, sizeof(code));
			if (form)
				return step_sigframe(w, f, form);
			r = step_clone(w, f, code);
			if (r != 2)
				return r;
		}
		if (in_entry_code(w, look)) {
			w->t->end = UNW_END_ENTRY;
			return 1;
		}
	}
	if (!w->pc && w->at_call && null_frame(w)) {
		w->t->end = UNW_END_NULL;
		return 1;
	}
	if (w->pc == 0)
		doubt(w, UNW_WHY_ZERO, "the return address is 0 where no stack is known to begin");
	else
		doubt(w, why, why_text[why]);
	return -1;
}

/* For display only: where the metadata says nothing that can be relied on. */
static int step_guess(struct walk *w, struct unw_frame *f)
{
	enum unw_why why;
	const struct cfi_row *row = w->at_call ? NULL : lookup(w->s, w->mem, w->pc, true, &why);

	/* Tables about calls are mostly right in the middle of a function, too. */
	if (row && row->calls_only && !step_cfi(w, row, f)) {
		w->trusted = false;
		return 0;
	}
	f->method = UNW_NONE;
	return step_fp(w, f);
}

void unw_walk(struct unw_space *s, const struct unw_regs *regs, const struct unw_mem *mem,
	      const struct unw_opts *opts, struct unw_trace *t)
{
	static const struct unw_opts none;
	struct walk w = {.s = s, .mem = mem, .t = t, .regs = *regs, .trusted = true};
	size_t max;

	if (!opts)
		opts = &none;
	max = opts->max_frames ? opts->max_frames : UNW_MAX_FRAMES;
	t->n = 0;
	t->reliable = false;
	t->why = UNW_OK;
	t->end = UNW_END_NONE;
	t->text[0] = '\0';
	w.at_call = opts->top_at_call;
	if (!unw_reg_ok(regs, s->arch->pc_reg) || !unw_reg_ok(regs, s->arch->sp_reg)) {
		doubt(&w, UNW_WHY_REGISTER, "its registers are not known");
		return;
	}
	w.pc = to_pc(s, regs->r[s->arch->pc_reg]);
	for (;;) {
		struct unw_frame *f;
		int r;

		if (t->n == max) {
			doubt(&w, UNW_WHY_DEPTH, "the stack is deeper than the limit");
			return;
		}
		f = VEC_PUSH(t->v, t->n, t->cap);
		memset(f, 0, sizeof(*f));
		f->pc = w.pc;
		f->sp = w.regs.r[s->arch->sp_reg];
		f->at_call = w.at_call;
		f->trusted = w.trusted;
		r = step(&w, f);
		if (r == 1) {
			f->method = UNW_NONE;
			if (t->end == UNW_END_NONE)
				t->end = UNW_END_UNDEFINED;
			break;
		}
		if (r < 0) {
			f->method = UNW_NONE;
			if (!opts->display || step_guess(&w, f))
				break;
		}
	}
	t->reliable = t->why == UNW_OK && t->end != UNW_END_NONE;
}

void unw_trace_free(struct unw_trace *t)
{
	free(t->v);
	memset(t, 0, sizeof(*t));
}
