// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is compared is not always compiled with the flags of what runs (build/proofs.c; struct target's
 * kernel_flags). Inlining is decided before most of them count, but nothing promises that. Where the kernel
 * has a changed function inlined in one that looks unchanged to the comparison, as there it is called, replacing the
 * changed one would be half a patch. Debug information of both compiles tells.
 */
#include "kernel/inlined.h"

#include <string.h>

const char *inlined_only_in(const struct dbg_func *a, const struct dbg_func *b, size_t *at)
{
	while (a && *at < a->n_inl) {
		const struct dbg_inline *in = &a->inl[(*at)++];
		bool both = false;

		for (size_t i = 0; b && i < b->n_inl; i++)
			both |= !strcmp(b->inl[i].name, in->name) && b->inl[i].line == in->line;
		if (!both)
			return in->name;
	}
	return NULL;
}

static const struct diff_func *changed_func(const struct diff_unit *d, const char *name)
{
	for (size_t i = 0; i < d->n_funcs; i++)
		if (d->funcs[i].status == DIFF_CHANGED && !strcmp(d->funcs[i].name, name))
			return &d->funcs[i];
	return NULL;
}

static const struct dbg_func *info(const struct dbg *d, const struct elf_obj *o, uint32_t sym)
{
	return sym ? dbg_func_at(d, o->syms[sym].shndx, o->syms[sym].value) : NULL;
}

void inlined_check(const struct kbuild *kb, const struct kbuild_unit *u, struct sut_err *err)
{
	struct dbg *runs, *ours;

	if (!u->proof || !u->diff || !u->diff->changed)
		return;
	runs = dbg_read(u->proof);
	ours = dbg_read(u->orig);
	for (size_t i = 0; i < u->diff->n_funcs; i++) {
		const struct diff_func *f = &u->diff->funcs[i], *inner;
		const struct dbg_func *a, *b;
		const char *name;
		size_t at = 0;

		if (f->status != DIFF_UNCHANGED || !f->orig)
			continue;
		a = info(runs, u->proof, u->to_proof[f->orig]);
		b = info(ours, u->orig, f->orig);
		while ((name = inlined_only_in(a, b, &at))) {
			inner = changed_func(u->diff, name);
			if (!inner)
				continue;
			sut_fail(err, SUT_B_MISMATCH, name, "%s has it inlined in '%s', and what was compiled for "
				 "the patch calls it there", kb->release, f->name);
			sut_fail_where(err, inner->file ? inner->file : u->source, inner->line);
		}
	}
	dbg_free(runs);
	dbg_free(ours);
}
