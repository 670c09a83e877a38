// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which functions make use of what GCC saw of their callees' registers (-fipa-ra)? Those whose code is
 * another one without that: the compiler itself is asked. Where it cannot be, all do.
 *
 * It is asked of the patched code, which is about to run. Where what runs now was compiled otherwise
 * than what goes into the patch (proofs.c), it is asked of that as well: the callers that stay are of
 * that compile.
 */
#include "build/reliance.h"

#include "base/log.h"
#include "build/proofs.h"

#include <stdlib.h>

/* Does code that is going into the patch call a local function that stays? */
static bool calls_local(const struct diff_unit *d)
{
	for (size_t i = 0; i < d->n_funcs; i++) {
		const struct diff_func *f = &d->funcs[i];
		uint32_t sec;

		if (f->status != DIFF_CHANGED && f->status != DIFF_NEW)
			continue;
		sec = d->new->syms[f->new].shndx;
		for (size_t k = 0; k < d->new->secs[sec].n_rels; k++) {
			const struct ref *r = &d->new_refs[sec][k];

			if (r->kind == REF_SYM && r->sec && r->insn_kind == INSN_CALL && r->sym != f->new)
				return true;
		}
	}
	return false;
}

/* Functions of @o that are others in @without; all of them where the two cannot be compared. */
static bool *differing(const struct elf_obj *o, const char *without)
{
	bool *res = xcalloc(o->n_syms + 1, sizeof(*res));
	struct sut_err err = {0};
	struct elf_obj *w = without ? target_obj_open(without, &err) : NULL;
	struct diff_unit *d = w ? diff_unit_compare((struct elf_obj *)o, w, NULL, &err) : NULL;

	for (size_t k = 0; !d && k < o->n_syms; k++)
		res[k] = true;
	for (size_t k = 0; d && k < d->n_funcs; k++) {
		const struct diff_func *f = &d->funcs[k];

		/* Here @o stands in the place of the original. */
		if (f->status == DIFF_UNCHANGED || !f->orig)
			continue;
		res[f->orig] = true;
		for (size_t c = 0; c < f->n_orig_cold; c++)
			res[f->orig_cold[c]] = true;
	}
	if (d)
		diff_unit_free(d);
	elf_obj_free(w);
	sut_err_free(&err);
	return res;
}

/* The same question of what runs now, added to the answers for the patched code. */
static void ask_of_running(struct build *b)
{
	struct compile_opts co = {.jobs = b->opts.jobs};
	const struct unit **units = xcalloc(b->n_units + 1, sizeof(*units));
	struct strvec flags = {0};
	struct sut_err err = {0};
	char **paths = NULL;

	for (size_t i = 0; i < b->n_units; i++)
		units[i] = b->units[i].compiled->unit;
	proof_flags(b, &flags);
	strvec_push(&flags, "-fno-ipa-ra");
	co.extra_flags = flags.v;
	if (compile_originals(&b->capture, units, b->n_units, &co, &paths, &err) < 0)
		log_debug("cannot compile with -fno-ipa-ra: callees are taken to be relied on");
	for (size_t i = 0; i < b->n_units; i++) {
		struct build_unit *u = &b->units[i];
		bool *of = u->relies && u->proof ? differing(u->proof, paths ? paths[i] : NULL) : NULL;
		uint32_t *map = of ? proof_map(u->proof, u->new) : NULL;

		for (size_t s = 1; of && s < u->proof->n_syms; s++)
			if (map[s])
				u->relies[map[s]] |= of[s];
		free(of);
		free(map);
	}
	for (size_t i = 0; i < b->n_units && paths; i++)
		free(paths[i]);
	free(paths);
	free(units);
	strvec_free(&flags);
	sut_err_free(&err);
}

void reliance_find(struct build *b, const char *more)
{
	struct compile_opts co = {.jobs = b->opts.jobs};
	struct strvec flags = {0};
	struct sut_err err = {0};
	char **paths = NULL;
	bool wanted = false;

	for (size_t i = 0; i < b->n_units; i++) {
		const struct build_unit *u = &b->units[i];

		wanted |= u->diff && u->diff->changed && calls_local(u->diff) &&
			  !command_is_clang(u->compiled->unit->compiler);
	}
	if (!wanted)
		return;
	compile_flags(b, more, &flags);
	strvec_push(&flags, "-fno-ipa-ra");
	co.extra_flags = flags.v;
	if (compile_again(&b->capture, &b->patches, &b->compiled, &co, &paths, &err) < 0)
		log_debug("cannot compile with -fno-ipa-ra: callees are taken to be relied on");
	for (size_t i = 0; i < b->n_units; i++)
		if (b->units[i].new)
			b->units[i].relies = differing(b->units[i].new, paths ? paths[i] : NULL);
	for (size_t i = 0; i < b->compiled.n && paths; i++)
		free(paths[i]);
	free(paths);
	strvec_free(&flags);
	sut_err_free(&err);
	if (proof_is_apart(b))
		ask_of_running(b);
}
