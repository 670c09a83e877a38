// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions that the kernel cannot redirect, because the tracer has no place in them, and that only their own
 * file calls. The kernel's `inline` means notrace as well, so every static inline function that the compiler
 * did not inline is one. It need not be redirected: its callers are replaced by versions that call the new
 * one, which goes along as if the patch had added it. All of them switch over together, task by task, so no task
 * sees a mixture.
 *
 * Not where its address is taken: whoever holds it would go on calling the old one, or, worse, the new one when
 * the patch is gone.
 */
#include "kernel/mlink.h"
#include "kernel/refuse.h"

#include <stdlib.h>

static bool is_same_place(const struct elf_obj *o, uint32_t a, uint32_t b)
{
	return o->syms[a].shndx == o->syms[b].shndx && o->syms[a].value == o->syms[b].value;
}

static bool is_branch(const struct ref *r)
{
	return r->insn_kind == INSN_CALL || r->insn_kind == INSN_JUMP || r->insn_kind == INSN_COND;
}

/* Of concern here: code, and data that is no table of the kernel about places in code. */
static bool is_user(const struct elf_obj *o, const struct elf_sec *s)
{
	const struct special *k = special_find(s->name, o->machine);

	return s->flags & SHF_ALLOC && s->n_rels && (s->flags & SHF_EXECINSTR || !k || k->role == SPECIAL_CALLS);
}

/* [index of u->diff->funcs] that call @f. False: something takes its address, or nothing calls it. */
static bool callers_of(const struct kbuild_unit *u, const struct diff_func *f, struct ref **refs, bool *ret)
{
	const struct elf_obj *o = u->new;
	bool any = false;

	for (size_t i = 1; i < o->n_secs; i++)
		for (size_t k = 0; is_user(o, &o->secs[i]) && k < o->secs[i].n_rels; k++) {
			const struct ref *r = &refs[i][k];
			const struct diff_func *g;
			uint32_t user;

			if (r->kind != REF_SYM || r->off || !is_same_place(o, r->sym, f->new))
				continue;
			user = sym_covering(o, (uint32_t)i, r->rel->offset);
			g = user ? func_of(u, user) : NULL;
			if (!(o->secs[i].flags & SHF_EXECINSTR) || !is_branch(r) || !g)
				return false;
			if (g != f && !is_discarded(o->secs[i].name, u->object != 0))
				any = ret[g - u->diff->funcs] = true;
		}
	return any;
}

static bool is_carried(const struct kbuild_unit *u, const struct diff_func *f)
{
	return f->status == DIFF_CHANGED && f->orig && f->new && u->orig->syms[f->orig].bind == STB_LOCAL &&
	       u->new->syms[f->new].bind == STB_LOCAL && !has_site(u->orig, &u->orig->syms[f->orig]);
}

static bool carry_one(struct kbuild_unit *u, struct diff_func *f, struct ref **refs)
{
	bool *calls = xcalloc(u->diff->n_funcs, sizeof(*calls)), ok = callers_of(u, f, refs, calls);

	for (size_t i = 0; ok && i < u->diff->n_funcs; i++) {
		struct diff_func *g = &u->diff->funcs[i];

		if (!calls[i] || g->status != DIFF_UNCHANGED)
			continue;
		g->status = DIFF_CHANGED;
		g->why = WHY_REFERS;
		strvec_pushf(&g->why_chain, "calls '%s', which changes and cannot be redirected itself", f->name);
	}
	if (ok)
		f->status = DIFF_NEW;
	free(calls);
	return ok;
}

void carry_untraced(struct kbuild_unit *u)
{
	struct diff_unit *d = u->diff;
	struct target_dis *dis = NULL;
	struct ref **refs = NULL;
	uint8_t *want = NULL;
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < d->n_funcs; i++) {
			if (!is_carried(u, &d->funcs[i]))
				continue;
			if (!refs) {
				want = xcalloc(u->new->n_secs, sizeof(*want));
				for (size_t k = 1; k < u->new->n_secs; k++)
					want[k] = is_user(u->new, &u->new->secs[k]);
				dis = target_dis_open(d->target);
				refs = refs_of_object(u->new, want, dis);
			}
			more |= carry_one(u, &d->funcs[i], refs);
		}
	}
	for (size_t i = 0; refs && i < u->new->n_secs; i++)
		free(refs[i]);
	free(refs);
	free(want);
	if (dis)
		target_dis_close(dis);
}
