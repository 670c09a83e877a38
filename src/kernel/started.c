// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions that only run at the start (__init) and that the compiler put a changed function into.
 *
 * The fix is of a function that others use as well, and those are patched. The copy in the start's function has run
 * and its memory was given back, so there is nothing to be patched, and nothing of it that could still run. Had
 * the compiler called the function there, nobody would have asked: what it did before the patch stays done
 * either way. So the start's function is left as it is, and that is told.
 *
 * It is refused where the patch edits the start's own function, or where nothing else has what the patch edits: then
 * it would have no effect. And a module runs its start when it is loaded: such a patch needs it to be there, as it
 * would else run the original's copy beside the new functions. The glue of the patch refuses a module that comes
 * later.
 */
#include "base/log.h"
#include "kernel/refuse.h"

#include <string.h>

static bool is_start(const struct kbuild_unit *u, const struct diff_func *f)
{
	const char *sec = f->orig ? u->orig->secs[u->orig->syms[f->orig].shndx].name : "";

	return str_starts(sec, ".init.text") || (!u->object && str_starts(sec, ".exit.text"));
}

/* "inlines 'NAME' (FILE:LINE), which the patch edits": is @f the function itself, or does it inline it, too? */
static bool has_it(const struct diff_func *f, const char *inlines)
{
	const char *name = strchr(inlines, '\'');
	size_t n = strlen(f->name);

	return strvec_has(&f->why_chain, inlines) ||
	       (f->why == WHY_EDITED && name && !strncmp(name + 1, f->name, n) && name[1 + n] == '\'');
}

static bool is_patched_elsewhere(const struct kbuild *kb, size_t object, const char *inlines)
{
	for (size_t i = 0; i < kb->n_units; i++) {
		const struct kbuild_unit *u = &kb->units[i];

		for (size_t k = 0; u->object == object && u->diff && k < u->diff->n_funcs; k++) {
			const struct diff_func *f = &u->diff->funcs[k];

			if (f->status == DIFF_CHANGED && f->orig && !is_start(u, f) && has_it(f, inlines))
				return true;
		}
	}
	return false;
}

static bool may_stay(const struct kbuild *kb, const struct kbuild_unit *u, const struct diff_func *f)
{
	if (f->status != DIFF_CHANGED || f->why != WHY_INLINED || !is_start(u, f))
		return false;
	for (size_t i = 0; i < f->why_chain.n; i++)
		if (!is_patched_elsewhere(kb, u->object, f->why_chain.v[i]))
			return false;
	return f->why_chain.n > 0;
}

void started_leave(struct kbuild *kb)
{
	for (size_t i = 0; i < kb->n_units; i++) {
		struct kbuild_unit *u = &kb->units[i];

		for (size_t k = 0; u->diff && k < u->diff->n_funcs; k++) {
			struct diff_func *f = &u->diff->funcs[k];

			if (!may_stay(kb, u, f))
				continue;
			f->status = DIFF_UNCHANGED;
			kb->objects[u->object].started = true;
			if (!u->reads_keys)
				log_warn("'%s' (%s) has run and stays as it was: it %s", f->name, u->source, f->why_chain.v[0]);
		}
	}
}
