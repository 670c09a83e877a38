// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What cannot be right, all of it in one go. A running process has state, and other units have been
 * compiled: an initial value that changes has no effect on a variable that has long been
 * initialised, a size that changes moves what lies behind it, a signature that changes breaks
 * callers that stay.
 */
#include "build/diff/unit.h"

#include <stdlib.h>
#include <string.h>

static const struct elf_sym *nsym(const struct diff_ctx *c, uint32_t i)
{
	return &c->new.o->syms[i];
}

static const struct elf_sym *osym(const struct diff_ctx *c, uint32_t i)
{
	return &c->orig.o->syms[i];
}

static const char *scope_of(const struct diff_ctx *c, const struct diff_data *d)
{
	const struct dbg_var *v = var_of(&c->new, d->new);

	return v ? v->scope : NULL;
}

/* Up to eight bytes of an initial value. Fresh string. */
static char *value_text(const struct side *s, const struct elf_sym *y)
{
	const struct elf_sec *e = y->shndx < s->o->n_secs ? &s->o->secs[y->shndx] : NULL;
	uint64_t n = MIN(y->size, 8);
	size_t a, z;
	char *hex, *text;

	if (!e || !e->data)
		return xstrdup("zero");
	refs_range(s, e->idx, y->value, y->value + y->size, &a, &z);
	if (a != z)
		return xstrdup("(addresses)");
	hex = hex_encode(e->data + y->value, n);
	text = xasprintf("%s%s", hex, y->size > n ? "..." : "");
	free(hex);
	return text;
}

static bool points_inside(const struct diff_ctx *c, uint32_t t, int64_t off, void *arg)
{
	uint32_t f = c->func_of[t];

	*(uint32_t *)arg = t;
	return f && off && c->u->funcs[f - 1].status == DIFF_CHANGED;
}

static bool is_moved_const(const struct diff_ctx *c, uint32_t t, int64_t off, void *arg)
{
	uint32_t d = c->data_of[t];

	*(uint32_t *)arg = t;
	return d && c->u->data[d - 1].kind == DATA_RO && c->u->data[d - 1].status == DIFF_CHANGED;
}

static void refuse_tls(struct diff_ctx *c, const struct diff_data *d, struct sut_err *err)
{
	uint64_t old = d->orig ? osym(c, d->orig)->size : 0, now = nsym(c, d->new)->size;

	if (!d->orig)
		sut_fail(err, SUT_B_TLS, d->name, "the patch adds a thread-local variable");
	else if (old != now)
		sut_fail(err, SUT_B_TLS, d->name,
			 "the size of a thread-local variable changes from %llu to %llu bytes",
			 (unsigned long long)old, (unsigned long long)now);
	else
		sut_fail(err, SUT_B_TLS, d->name,
			 "the initial value of a thread-local variable changes");
	sut_fail_where(err, d->file, d->line);
}

static void refuse_changed_data(struct diff_ctx *c, const struct diff_data *d, struct sut_err *err)
{
	const struct elf_sym *n = nsym(c, d->new), *o = osym(c, d->orig);
	const char *scope = scope_of(c, d);
	bool old_ro = sym_kind(&c->orig, d->orig) == SK_RO, new_ro = d->kind == DATA_RO;
	uint32_t label = 0;
	char *was, *now;

	if (old_ro != new_ro) {
		sut_fail(err, SUT_B_DATA_KIND, d->name, "it was %s and becomes %s",
			 old_ro ? "constant" : "writable", new_ro ? "constant" : "writable");
	} else if (n->size != o->size) {
		sut_fail(err, scope ? SUT_B_STATIC_LOCAL : SUT_B_DATA_SIZE, d->name,
			 "its size changes from %llu to %llu bytes%s%s%s",
			 (unsigned long long)o->size, (unsigned long long)n->size,
			 scope ? " (static variable of '" : "", scope ? scope : "",
			 scope ? "')" : "");
	} else if (each_target(c, d->new, points_inside, &label)) {
		sut_fail(err, SUT_B_DATA_LABEL, d->name,
			 "it is writable and points into function '%s', which changes",
			 nsym(c, label)->name);
	} else {
		was = value_text(&c->orig, o);
		now = value_text(&c->new, n);
		sut_fail(err, scope ? SUT_B_STATIC_LOCAL : SUT_B_DATA_VALUE, d->name,
			 "its initial value changes from %s to %s%s%s%s", was, now,
			 scope ? " (static variable of '" : "", scope ? scope : "",
			 scope ? "')" : "");
		free(was);
		free(now);
	}
	sut_fail_where(err, d->file, d->line);
}

static bool same_name(const struct dbg_var *v, const struct dbg_var *w)
{
	return !strcmp(v->name, w->name) && !v->scope == !w->scope && (!v->scope || !strcmp(v->scope, w->scope));
}

/* Does the symbol's name, of which the debug information knows nothing, say that it was made of @v? */
static bool is_made_of(const char *sym, const struct dbg_var *v)
{
	char *stem = v->scope ? xasprintf("%s.%s.", v->scope, v->name) : xasprintf("%s.", v->name);
	bool made = str_starts(sym, stem);

	free(stem);
	return made;
}

/*
 * Is the new variable @n kept in the original, too, but not as that? The program's state of it is in what is
 * there: it neither begins anew nor is it where the new code looks. Returns its name, or NULL.
 */
static const char *has_other_form(const struct diff_ctx *c, uint32_t n)
{
	const struct dbg_var *v = var_of(&c->new, n);

	for (uint32_t i = 1; i < c->orig.o->n_syms; i++) {
		uint32_t now = c->u->to_new[i];
		const struct dbg_var *w, *x;

		if (!c->orig.canon[i] || osym(c, i)->type == STT_FUNC || sym_kind(&c->orig, i) == SK_RO)
			continue;
		w = var_of(&c->orig, i);
		x = now ? var_of(&c->new, now) : NULL;
		/* A part that both versions keep tells of the rest; but it may be of another of the same name. */
		if (v && w && (v->form || w->form) && same_name(v, w) && (!x || x->line == v->line))
			return v->name;
		if (!now && v && !w && is_made_of(osym(c, i)->name, v))
			return v->name;
		if (!now && !v && w && is_made_of(nsym(c, n)->name, w))
			return w->name;
	}
	return NULL;
}

static void refuse_data(struct diff_ctx *c, struct sut_err *err)
{
	for (size_t i = 0; i < c->u->n_data; i++) {
		const struct diff_data *d = &c->u->data[i];
		const char *of;
		uint32_t t = 0;

		if (d->status == DIFF_REMOVED || sym_kind(&c->new, d->new) == SK_SPECIAL)
			continue;
		of = d->status == DIFF_NEW && d->kind != DATA_RO ? has_other_form(c, d->new) : NULL;
		if (of) {
			sut_fail(err, SUT_B_FORM, d->name,
				 "the compiler keeps '%s' otherwise in the original", of);
			sut_fail_where(err, d->file, d->line);
			continue;
		}
		if (d->kind == DATA_TLS) {
			if (d->status != DIFF_UNCHANGED)
				refuse_tls(c, d, err);
			continue;
		}
		if (d->status == DIFF_NEW)
			continue;
		if (d->kind != DATA_RO || sym_kind(&c->orig, d->orig) != SK_RO) {
			if (d->status == DIFF_CHANGED) {
				refuse_changed_data(c, d, err);
			} else if (each_target(c, d->new, is_moved_const, &t)) {
				sut_fail(err, SUT_B_CONST_USER, nsym(c, t)->name,
					 "this constant changes, and the writable variable '%s' "
					 "points to it", d->name);
				sut_fail_where(err, c->u->data[c->data_of[t] - 1].file,
					       c->u->data[c->data_of[t] - 1].line);
				sut_fail_chain(err, "'%s' refers to '%s'", d->name,
					       nsym(c, t)->name);
			} else if (each_target(c, d->new, points_inside, &t)) {
				sut_fail(err, SUT_B_DATA_LABEL, d->name,
					 "it is writable and points into function '%s', which "
					 "changes", nsym(c, t)->name);
				sut_fail_where(err, d->file, d->line);
			}
			continue;
		}
		if (d->status == DIFF_CHANGED && nsym(c, d->new)->bind != STB_LOCAL &&
		    (!c->opts->has_outside_users ||
		     c->opts->has_outside_users(c->opts->ctx, d->name))) {
			sut_fail(err, SUT_B_CONST_GLOBAL, d->name,
				 "this constant changes, and other units may refer to it");
			sut_fail_where(err, d->file, d->line);
			if (c->data_cause[i])
				sut_fail_chain(err, "it refers to '%s', which changes",
					       nsym(c, c->data_cause[i])->name);
		}
	}
}

/* The section of @b that corresponds to section @i of @a: the same name, counted. */
static uint32_t same_section(const struct elf_obj *a, uint32_t i, const struct elf_obj *b)
{
	uint32_t nth = 0;

	for (uint32_t k = 1; k < i; k++)
		nth += !strcmp(a->secs[k].name, a->secs[i].name);
	for (uint32_t k = 1; k < b->n_secs; k++)
		if (!strcmp(b->secs[k].name, a->secs[i].name) && !nth--)
			return k;
	return 0;
}

/* Code or writable data that no sized symbol claims: top-level assembly. */
static bool is_unclaimed(const struct side *s, uint32_t sec)
{
	for (uint32_t i = 1; i < s->o->n_syms; i++)
		if (s->canon[i] && s->o->syms[i].shndx == sec && s->o->syms[i].size)
			return false;
	return true;
}

static void refuse_sections(struct diff_ctx *c, const struct side *s, struct sut_err *err)
{
	bool is_new = s == &c->new;
	const struct side *other = is_new ? &c->orig : &c->new;

	for (uint32_t i = 1; i < s->o->n_secs; i++) {
		const struct elf_sec *e = &s->o->secs[i];
		enum sec_kind k = s->kind[i];
		uint32_t j;

		if (!e->size || k == SK_NONE || (k != SK_SPECIAL && (k == SK_RO ||
								      !is_unclaimed(s, i))))
			continue;
		j = same_section(s->o, i, other->o);
		if (j && other->o->secs[j].size && (!is_new || sec_equal(c, i, j)))
			continue;
		if (k == SK_CODE)
			sut_fail(err, SUT_B_TOPLEVEL_ASM, e->name,
				 "it holds code that no function claims, and that code %s",
				 j ? "changes" : is_new ? "is new" : "is removed");
		else if (strstr(e->name, "init") || strstr(e->name, "fini") ||
			 str_ends(e->name, "tors"))
			sut_fail(err, SUT_B_INIT, e->name,
				 "the list of constructors or destructors %s",
				 j ? "changes" : is_new ? "is new" : "is removed");
		else
			sut_fail(err, SUT_B_SECTION, e->name, "the content of this section %s",
				 j ? "changes" : is_new ? "is new" : "is removed");
		if (c->opts->source)
			sut_fail_where(err, c->opts->source, 0);
	}
}

static bool is_sym(const struct diff_ctx *c, uint32_t t, int64_t off, void *arg)
{
	return t == *(uint32_t *)arg;
}

/* Somebody who stays as it is and refers to @sym; or NULL. */
static const char *unchanged_user(const struct diff_ctx *c, uint32_t sym)
{
	const struct diff_unit *u = c->u;

	for (size_t i = 0; i < u->n_funcs; i++) {
		const struct diff_func *f = &u->funcs[i];

		if (f->status != DIFF_UNCHANGED || f->new == sym)
			continue;
		if (each_target(c, f->new, is_sym, &sym))
			return f->name;
		for (size_t k = 0; k < f->n_new_cold; k++)
			if (each_target(c, f->new_cold[k], is_sym, &sym))
				return f->name;
	}
	for (size_t i = 0; i < u->n_data; i++)
		if (u->data[i].status == DIFF_UNCHANGED &&
		    each_target(c, u->data[i].new, is_sym, &sym))
			return u->data[i].name;
	return NULL;
}

static void refuse_signature(struct diff_ctx *c, const struct diff_func *f, struct sut_err *err)
{
	const struct elf_sym *n = nsym(c, f->new), *o = osym(c, f->orig);
	const struct dbg_func *a = dbg_func_at(c->orig.dbg, o->shndx, o->value);
	const struct dbg_func *b = dbg_func_at(c->new.dbg, n->shndx, n->value);
	const char *user;

	if (!a || !b || !strcmp(a->sig, b->sig))
		return;
	user = unchanged_user(c, f->new);
	if (!user && (n->bind == STB_LOCAL || !c->opts->has_outside_users ||
		      !c->opts->has_outside_users(c->opts->ctx, f->name)))
		return;
	sut_fail(err, SUT_B_SIGNATURE, f->name,
		 "its signature changes from '%s' to '%s', and %s%s%s", a->sig, b->sig, user ? "'" : "other units call it", user ? user : "",
		 user ? "', which stays as it is, uses it" : "");
	sut_fail_where(err, f->file, f->line);
	if (user)
		sut_fail_chain(err, "'%s' refers to '%s'", user, f->name);
}

static void refuse_relocs(struct diff_ctx *c, const struct diff_func *f, uint32_t sym,
			  struct sut_err *err)
{
	const struct elf_sym *y = nsym(c, sym);
	size_t a, z;

	refs_range(&c->new, y->shndx, y->value, y->value + y->size, &a, &z);
	for (; a < z; a++) {
		const struct ref *r = &c->new.refs[y->shndx][a];

		if (r->info->kind != REL_UNKNOWN)
			continue;
		sut_fail(err, SUT_B_RELOC, f->name,
			 "it holds a relocation of type %u (%s) at offset %llu", r->rel->type, r->info->name,
			 (unsigned long long)(r->rel->offset - y->value));
		sut_fail_where(err, f->file, f->line);
		return;
	}
	if (!c->opts->all_new && leaks(c, &c->new, sym)) {
		sut_fail(err, SUT_B_LEAK, f->name,
			 "its code in section '%s' reaches other code of that section without a "
			 "relocation", c->new.o->secs[y->shndx].name);
		sut_fail_where(err, f->file, f->line);
	}
}

static void refuse_funcs(struct diff_ctx *c, struct sut_err *err)
{
	for (size_t i = 0; i < c->u->n_funcs; i++) {
		const struct diff_func *f = &c->u->funcs[i];

		if (f->status != DIFF_CHANGED && f->status != DIFF_NEW)
			continue;
		if (nsym(c, f->new)->type == STT_GNU_IFUNC ||
		    (f->orig && osym(c, f->orig)->type == STT_GNU_IFUNC)) {
			sut_fail(err, SUT_B_IFUNC, f->name, f->orig ? "its resolver changes"
								    : "the patch adds it");
			sut_fail_where(err, f->file, f->line);
			continue;
		}
		if (f->status == DIFF_CHANGED)
			refuse_signature(c, f, err);
		refuse_relocs(c, f, f->new, err);
		for (size_t k = 0; k < f->n_new_cold; k++)
			refuse_relocs(c, f, f->new_cold[k], err);
	}
}

static bool both_same(const struct diff_ctx *c, uint32_t a, uint32_t b)
{
	return c->u->funcs[c->func_of[a] - 1].status == DIFF_UNCHANGED &&
	       c->u->funcs[c->func_of[b] - 1].status == DIFF_UNCHANGED;
}

/* Two names of one place that part: whoever holds the old address may mean either. */
static void refuse_split(struct diff_ctx *c, struct sut_err *err)
{
	const struct diff_unit *u = c->u;
	uint32_t *taken = xcalloc(c->orig.o->n_syms + 1, sizeof(*taken));

	for (size_t i = 0; i < u->n_funcs + u->n_data; i++) {
		bool is_func = i < u->n_funcs;
		const struct diff_data *d = is_func ? NULL : &u->data[i - u->n_funcs];
		uint32_t new = is_func ? u->funcs[i].new : d->new;
		uint32_t orig = is_func ? u->funcs[i].orig : d->orig;

		if (!new || !orig || !c->orig.canon[orig])
			continue;
		orig = c->orig.canon[orig];
		if (taken[orig] && !(is_func && both_same(c, new, taken[orig]))) {
			sut_fail(err, SUT_B_SPLIT, nsym(c, new)->name,
				 "it and '%s' were two names of one %s and become two",
				 nsym(c, taken[orig])->name, is_func ? "function" : "variable");
			sut_fail_where(err, is_func ? u->funcs[i].file : d->file,
				       is_func ? u->funcs[i].line : d->line);
		}
		taken[orig] = new;
	}
	free(taken);
}

/* Types count where code that changes may use them. */
static void refuse_layouts(struct diff_ctx *c, struct sut_err *err)
{
	for (size_t i = 0; i < c->u->n_funcs; i++)
		if (c->u->funcs[i].status == DIFF_CHANGED) {
			layouts_compare(&c->orig.dbg->layouts, &c->new.dbg->layouts,
					c->opts->accept_layouts, err);
			return;
		}
}

void refuse(struct diff_ctx *c, struct sut_err *err)
{
	refuse_split(c, err);
	refuse_layouts(c, err);
	refuse_data(c, err);
	refuse_funcs(c, err);
	refuse_sections(c, &c->new, err);
	refuse_sections(c, &c->orig, err);
}
