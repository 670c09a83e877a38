// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions that share their code.
 *
 * The problem: linkers make one of functions whose code is equal (identical code folding: gold, lld, mold
 * with --icf). All names then lead to one place, and a redirect there changes all of them, also those
 * that the fix does not touch, in files that have nothing to do with it.
 *
 * What tells of it:
 *
 *	- a symbol table keeps the names: two at the place that are no aliases in the source are two functions;
 *	- without one, two functions of proved units that are found at the same place are two, and so is a name
 *	  among the dynamic symbols that is no alias;
 *	- without one, nothing in the object tells of a function of a unit that is not proved: then the link
 *	  has to be known, as one that does not fold. That, and which tables are whole, is in folds.c.
 *
 * A function that shares its code is replaced only where all who share it are, and by equal code.
 */
#include "base/buf.h"
#include "build/linker.h"

#include <stdlib.h>
#include <string.h>

/* ---- do two functions change in the same way? ---- */

/* The string or the constant that both refer to. */
static bool same_piece(const struct elf_obj *x, const struct ref *a, const struct elf_obj *y, const struct ref *b)
{
	const struct elf_sec *s = &x->secs[a->sec], *t = &y->secs[b->sec];
	uint64_t n;

	if (!a->sec || !b->sec || !(s->flags & t->flags & SHF_MERGE) || s->flags != t->flags || s->n_rels || t->n_rels ||
	    !s->entsize || s->entsize != t->entsize || !s->data || !t->data || a->off < 0 || b->off < 0 ||
	    (uint64_t)a->off >= s->size || (uint64_t)b->off >= t->size)
		return false;
	n = s->entsize - (uint64_t)a->off % s->entsize;
	if (s->flags & SHF_STRINGS && s->entsize != 1)
		return false;
	if (s->flags & SHF_STRINGS)
		n = strnlen((const char *)s->data + a->off, s->size - (uint64_t)a->off) + 1;
	return n <= s->size - (uint64_t)a->off && n <= t->size - (uint64_t)b->off &&
	       !memcmp(s->data + a->off, t->data + b->off, n);
}

static bool same_ref(const struct lunit *u, const struct diff_func *f, const struct ref *a, const struct lunit *v,
		     const struct diff_func *g, const struct ref *b)
{
	const struct elf_obj *x = u->in->diff->new, *y = v->in->diff->new;

	if (a->kind != b->kind || a->rel->type != b->rel->type)
		return false;
	if (a->kind == REF_NONE)
		return true;
	if (a->kind == REF_ANON)
		return same_piece(x, a, y, b);
	if (a->off != b->off)
		return false;
	if (a->sym == f->new && b->sym == g->new)
		return true;
	return x->syms[a->sym].bind != STB_LOCAL && y->syms[b->sym].bind != STB_LOCAL &&
	       !strcmp(x->syms[a->sym].name, y->syms[b->sym].name);
}

/* Are the new versions of two functions the same code, wherever they lie? */
static bool change_alike(const struct lunit *u, const struct diff_func *f, const struct lunit *v,
			 const struct diff_func *g)
{
	const struct elf_obj *x = u->in->diff->new, *y = v->in->diff->new;
	const struct elf_sym *n = &x->syms[f->new], *m = &y->syms[g->new];
	const struct elf_sec *s = &x->secs[n->shndx], *t = &y->secs[m->shndx];
	const struct ref *a = u->in->diff->new_refs[n->shndx], *b = v->in->diff->new_refs[m->shndx];
	size_t i = elf_sec_first_rel(s, n->value), k = elf_sec_first_rel(t, m->value);
	size_t i_end = elf_sec_first_rel(s, n->value + n->size), k_end = elf_sec_first_rel(t, m->value + m->size);

	if (f->n_new_cold || g->n_new_cold || !n->size || n->size != m->size || n->isa != m->isa || !s->data || !t->data ||
	    memcmp(s->data + n->value, t->data + m->value, n->size) || i_end - i != k_end - k)
		return false;
	for (; i < i_end; i++, k++)
		if (s->rels[i].offset - n->value != t->rels[k].offset - m->value ||
		    !same_ref(u, f, &a[i], v, g, &b[k]))
			return false;
	return true;
}

/* One name for what several units have (COMDAT groups, inline functions): the linker keeps one. */
static bool are_copies(const struct lunit *u, const struct diff_func *f, const struct lunit *v, const struct diff_func *g)
{
	const struct elf_sym *a = &u->in->diff->orig->syms[f->orig], *b = &v->in->diff->orig->syms[g->orig];

	return a->bind != STB_LOCAL && b->bind != STB_LOCAL && !strcmp(a->name, b->name);
}

static bool is_alias(const struct elf_obj *o, uint32_t a, uint32_t b)
{
	return o->syms[a].shndx == o->syms[b].shndx && o->syms[a].value == o->syms[b].value;
}

int folded_add(struct linker *l, struct lunit *u, const struct diff_func *f, uint64_t addr)
{
	struct placed *first = NULL;
	int r = 1;

	for (size_t i = 0; i < l->n_placed && !first; i++)
		if (l->placed[i].addr == addr)
			first = &l->placed[i];
	if (first && !(first->u == u && is_alias(u->in->diff->orig, first->f->orig, f->orig)) &&
	    !are_copies(first->u, first->f, u, f)) {
		const char *other = first->u->in->diff->orig->syms[first->f->orig].name;

		if (!change_alike(first->u, first->f, u, f)) {
			char *why = xasprintf("its code in '%s' is that of '%s' (%s) as well, which changes in its own way",
					      l->po->name, other, path_base(first->u->in->source));

			link_refuse(l, u, f, SUT_B_FOLDED, why);
			free(why);
			r = -1;
		}
		for (size_t i = 0; r > 0 && i < l->out->n_funcs; i++)
			if (l->out->funcs[i].addr == addr)
				strvec_pushf(&l->out->funcs[i].why_chain,
					     "the linker made one of it and '%s' (%s), which changes in the same way", f->name,
					     path_base(u->in->source));
	}
	if (first && r > 0)
		r = 0;
	*VEC_PUSH(l->placed, l->n_placed, l->cap_placed) = (struct placed){addr, u, f};
	return r;
}

/* ---- who else is there? ---- */

/* A name without its version, or without what a compiler added to it. */
static size_t stem_len(const char *name)
{
	size_t n = strcspn(name, "@"), dot = strcspn(name, ".");

	return dot && dot < n ? dot : n;
}

static bool same_stem(const char *a, const char *b)
{
	size_t n = stem_len(a);

	return n == stem_len(b) && !strncmp(a, b, n);
}

struct name_at {
	const char *name;
	uint64_t addr;
};

struct name_vec {
	struct name_at *v;
	size_t n, cap;
};

static bool is_place_of_code(unsigned int type, uint64_t size)
{
	return type == STT_FUNC || type == STT_GNU_IFUNC ? true : type == STT_NOTYPE && size;
}

/* Names of functions. One of no size at all is a function that is never to be called, or a mere mark. */
static void read_names(const struct linker *l, struct name_vec *ret)
{
	const struct elf_obj *o = l->in->names;
	const struct object_dyn *d = l->po->dyn;

	for (size_t i = 1; o && i < o->n_syms; i++) {
		const struct elf_sym *y = &o->syms[i];

		if (y->shndx != SHN_UNDEF && *y->name && (y->size || l->in->folds) && is_place_of_code(y->type, y->size))
			*VEC_PUSH(ret->v, ret->n, ret->cap) = (struct name_at){y->name, y->value};
	}
	for (size_t i = 1; !o && i < d->n_syms; i++) {
		const struct dyn_sym *y = &d->syms[i];

		if (y->shndx != SHN_UNDEF && y->size && is_place_of_code(y->type, y->size))
			*VEC_PUSH(ret->v, ret->n, ret->cap) = (struct name_at){y->name, y->value & ~l->t->isa_mask};
	}
}

/* How many names of this stem do the functions have that are replaced at @addr, in their own units? */
static size_t count_own(const struct linker *l, uint64_t addr, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_placed; i++) {
		const struct placed *p = &l->placed[i];
		const struct elf_obj *o = p->u->in->diff->orig;

		for (uint32_t s = 1; p->addr == addr && s < o->n_syms; s++)
			n += *o->syms[s].name && o->syms[s].type != STT_SECTION && is_alias(o, s, p->f->orig) &&
			     same_stem(o->syms[s].name, name);
	}
	return n;
}

/* What else the code at @addr is called, in words; NULL: nothing. */
static char *find_names(const struct linker *l, uint64_t addr, const struct name_vec *names)
{
	struct buf b = {0};
	size_t others = 0;

	for (size_t i = 0; i < names->n; i++) {
		size_t nth = 0, own;

		if (names->v[i].addr != addr)
			continue;
		for (size_t k = 0; k <= i; k++)
			nth += names->v[k].addr == addr && same_stem(names->v[i].name, names->v[k].name);
		own = count_own(l, addr, names->v[i].name);
		if (nth <= own)
			continue;
		buf_addf(&b, "%s'%s'%s", others ? " and " : "is that of ", names->v[i].name, own ? " of another file" : "");
		others++;
	}
	if (!others)
		return NULL;
	buf_addf(&b, " as well, which stay%s", others > 1 ? "" : "s");
	return (char *)b.p;
}

static bool is_placed(const struct linker *l, const struct lunit *u, uint32_t func, uint64_t addr)
{
	for (size_t i = 0; i < l->n_placed; i++) {
		const struct placed *p = &l->placed[i];

		if (p->addr != addr)
			continue;
		if (p->u == u && u->in->pu->func_of_sym[proof_sym(u, p->f->orig)] == func + 1)
			return true;
		/* Two copies of one function, of which one does not change, are one all the same. */
		for (uint32_t s = 1; s < u->in->pu->orig->n_syms; s++)
			if (u->in->pu->func_of_sym[s] == func + 1 && u->in->pu->orig->syms[s].bind != STB_LOCAL &&
			    p->u->in->diff->orig->syms[p->f->orig].bind != STB_LOCAL &&
			    !strcmp(u->in->pu->orig->syms[s].name, p->u->in->diff->orig->syms[p->f->orig].name))
				return true;
	}
	return false;
}

static char *find_proved(const struct linker *l, uint64_t addr)
{
	for (size_t i = 0; i < l->n_units; i++) {
		const struct lunit *u = &l->units[i];
		const struct prove_unit *pu = u->in->pu;

		for (uint32_t k = 0; pu && k < pu->n_funcs; k++)
			if (pu->funcs[k].state == PROVE_FOUND &&
			    pu->funcs[k].cands[pu->funcs[k].chosen].addr == addr && !is_placed(l, u, k, addr))
				return xasprintf("is that of '%s' (%s) as well, which stays",
						 pu->orig->syms[pu->funcs[k].sym].name, path_base(u->in->source));
	}
	return NULL;
}

void folded_check(struct linker *l)
{
	struct name_vec names = {0};

	read_names(l, &names);
	for (size_t i = 0; i < l->n_placed; i++) {
		const struct placed *p = &l->placed[i];
		bool seen = false;
		char *other, *why;

		for (size_t k = 0; k < i && !seen; k++)
			seen = l->placed[k].addr == p->addr;
		if (seen)
			continue;
		other = find_names(l, p->addr, &names);
		if (!other && (!l->in->names || l->in->folds))
			other = find_proved(l, p->addr);
		if (!other && l->in->folds)
			other = xasprintf("may be that of another function as well: %s", l->in->folds);
		if (!other)
			continue;
		why = xasprintf("its code in '%s' %s", l->po->name, other);
		link_refuse(l, p->u, p->f, SUT_B_FOLDED, why);
		free(why);
		free(other);
	}
	free(names.v);
}
