// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which symbol of the patched object is which of the original?
 *
 * A funnel: each level pairs what it can be sure of and leaves the rest to the next.
 *
 *  1. Global name.	`redisCommand` is `redisCommand`. Undefined symbols too.
 *  2. Local name.	`static int parse()`: same name, type, kind of section and source file, and
 *			only one of it on either side.
 *  3. Linkage.		`static int parse()` that became global, or the other way.
 *  4. Numbered names.	gcc counts static locals and clones (`calls.1`, `__func__.0`, `f.part.0`), so
 *			one more `static int calls` elsewhere shifts all numbers, and so the
 *			kernel's __UNIQUE_ID(). The number is taken
 *			off and evidence is asked for, the strongest first, until nothing moves:
 *	users		the code of a paired function is equal but for such names; what it uses at the
 *			same place is the same thing;
 *	scope		the only `calls` in function f, says the debug information;
 *	only		the only one of its base name on both sides (and the scopes do not disagree:
 *			f's `calls` that went away is not g's that is new);
 *	content		the only one with equal content;
 *	order		as many on both sides: in the order of their source lines.
 *  5. Cold parts	follow their parent: `f.cold` belongs to what `f` is paired with.
 *
 * How bad is a wrong pair? For a function or a constant, not at all: the patched unit was compiled
 * as a whole, so code that is byte for byte the same and reaches its counterpart behaves as the
 * compiler meant, whichever counterpart a redirected entry leads from, as long as pairs are one to
 * one. For writable data it is fatal, because the counterpart holds the program's state. So only
 * there is a tie that no evidence breaks refused. And clang may keep parts of a variable, each under a
 * counted name: which part it is stands in the debug information, belongs to the key, and comes before
 * any evidence.
 */
#include "build/diff/names.h"
#include "build/diff/unit.h"

#include <stdlib.h>
#include <string.h>

struct named {
	const char *name;
	uint32_t sym;
};

static int cmp_named(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int d = strcmp(x->name, y->name);

	return d ? d : x->sym < y->sym ? -1 : x->sym > y->sym;
}

enum sym_class { C_UNDEF, C_FUNC, C_RO, C_RW, C_TLS };

static enum sym_class class_of(const struct side *s, uint32_t i)
{
	const struct elf_sym *y = &s->o->syms[i];

	if (y->shndx == SHN_UNDEF || y->shndx == SHN_ABS)
		return C_UNDEF;
	switch (sym_kind(s, i)) {
	case SK_CODE:
		return C_FUNC;
	case SK_TLS:
		return C_TLS;
	case SK_RO:
		return C_RO;
	default:
		return C_RW;
	}
}

static void pair(struct diff_ctx *c, uint32_t n, uint32_t o, enum pair_how how)
{
	c->u->to_orig[n] = o;
	c->u->to_new[o] = n;
	c->u->pair_how[n] = (uint8_t)how;
}

static struct named *sorted_names(const struct side *s, size_t *ret_n)
{
	struct named *v = xcalloc(s->o->n_syms + 1, sizeof(*v));
	size_t n = 0;

	for (uint32_t i = 1; i < s->o->n_syms; i++) {
		const struct elf_sym *y = &s->o->syms[i];

		if (s->canon[i] || (*y->name && y->bind != STB_LOCAL))
			v[n++] = (struct named){y->name, i};
	}
	qsort(v, n, sizeof(*v), cmp_named);
	*ret_n = n;
	return v;
}

/* One level of exact names: @fits decides, and must accept exactly one of either side. */
static void pair_names(struct diff_ctx *c,
		       bool (*fits)(const struct diff_ctx *c, uint32_t n, uint32_t o),
		       enum pair_how how)
{
	size_t nn, no, a = 0;
	struct named *vn = sorted_names(&c->new, &nn), *vo = sorted_names(&c->orig, &no);

	for (size_t i = 0; i < nn; i++) {
		uint32_t hit = 0, hits = 0, back = 0;
		size_t b;

		while (a < no && strcmp(vo[a].name, vn[i].name) < 0)
			a++;
		if (c->u->to_orig[vn[i].sym])
			continue;
		for (b = a; b < no && !strcmp(vo[b].name, vn[i].name); b++)
			if (!c->u->to_new[vo[b].sym] && fits(c, vn[i].sym, vo[b].sym)) {
				hit = vo[b].sym;
				hits++;
			}
		if (hits != 1)
			continue;
		for (b = i; b > 0 && !strcmp(vn[b - 1].name, vn[i].name); b--)
			;
		for (; b < nn && !strcmp(vn[b].name, vn[i].name); b++)
			back += !c->u->to_orig[vn[b].sym] && fits(c, vn[b].sym, hit);
		if (back == 1)
			pair(c, vn[i].sym, hit, how);
	}
	free(vn);
	free(vo);
}

static bool fits_global(const struct diff_ctx *c, uint32_t n, uint32_t o)
{
	enum sym_class x = class_of(&c->new, n), y = class_of(&c->orig, o);

	if (c->new.o->syms[n].bind == STB_LOCAL || c->orig.o->syms[o].bind == STB_LOCAL)
		return false;
	/* A variable that became constant is still that variable to other units. */
	return x == y || (x == C_RO && y == C_RW) || (x == C_RW && y == C_RO);
}

/* An object of one source file may have been compiled from a copy under another name. */
static bool has_one_file(const struct side *s)
{
	size_t n = 0;

	for (size_t i = 1; i < s->o->n_syms && n < 2; i++)
		n += s->o->syms[i].type == STT_FILE;
	return n < 2;
}

static bool same_file(const struct diff_ctx *c, uint32_t n, uint32_t o)
{
	const char *a = c->new.file[n], *b = c->orig.file[o];

	return !a || !b || !strcmp(path_base(a), path_base(b)) ||
	       (has_one_file(&c->new) && has_one_file(&c->orig));
}

static bool is_counted(const struct side *s, uint32_t i)
{
	return s->numbered[i] || name_clone(s->o->syms[i].name) != CLONE_NONE;
}

static bool same_group(const struct diff_ctx *c, uint32_t n, uint32_t o)
{
	return class_of(&c->new, n) == class_of(&c->orig, o) &&
	       !strcmp(c->new.key[n], c->orig.key[o]);
}

static bool fits_local(const struct diff_ctx *c, uint32_t n, uint32_t o)
{
	const struct elf_sym *x = &c->new.o->syms[n], *y = &c->orig.o->syms[o];

	return x->bind == STB_LOCAL && y->bind == STB_LOCAL && x->type == y->type &&
	       !is_counted(&c->new, n) && same_group(c, n, o) && same_file(c, n, o);
}

static bool fits_linkage(const struct diff_ctx *c, uint32_t n, uint32_t o)
{
	return (c->new.o->syms[n].bind == STB_LOCAL) != (c->orig.o->syms[o].bind == STB_LOCAL) &&
	       !is_counted(&c->new, n) && class_of(&c->new, n) == class_of(&c->orig, o) &&
	       class_of(&c->new, n) != C_UNDEF;
}

/* Candidates of one base name that are still alone. */
struct group {
	uint32_t *v;
	size_t n, cap;
};

/*
 * The scope of a thread-local variable where the debug information does not place such (GCC for arm64): of
 * the function whose code uses it, or of what is inlined there. That function itself where the debug information
 * names none. Where several use it, they must agree, else NULL.
 */
static const char *user_scope(const struct side *s, uint32_t i)
{
	const char *user = NULL, *scope = NULL;

	for (uint32_t f = 1; f < s->o->n_syms; f++) {
		const struct elf_sym *y = &s->o->syms[f];
		const char *named;
		size_t a, b;

		if (!s->canon[f] || !sym_is_func(y) || !y->size || y->shndx >= s->o->n_secs)
			continue;
		refs_range(s, y->shndx, y->value, y->value + y->size, &a, &b);
		while (a < b && (s->refs[y->shndx][a].kind != REF_SYM || s->refs[y->shndx][a].sym != i))
			a++;
		if (a == b)
			continue;
		named = dbg_scope_unplaced(s->dbg, y->shndx, y->value, s->key[i]);
		if (user && strcmp(user, s->key[f]) && (!scope || !named || strcmp(scope, named)))
			return NULL;
		user = s->key[f];
		scope = named;
	}
	return scope ? scope : user;
}

static const char *scope_of(const struct side *s, uint32_t i)
{
	const struct elf_sym *y = &s->o->syms[i];
	const struct dbg_var *v;

	if (y->type == STT_FUNC)
		return NULL;
	v = var_of(s, i);
	if (!v && y->type == STT_TLS && y->shndx != SHN_UNDEF)
		return user_scope(s, i);
	return v ? v->scope : NULL;
}

static int line_of(const struct side *s, uint32_t i)
{
	const struct dbg_var *v = var_of(s, i);

	return v ? v->line : 0;
}

static bool same_scope(const struct diff_ctx *c, uint32_t n, uint32_t o)
{
	const char *a = scope_of(&c->new, n), *b = scope_of(&c->orig, o);

	return !a || !b || !strcmp(a, b);
}

static void collect(const struct diff_ctx *c, uint32_t lead, struct group *n, struct group *o)
{
	const struct diff_unit *u = c->u;

	n->n = o->n = 0;
	for (uint32_t i = 1; i < c->orig.o->n_syms; i++)
		if (c->orig.canon[i] && !u->to_new[i] && same_group(c, lead, i) &&
		    c->orig.o->syms[i].bind == STB_LOCAL && same_scope(c, lead, i))
			*VEC_PUSH(o->v, o->n, o->cap) = i;
	if (!o->n)
		return;
	for (uint32_t i = 1; i < c->new.o->n_syms; i++)
		if (c->new.canon[i] && !u->to_orig[i] && same_group(c, i, o->v[0]) &&
		    c->new.o->syms[i].bind == STB_LOCAL && same_scope(c, i, o->v[0]))
			*VEC_PUSH(n->v, n->n, n->cap) = i;
}

/* What equal code uses at the same place is the same. */
static bool pair_by_users(struct diff_ctx *c)
{
	struct diff_unit *u = c->u;
	bool moved = false;

	for (uint32_t i = 1; i < c->new.o->n_syms; i++) {
		const struct elf_sym *n = &c->new.o->syms[i], *o = &c->orig.o->syms[u->to_orig[i]];
		size_t a, az, b, bz;

		if (!u->to_orig[i] || !c->new.canon[i] || !n->size || n->size != o->size ||
		    n->shndx >= c->new.o->n_secs || o->shndx >= c->orig.o->n_secs)
			continue;
		refs_range(&c->new, n->shndx, n->value, n->value + n->size, &a, &az);
		refs_range(&c->orig, o->shndx, o->value, o->value + o->size, &b, &bz);
		if (az - a != bz - b || !sym_equal(c, i, u->to_orig[i], EQ_LOOSE))
			continue;
		for (; a < az; a++, b++) {
			const struct ref *x = &c->new.refs[n->shndx][a];
			const struct ref *y = &c->orig.refs[o->shndx][b];

			if (x->kind != REF_SYM || y->kind != REF_SYM || u->to_orig[x->sym] ||
			    u->to_new[y->sym] || !c->new.canon[x->sym] ||
			    !c->orig.canon[y->sym] || !same_group(c, x->sym, y->sym) ||
			    c->new.o->syms[x->sym].bind != STB_LOCAL ||
			    c->orig.o->syms[y->sym].bind != STB_LOCAL)
				continue;
			pair(c, x->sym, y->sym, PAIR_USERS);
			moved = true;
		}
	}
	return moved;
}

/* The only candidate of its kind, or the only one with its content. */
static bool pair_by_group(struct diff_ctx *c, bool by_content)
{
	struct group n = {0}, o = {0};
	bool moved = false;

	for (uint32_t i = 1; i < c->new.o->n_syms; i++) {
		if (!c->new.canon[i] || c->u->to_orig[i] || c->new.o->syms[i].bind != STB_LOCAL ||
		    name_cold_parent(c->new.o->syms[i].name))
			continue;
		collect(c, i, &n, &o);
		if (!n.n || !o.n)
			continue;
		if (n.n == 1 && o.n == 1) {
			pair(c, n.v[0], o.v[0],
			     scope_of(&c->new, i) ? PAIR_SCOPE : PAIR_ONLY);
			moved = true;
			continue;
		}
		if (!by_content)
			continue;
		for (size_t k = 0; k < n.n; k++) {
			uint32_t hit = 0, hits = 0, back = 0;

			for (size_t m = 0; m < o.n; m++)
				if (!c->u->to_new[o.v[m]] &&
				    sym_equal(c, n.v[k], o.v[m], EQ_LOOSE)) {
					hit = o.v[m];
					hits++;
				}
			for (size_t m = 0; hits == 1 && m < n.n; m++)
				back += !c->u->to_orig[n.v[m]] &&
					sym_equal(c, n.v[m], hit, EQ_LOOSE);
			if (hits == 1 && back == 1) {
				pair(c, n.v[k], hit, PAIR_CONTENT);
				moved = true;
			}
		}
	}
	free(n.v);
	free(o.v);
	return moved;
}

static void by_line(const struct side *s, struct group *g)
{
	for (size_t i = 1; i < g->n; i++)
		for (size_t k = i; k > 0 && line_of(s, g->v[k]) < line_of(s, g->v[k - 1]); k--) {
			uint32_t t = g->v[k];

			g->v[k] = g->v[k - 1];
			g->v[k - 1] = t;
		}
}

/*
 * Does nothing but messages depend on it? A kernel's flags of warnings that come once can be reset by anybody
 * (debugfs clear_warn_once zeroes the section), and a limit of messages begins anew after its interval.
 */
static bool is_forgotten(const struct side *s, uint32_t i)
{
	const char *sec = s->o->secs[s->o->syms[i].shndx].name;
	const struct dbg_var *v = var_of(s, i);

	return !strcmp(sec, ".data.once") || !strcmp(sec, ".data..once") ||
	       (v && v->type && !strcmp(v->type, "ratelimit_state"));
}

static void pair_by_order(struct diff_ctx *c, struct sut_err *err)
{
	struct group n = {0}, o = {0};

	for (uint32_t i = 1; i < c->new.o->n_syms; i++) {
		const struct elf_sym *y = &c->new.o->syms[i];
		enum sym_class k;

		if (!c->new.canon[i] || c->u->to_orig[i] || y->bind != STB_LOCAL ||
		    name_cold_parent(y->name))
			continue;
		collect(c, i, &n, &o);
		if (!n.n || !o.n || n.v[0] != i)
			continue;
		k = class_of(&c->new, i);
		/* What cannot be told apart begins anew. */
		if (n.n != o.n && k == C_RW && is_forgotten(&c->new, i) && is_forgotten(&c->orig, o.v[0]))
			continue;
		/* Without lines there is no order: symbols come in whatever order the compiler likes. */
		if ((n.n != o.n && (k == C_RW || k == C_TLS)) ||
		    (k == C_TLS && !line_of(&c->new, i))) {
			const char *scope = scope_of(&c->new, i);
			const struct dbg_var *v = var_of(&c->new, i);

			sut_fail(err, SUT_B_UNPAIRED, y->name,
				 "the original has %zu variable%s named '%s'%s%s%s, the patched "
				 "source %zu, and nothing tells which is which",
				 o.n, o.n > 1 ? "s" : "", v ? v->name : c->new.key[i], scope ? " in '" : "",
				 scope ? scope : "", scope ? "'" : "", n.n);
			if (v)
				sut_fail_where(err, v->file, v->line);
		}
		by_line(&c->new, &n);
		by_line(&c->orig, &o);
		if (k == C_TLS && !line_of(&c->new, i))
			continue;
		for (size_t m = 0; m < n.n && m < o.n && (n.n == o.n || k == C_FUNC); m++)
			pair(c, n.v[m], o.v[m], PAIR_ORDER);
	}
	free(n.v);
	free(o.v);
}

static uint32_t parent_of(const struct side *s, uint32_t cold)
{
	const char *name = s->o->syms[cold].name;
	size_t len = name_cold_parent(name);

	for (uint32_t i = 1; len && i < s->o->n_syms; i++) {
		const char *p = s->o->syms[i].name;

		if (s->canon[i] && sym_is_func(&s->o->syms[i]) && strlen(p) == len &&
		    !memcmp(p, name, len))
			return s->canon[i];
	}
	return 0;
}

static void pair_cold(struct diff_ctx *c)
{
	for (uint32_t i = 1; i < c->new.o->n_syms; i++) {
		uint32_t p;

		if (!c->new.canon[i] || c->u->to_orig[i] ||
		    !name_cold_parent(c->new.o->syms[i].name))
			continue;
		p = c->u->to_orig[parent_of(&c->new, i)];
		for (uint32_t k = 1; p && k < c->orig.o->n_syms; k++)
			if (c->orig.canon[k] && !c->u->to_new[k] &&
			    name_cold_parent(c->orig.o->syms[k].name) &&
			    parent_of(&c->orig, k) == c->orig.canon[p]) {
				pair(c, i, k, PAIR_PARENT);
				break;
			}
	}
}

void correlate(struct diff_ctx *c, struct sut_err *err)
{
	bool moved;

	pair_names(c, fits_global, PAIR_GLOBAL);
	pair_names(c, fits_local, PAIR_LOCAL);
	pair_names(c, fits_linkage, PAIR_LINKAGE);
	do {
		do
			moved = pair_by_users(c);
		while (moved);
		moved = pair_by_group(c, false) || pair_by_group(c, true);
	} while (moved);
	pair_by_order(c, err);
	pair_cold(c);
}
