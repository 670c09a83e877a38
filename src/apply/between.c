// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A redirect of several instructions: riscv64's `auipc t1; jr`, arm64's `bti c; b` where pages are guarded.
 *
 * The problem: a thread may stand behind the first of them. It has left the caller, and not come to the function;
 * if the second is not what it was when the first was executed, it goes astray. And tables that describe the
 * original know a frame there, which this code has not made: a walk would go past the caller.
 *
 *   - Nothing is written to an entry while a thread is in the midst of it. Apply and revert look for it, as an entry is
 *     among the code in which no thread may be; and so does the recovery of what a dead tool left, which
 *     looks at no stacks else.
 *   - To a walk any place in a redirect is the function's first instruction, as long as the redirect is there.
 *     All that such code changes is a register that nobody expects anything of.
 *
 * Such a thread is waited for. It could be sent back to the entry; but it has moved on a moment later anyway, unless
 * a signal's handler interrupted it there, and of those any number may be on a stack.
 */
#include "apply/between.h"

/* Calls @fn for each function of @l whose redirect has several instructions, with the length of the first. */
static void each(const struct ledger *l, void (*fn)(void *ctx, const struct ledger_func *f, size_t len), void *ctx)
{
	const struct target *t = target_find(l->machine);
	struct target_dis *dis = t ? target_dis_open(t) : NULL;

	for (size_t i = 0; i < l->n_funcs && dis; i++) {
		const struct ledger_func *f = &l->funcs[i];
		struct insn in;

		if (t->decode(dis, f->direct, f->jump_len, f->entry, &in) < 0 || !in.len)
			in.len = t->insn_min;
		if (in.len < f->jump_len)
			fn(ctx, f, in.len);
	}
	target_dis_close(dis);
}

static void add_range(void *ctx, const struct ledger_func *f, size_t len)
{
	switch_range_add(ctx, f->entry + len, f->jump_len - len, f->name, f->file, f->line);
}

void between_ranges(struct switch_ranges *rs, const struct ledger *l)
{
	each(l, add_range, rs);
}

static void add_walk(void *ctx, const struct ledger_func *f, size_t len)
{
	unw_space_add_redirect(ctx, f->entry, f->direct, f->jump_len);
	unw_space_add_redirect(ctx, f->entry, f->via_stub, f->jump_len);
}

void between_walks(struct unw_space *s, const struct ledgers *ls)
{
	for (size_t i = 0; i < ls->n; i++)
		for (size_t k = 0; k < ls->v[i].n; k++)
			each(&ls->v[i].v[k], add_walk, s);
}
