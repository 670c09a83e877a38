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

/* Length of the first instruction of the redirect @code. */
static size_t first_len(const struct target *t, struct target_dis *dis, const struct ledger_func *f,
			const uint8_t *code)
{
	struct insn in;

	if (t->decode(dis, code, f->jump_len, f->entry, &in) < 0 || !in.len)
		return t->insn_min;
	return in.len;
}

void between_ranges(struct switch_ranges *rs, const struct ledger *l)
{
	const struct target *t = target_find(l->machine);
	struct target_dis *dis = t ? target_dis_open(t) : NULL;

	for (size_t i = 0; i < l->n_funcs && dis; i++) {
		const struct ledger_func *f = &l->funcs[i];
		size_t len = first_len(t, dis, f, f->direct);

		if (len < f->jump_len)
			switch_range_add(rs, f->entry + len, f->jump_len - len, f->name, f->file, f->line);
	}
	target_dis_close(dis);
}

static void add_walks(struct unw_space *s, const struct ledger *l)
{
	const struct target *t = target_find(l->machine);
	struct target_dis *dis = t ? target_dis_open(t) : NULL;

	for (size_t i = 0; i < l->n_funcs && dis; i++) {
		const struct ledger_func *f = &l->funcs[i];

		if (first_len(t, dis, f, f->direct) >= f->jump_len)
			continue;
		unw_space_add_redirect(s, f->entry, f->direct, f->jump_len);
		unw_space_add_redirect(s, f->entry, f->via_stub, f->jump_len);
	}
	target_dis_close(dis);
}

void between_walks(struct unw_space *s, const struct ledgers *ls)
{
	for (size_t i = 0; i < ls->n; i++)
		for (size_t k = 0; k < ls->v[i].n; k++)
			add_walks(s, &ls->v[i].v[k]);
}
