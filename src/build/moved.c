// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Units are compared one by one, so what goes from one to another is removed here and new there. New code and data are
 * the patch's own: the rest of the program would stay with the function that runs, and with the variable that has the
 * state. The same comes of a definition that would have taken the place of a weak one. Not noticed is one of a unit that
 * the patch does not affect, in a program without a symbol table.
 */
#include "build/moved.h"

#include <string.h>

static bool is_global(const struct elf_obj *o, const struct elf_sym *y)
{
	return y->bind != STB_LOCAL && y->shndx && *y->name &&
	       /* Of an inline function of C++ each unit may have a copy. */
	       !(y->shndx < o->n_secs && o->secs[y->shndx].flags & SHF_GROUP);
}

/* The source of the unit whose original defines it, or NULL. */
static const char *had_it(const struct moved_unit *units, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		const struct elf_obj *o = units[i].diff->orig;

		for (size_t s = 1; s < o->n_syms; s++)
			if (is_global(o, &o->syms[s]) && !strcmp(o->syms[s].name, name))
				return units[i].source;
	}
	return NULL;
}

void moved_check(const struct moved_unit *units, size_t n, bool (*knows)(void *ctx, const char *name), void *ctx,
		 struct sut_err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct diff_unit *u = units[i].diff;

		for (size_t k = 0; k < u->n_funcs + u->n_data; k++) {
			const struct diff_func *f = k < u->n_funcs ? &u->funcs[k] : NULL;
			const struct diff_data *d = f ? NULL : &u->data[k - u->n_funcs];
			const struct elf_sym *y = &u->new->syms[f ? f->new : d->new];
			const char *source;

			if ((f ? f->status : d->status) != DIFF_NEW || (f ? f->orig : d->orig) || !is_global(u->new, y))
				continue;
			source = had_it(units, n, y->name);
			if (!source && (!knows || !knows(ctx, y->name)))
				continue;
			sut_fail(err, SUT_B_MOVED, y->name, "%s defines it, and what runs has it from %s", units[i].source,
				 source ? source : "another file");
			if (f ? f->file : d->file)
				sut_fail_where(err, f ? f->file : d->file, f ? f->line : d->line);
		}
	}
}
