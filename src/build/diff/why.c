// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why is this function in? The first answer that holds: its own lines were edited; it inlines
 * something that was edited; it refers to a constant that moved, or to something that is new; it is a
 * piece of a function that was edited. Otherwise only the generated code is known to differ.
 */
#include "build/diff/names.h"
#include "build/diff/unit.h"

#include <stdlib.h>
#include <string.h>

static char *copy_or_null(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static const struct dbg_func *func_info(const struct side *s, uint32_t sym)
{
	const struct elf_sym *y = &s->o->syms[sym];

	return sym ? dbg_func_at(s->dbg, y->shndx, y->value) : NULL;
}

void positions(struct diff_ctx *c)
{
	for (size_t i = 0; i < c->u->n_funcs; i++) {
		struct diff_func *f = &c->u->funcs[i];
		const struct dbg_func *d = func_info(f->new ? &c->new : &c->orig,
						     f->new ? f->new : f->orig);

		if (d) {
			f->file = copy_or_null(d->file);
			f->line = d->line;
		}
	}
	for (size_t i = 0; i < c->u->n_data; i++) {
		struct diff_data *d = &c->u->data[i];
		const struct dbg_var *v = d->new ? var_of(&c->new, d->new) : var_of(&c->orig, d->orig);

		if (v) {
			d->file = copy_or_null(v->file);
			d->line = v->line;
		}
	}
}

static bool edited(const struct diff_ctx *c, const char *file, int from, int to)
{
	return c->opts->is_edited && file && from &&
	       c->opts->is_edited(c->opts->ctx, file, from, to);
}

/* " (a.c:12)", or nothing. */
static char *at(const char *file, int line)
{
	return file ? xasprintf(" (%s:%d)", path_base(file), line) : xstrdup("");
}

static bool inlines_edited(const struct diff_ctx *c, const struct dbg_func *d,
			   struct strvec *chain)
{
	bool hit = false;

	for (size_t i = 0; d && i < d->n_inl; i++) {
		const struct dbg_inline *in = &d->inl[i];
		char *where;

		if (!edited(c, in->file, in->line, in->end))
			continue;
		where = at(in->file, in->line);
		strvec_pushf(chain, "inlines '%s'%s, which the patch edits", in->name, where);
		free(where);
		hit = true;
	}
	return hit;
}

static void push_cause(const struct diff_ctx *c, uint32_t cause, struct strvec *chain)
{
	/* Each step was caused by one that had changed before, so this ends. */
	while (cause) {
		uint32_t d = c->data_of[cause];
		char *where = d ? at(c->u->data[d - 1].file, c->u->data[d - 1].line) : xstrdup("");

		strvec_pushf(chain, d ? "refers to constant '%s'%s, which changes"
				      : "points into function '%s'%s, which changes",
			     c->new.o->syms[cause].name, where);
		free(where);
		cause = d ? c->data_cause[d - 1] : 0;
	}
}

struct hit {
	uint32_t self, sym;
};

static bool is_new_or_moved(const struct diff_ctx *c, uint32_t t, int64_t off, void *arg)
{
	struct hit *h = arg;
	uint32_t d = c->data_of[t], f = c->func_of[t];

	h->sym = t;
	if (d)
		return c->u->data[d - 1].status == DIFF_NEW ||
		       (c->u->data[d - 1].status == DIFF_CHANGED &&
			c->u->data[d - 1].kind == DATA_RO);
	return f && f != h->self && c->u->funcs[f - 1].status == DIFF_NEW;
}

static bool piece_of_edited(const struct diff_ctx *c, struct diff_func *f)
{
	char *source = name_source(f->name);
	bool hit = false;

	for (size_t i = 0; name_clone(f->name) != CLONE_NONE && i < c->u->n_funcs && !hit; i++) {
		const struct diff_func *g = &c->u->funcs[i];

		hit = g != f && !strcmp(g->name, source) && g->status != DIFF_UNCHANGED;
	}
	if (hit)
		strvec_pushf(&f->why_chain, "is a piece of '%s', which changes", source);
	free(source);
	return hit;
}

static void reason_of(struct diff_ctx *c, struct diff_func *f, size_t i)
{
	const struct dbg_func *o = func_info(&c->orig, f->orig), *n = func_info(&c->new, f->new);
	struct hit h = {.self = (uint32_t)i + 1};

	f->why = WHY_CODE;
	if (o && edited(c, o->file, o->line, o->end)) {
		bool clone = name_clone(f->name) != CLONE_NONE;
		char *where = at(o->file, o->line);

		f->why = clone ? WHY_PART : WHY_EDITED;
		strvec_pushf(&f->why_chain, clone ? "is a piece of '%s'%s, which the patch edits"
						  : "the patch edits '%s'%s", o->name, where);
		free(where);
	} else if (inlines_edited(c, o, &f->why_chain) || inlines_edited(c, n, &f->why_chain)) {
		f->why = WHY_INLINED;
	} else if (c->func_cause[i]) {
		f->why = WHY_REFERS;
		push_cause(c, c->func_cause[i], &f->why_chain);
	} else if (piece_of_edited(c, f)) {
		f->why = WHY_PART;
	} else if (each_target(c, f->new, is_new_or_moved, &h)) {
		const struct diff_data *d = c->data_of[h.sym] ? &c->u->data[c->data_of[h.sym] - 1]
							      : NULL;

		f->why = WHY_REFERS;
		if (d && d->status == DIFF_CHANGED)
			push_cause(c, h.sym, &f->why_chain);
		else
			strvec_pushf(&f->why_chain, "refers to '%s', which is new",
				     c->new.o->syms[h.sym].name);
	} else {
		strvec_push(&f->why_chain, "the compiler generated other code");
	}
}

void reasons(struct diff_ctx *c)
{
	for (size_t i = 0; i < c->u->n_funcs; i++)
		if (c->u->funcs[i].status == DIFF_CHANGED)
			reason_of(c, &c->u->funcs[i], i);
}
