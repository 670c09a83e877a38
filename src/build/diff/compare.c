// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The status of every function and datum.
 *
 * First each is compared with its counterpart (equal.c). Then changes spread. A function keeps its
 * address when it changes, since its old entry is redirected, so who only calls it or takes its
 * address stays. Constant data cannot be changed in place (other threads read it): a changed
 * constant gets a new address, so whatever refers to it changes too, through other constants up to
 * functions.
 * The same holds for what points *into* a changed function: a table of labels goes with its code.
 */
#include "build/diff/names.h"
#include "build/diff/unit.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 8

typedef bool (*target_fn)(const struct diff_ctx *c, uint32_t target, int64_t off, void *arg);

static bool walk_refs(const struct diff_ctx *c, uint32_t sec, uint64_t from, uint64_t to,
		      target_fn fn, void *arg, int depth)
{
	size_t a, z;

	refs_range(&c->new, sec, from, to, &a, &z);
	for (; a < z; a++) {
		const struct ref *r = &c->new.refs[sec][a];

		if (r->kind == REF_SYM) {
			uint32_t t = c->new.canon[r->sym] ? c->new.canon[r->sym] : r->sym;

			if (fn(c, t, r->off, arg))
				return true;
		} else if (r->kind == REF_ANON && r->base >= 0 && depth < MAX_DEPTH &&
			   c->new.kind[r->sec] != SK_CODE) {
			if (walk_refs(c, r->sec, (uint64_t)r->base,
				      anon_end(&c->new, r->sec, (uint64_t)r->base), fn, arg,
				      depth + 1))
				return true;
		}
	}
	return false;
}

bool each_target(const struct diff_ctx *c, uint32_t sym, target_fn fn, void *arg)
{
	const struct elf_sym *y = &c->new.o->syms[sym];

	if (!y->shndx || y->shndx >= c->new.o->n_secs)
		return false;
	return walk_refs(c, y->shndx, y->value, y->value + y->size, fn, arg, 0);
}

static uint32_t counterpart(const struct diff_ctx *c, const struct side *s, const uint32_t *to,
			    uint32_t sym)
{
	if (to[sym])
		return to[sym];
	for (uint32_t i = 1; i < s->o->n_syms; i++)
		if (s->canon[i] == sym && to[i])
			return to[i];
	return 0;
}

static bool is_func_entity(const struct side *s, uint32_t i)
{
	return s->canon[i] == i && sym_is_func(&s->o->syms[i]) && sym_kind(s, i) == SK_CODE;
}

static bool is_data_entity(const struct side *s, uint32_t i)
{
	enum sec_kind k = s->canon[i] == i ? sym_kind(s, i) : SK_NONE;

	/* A linker set is judged as a whole, but what it holds are data all the same. */
	return k == SK_RO || k == SK_RW || k == SK_BSS || k == SK_TLS ||
	       (k == SK_SPECIAL && s->o->syms[i].size);
}

static uint32_t cold_parent(const struct side *s, uint32_t cold)
{
	const char *name = s->o->syms[cold].name;
	size_t len = name_cold_parent(name);

	for (uint32_t i = 1; len && i < s->o->n_syms; i++)
		if (s->canon[i] && s->canon[i] != cold && sym_is_func(&s->o->syms[i]) &&
		    strlen(s->o->syms[i].name) == len && !memcmp(s->o->syms[i].name, name, len))
			return s->canon[i];
	return 0;
}

static bool func_equal(const struct diff_ctx *c, const struct diff_func *f)
{
	if (!sym_equal(c, f->new, f->orig, EQ_STRICT) ||
	    c->new.o->syms[f->new].type != c->orig.o->syms[f->orig].type ||
	    f->n_new_cold != f->n_orig_cold)
		return false;
	for (size_t i = 0; i < f->n_new_cold; i++)
		if (!c->u->to_orig[f->new_cold[i]] ||
		    !sym_equal(c, f->new_cold[i], c->u->to_orig[f->new_cold[i]], EQ_STRICT))
			return false;
	return true;
}

static void push_sym(uint32_t **v, size_t *n, uint32_t sym)
{
	*v = xrealloc(*v, (*n + 1) * sizeof(**v));
	(*v)[(*n)++] = sym;
}

static void list_funcs(struct diff_ctx *c)
{
	struct diff_unit *u = c->u;
	uint32_t *orig_func = xcalloc(c->orig.o->n_syms + 1, sizeof(*orig_func));

	for (uint32_t i = 1; i < c->new.o->n_syms; i++) {
		struct diff_func *f;

		if (!is_func_entity(&c->new, i) || cold_parent(&c->new, i))
			continue;
		f = VEC_PUSH(u->funcs, u->n_funcs, u->cap_funcs);
		f->name = c->new.o->syms[i].name;
		f->new = i;
		f->orig = counterpart(c, &c->new, u->to_orig, i);
		c->func_of[i] = (uint32_t)u->n_funcs;
		if (f->orig)
			orig_func[c->orig.canon[f->orig]] = (uint32_t)u->n_funcs;
	}
	for (uint32_t i = 1; i < c->orig.o->n_syms; i++) {
		struct diff_func *f;

		if (!is_func_entity(&c->orig, i) || cold_parent(&c->orig, i) || orig_func[i])
			continue;
		f = VEC_PUSH(u->funcs, u->n_funcs, u->cap_funcs);
		f->name = c->orig.o->syms[i].name;
		f->orig = i;
		f->status = DIFF_REMOVED;
		orig_func[i] = (uint32_t)u->n_funcs;
	}
	for (uint32_t i = 1; i < c->new.o->n_syms; i++) {
		uint32_t p = is_func_entity(&c->new, i) ? cold_parent(&c->new, i) : 0;

		if (!p || !c->func_of[p])
			continue;
		c->func_of[i] = c->func_of[p];
		push_sym(&u->funcs[c->func_of[p] - 1].new_cold,
			 &u->funcs[c->func_of[p] - 1].n_new_cold, i);
	}
	for (uint32_t i = 1; i < c->orig.o->n_syms; i++) {
		uint32_t p = is_func_entity(&c->orig, i) ? cold_parent(&c->orig, i) : 0;

		if (p && orig_func[p])
			push_sym(&u->funcs[orig_func[p] - 1].orig_cold,
				 &u->funcs[orig_func[p] - 1].n_orig_cold, i);
	}
	free(orig_func);
}

static enum diff_data_kind data_kind(const struct side *s, uint32_t sym)
{
	switch (sym_kind(s, sym)) {
	case SK_RO:
		return DATA_RO;
	case SK_BSS:
		return DATA_BSS;
	case SK_TLS:
		return DATA_TLS;
	case SK_SPECIAL:
		return s->o->secs[s->o->syms[sym].shndx].flags & SHF_WRITE ? DATA_RW : DATA_RO;
	default:
		return DATA_RW;
	}
}

static void list_data(struct diff_ctx *c)
{
	struct diff_unit *u = c->u;

	for (uint32_t i = 1; i < c->new.o->n_syms; i++) {
		struct diff_data *d;

		if (!is_data_entity(&c->new, i))
			continue;
		d = VEC_PUSH(u->data, u->n_data, u->cap_data);
		d->name = c->new.o->syms[i].name;
		d->new = i;
		d->orig = counterpart(c, &c->new, u->to_orig, i);
		d->kind = data_kind(&c->new, i);
		c->data_of[i] = (uint32_t)u->n_data;
	}
	for (uint32_t i = 1; i < c->orig.o->n_syms; i++) {
		struct diff_data *d;

		if (!is_data_entity(&c->orig, i) || counterpart(c, &c->orig, u->to_new, i))
			continue;
		d = VEC_PUSH(u->data, u->n_data, u->cap_data);
		d->name = c->orig.o->syms[i].name;
		d->orig = i;
		d->kind = data_kind(&c->orig, i);
		d->status = DIFF_REMOVED;
	}
}

/* .data and .bss are one to a running process. */
static bool same_home(enum diff_data_kind a, enum diff_data_kind b)
{
	return (a == DATA_BSS ? DATA_RW : a) == (b == DATA_BSS ? DATA_RW : b);
}

struct spread {
	uint32_t self;		/* func_of of who is asked about, 0 for data */
	uint32_t cause;		/* canonical symbol that was hit */
};

static bool moves(const struct diff_ctx *c, uint32_t t, int64_t off, void *arg)
{
	const struct diff_unit *u = c->u;
	struct spread *s = arg;

	s->cause = t;
	if (c->data_of[t]) {
		const struct diff_data *d = &u->data[c->data_of[t] - 1];

		return d->kind == DATA_RO && d->status == DIFF_CHANGED;
	}
	/* The entry is redirected; the inside is another function now. */
	return c->func_of[t] && c->func_of[t] != s->self && off &&
	       u->funcs[c->func_of[t] - 1].status == DIFF_CHANGED;
}

static bool spread_once(struct diff_ctx *c)
{
	struct diff_unit *u = c->u;
	bool moved = false;

	for (size_t i = 0; i < u->n_data; i++) {
		struct diff_data *d = &u->data[i];
		struct spread s = {0};

		if (d->status != DIFF_UNCHANGED || d->kind != DATA_RO ||
		    !each_target(c, d->new, moves, &s))
			continue;
		d->status = DIFF_CHANGED;
		c->data_cause[i] = s.cause;
		moved = true;
	}
	for (size_t i = 0; i < u->n_funcs; i++) {
		struct diff_func *f = &u->funcs[i];
		struct spread s = {.self = (uint32_t)i + 1};
		bool hit;

		if (f->status != DIFF_UNCHANGED)
			continue;
		hit = each_target(c, f->new, moves, &s);
		for (size_t k = 0; k < f->n_new_cold && !hit; k++)
			hit = each_target(c, f->new_cold[k], moves, &s);
		if (!hit)
			continue;
		f->status = DIFF_CHANGED;
		c->func_cause[i] = s.cause;
		moved = true;
	}
	return moved;
}

/*
 * gcc folds equal static functions into one (-fipa-icf): two names of one address. Where they part,
 * one that differs gets no counterpart. It is new then, and who calls it changes, while the
 * address stays with the other. Globals keep theirs; refuse.c has a word on those.
 */
static void separate(struct diff_ctx *c)
{
	struct diff_unit *u = c->u;
	uint32_t *claims = xcalloc(c->orig.o->n_syms + 1, sizeof(*claims));
	uint32_t *keeper = xcalloc(c->orig.o->n_syms + 1, sizeof(*keeper));

	for (int pass = 0; pass < 3; pass++)
		for (uint32_t i = 1; i < c->new.o->n_syms; i++) {
			uint32_t o = is_func_entity(&c->new, i) ? u->to_orig[i] : 0;
			uint32_t at = o ? c->orig.canon[o] : 0;
			bool fixed;

			if (!at)
				continue;
			fixed = c->new.o->syms[i].bind != STB_LOCAL;
			if (pass == 0)
				claims[at]++;
			else if (claims[at] > 1 && pass == 1 && !keeper[at] &&
				 (fixed || sym_equal(c, i, o, EQ_STRICT)))
				keeper[at] = i;
			else if (claims[at] > 1 && pass == 2 && !fixed &&
				 !sym_equal(c, i, o, EQ_STRICT)) {
				if (!keeper[at])
					keeper[at] = i;
				if (keeper[at] != i)
					u->to_orig[i] = u->to_new[o] = 0;
			}
		}
	free(claims);
	free(keeper);
}

void compare(struct diff_ctx *c)
{
	struct diff_unit *u = c->u;

	separate(c);
	list_funcs(c);
	list_data(c);
	c->func_cause = xcalloc(u->n_funcs + 1, sizeof(*c->func_cause));
	c->data_cause = xcalloc(u->n_data + 1, sizeof(*c->data_cause));
	for (size_t i = 0; i < u->n_funcs; i++) {
		struct diff_func *f = &u->funcs[i];

		if (f->status != DIFF_REMOVED)
			f->status = !f->orig ? DIFF_NEW
				    : func_equal(c, f) ? DIFF_UNCHANGED
						       : DIFF_CHANGED;
	}
	for (size_t i = 0; i < u->n_data; i++) {
		struct diff_data *d = &u->data[i];

		if (d->status != DIFF_REMOVED)
			d->status = !d->orig ? DIFF_NEW
				    : sym_equal(c, d->new, d->orig, EQ_STRICT) &&
						      same_home(data_kind(&c->orig, d->orig), d->kind)
					    ? DIFF_UNCHANGED
					    : DIFF_CHANGED;
	}
	while (spread_once(c))
		;
}
