// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Layouts of types.
 *
 * The problem: a fix adds a field to a struct. New code looks for it in objects that the old code
 * made, which are too small or have something else there. The functions change like any others, so
 * comparing code and data does not tell; taking a real fix of expat back that way ended the process
 * in free().
 *
 * The facts: both objects are compiled with debug information, which has each type's size and its
 * members' places. A field that fills a hole and moves nothing is readable in old objects (its value
 * there is whatever the allocator left): that is for the author to judge, and not refused. A type
 * that nothing points to lives in the function that declares it.
 *
 * The plan: types of file scope by name, an unnamed struct by its typedef. Members of unnamed members
 * count as the outer type's own. Only types that both versions have can be in old objects.
 *
 * Not supported: types that are local to a function, types that differ in meaning alone.
 */
#include "build/diff/layout.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 16

static bool type_of(Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Attribute a;

	return dwarf_attr_integrate(die, DW_AT_type, &a) && dwarf_formref_die(&a, ret);
}

static bool is_aggregate(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);

	return tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_class_type;
}

/* The struct or union behind typedefs, qualifiers and arrays. */
static bool aggregate_of(Dwarf_Die *die, Dwarf_Die *ret)
{
	if (!type_of(die, ret))
		return false;
	for (int i = 0; i < MAX_DEPTH && !is_aggregate(ret); i++) {
		int tag = dwarf_tag(ret);
		Dwarf_Die next;

		if (tag == DW_TAG_pointer_type || !type_of(ret, &next))
			return false;
		*ret = next;
	}
	return is_aggregate(ret);
}

static uint64_t member_bits(Dwarf_Die *die)
{
	Dwarf_Attribute a;
	Dwarf_Word at = 0;

	if (dwarf_attr(die, DW_AT_data_bit_offset, &a) && !dwarf_formudata(&a, &at))
		return at;
	if (dwarf_attr(die, DW_AT_data_member_location, &a) && !dwarf_formudata(&a, &at))
		return at * 8;
	return 0;
}

static void add_members(struct layout *l, Dwarf_Die *type, uint64_t base, int depth)
{
	Dwarf_Die kid, t;

	if (depth > MAX_DEPTH || dwarf_child(type, &kid))
		return;
	do {
		const char *name = dwarf_diename(&kid);
		struct layout_member *m;
		Dwarf_Word size = 0;

		if (dwarf_tag(&kid) != DW_TAG_member || !type_of(&kid, &t))
			continue;
		if (!name) {
			if (aggregate_of(&kid, &t))
				add_members(l, &t, base + member_bits(&kid), depth + 1);
			continue;
		}
		dwarf_aggregate_size(&t, &size);
		m = VEC_PUSH(l->m, l->n, l->cap);
		m->name = xstrdup(name);
		m->at = base + member_bits(&kid);
		m->size = size;
	} while (!dwarf_siblingof(&kid, &kid));
}

static void add_type(struct layouts *ls, const char *name, Dwarf_Die *type,
		     const char *(*file_of)(Dwarf_Die *die))
{
	struct layout *l;
	Dwarf_Word size;
	const char *file;

	if (dwarf_hasattr(type, DW_AT_declaration) || dwarf_aggregate_size(type, &size))
		return;
	l = VEC_PUSH(ls->v, ls->n, ls->cap);
	file = file_of(type);
	l->name = xstrdup(name);
	l->file = file ? xstrdup(file) : NULL;
	if (dwarf_decl_line(type, &l->line))
		l->line = 0;
	l->size = size;
	l->die = dwarf_dieoffset(type);
	add_members(l, type, 0, 0);
}

static void share(struct layouts *ls, Dwarf_Die *user)
{
	Dwarf_Die t;

	if (!aggregate_of(user, &t))
		return;
	for (size_t i = 0; i < ls->n; i++)
		if (ls->v[i].die == dwarf_dieoffset(&t))
			ls->v[i].is_shared = true;
}

static bool is_type_name(Dwarf_Die *die, Dwarf_Die *ret)
{
	return dwarf_tag(die) == DW_TAG_typedef && type_of(die, ret) && is_aggregate(ret) &&
	       !dwarf_diename(ret);
}

void layouts_read(struct layouts *l, Dwarf_Die *cu, const char *(*file_of)(Dwarf_Die *die))
{
	Dwarf_Die die, t, kid;

	if (dwarf_child(cu, &die))
		return;
	do {
		if (is_aggregate(&die) && dwarf_diename(&die))
			add_type(l, dwarf_diename(&die), &die, file_of);
		else if (is_type_name(&die, &t))
			add_type(l, dwarf_diename(&die), &t, file_of);
	} while (!dwarf_siblingof(&die, &die));
	/* A second time, because a pointer can come before the type. */
	if (dwarf_child(cu, &die))
		return;
	do {
		if (dwarf_tag(&die) == DW_TAG_pointer_type)
			share(l, &die);
		else if (is_aggregate(&die) && !dwarf_child(&die, &kid))
			do
				share(l, &kid);
			while (!dwarf_siblingof(&kid, &kid));
	} while (!dwarf_siblingof(&die, &die));
}

void layouts_free(struct layouts *l)
{
	for (size_t i = 0; i < l->n; i++) {
		for (size_t k = 0; k < l->v[i].n; k++)
			free(l->v[i].m[k].name);
		free(l->v[i].m);
		free(l->v[i].name);
		free(l->v[i].file);
	}
	free(l->v);
	memset(l, 0, sizeof(*l));
}

static const struct layout *find(const struct layouts *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i].name, name))
			return &l->v[i];
	return NULL;
}

static const struct layout_member *find_member(const struct layout *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->m[i].name, name))
			return &l->m[i];
	return NULL;
}

/* What of @a is not where it was in @b; NULL: nothing. Fresh string. */
static char *difference(const struct layout *a, const struct layout *b)
{
	if (b->size > a->size)
		return xasprintf("it grows from %llu to %llu bytes", (unsigned long long)a->size,
				 (unsigned long long)b->size);
	for (size_t i = 0; i < a->n; i++) {
		const struct layout_member *x = &a->m[i], *y = find_member(b, x->name);

		if (y && y->at != x->at)
			return xasprintf("its member '%s' moves from byte %llu to %llu", x->name,
					 (unsigned long long)x->at / 8,
					 (unsigned long long)y->at / 8);
		if (y && y->size != x->size)
			return xasprintf("the size of its member '%s' changes from %llu to %llu "
					 "bytes", x->name, (unsigned long long)x->size,
					 (unsigned long long)y->size);
	}
	return NULL;
}

static bool is_accepted(const char *const *accepted, const char *name)
{
	for (; accepted && *accepted; accepted++)
		if (!strcmp(*accepted, name))
			return true;
	return false;
}

void layouts_compare(const struct layouts *orig, const struct layouts *new,
		     const char *const *accepted, struct sut_err *err)
{
	for (size_t i = 0; i < orig->n; i++) {
		const struct layout *a = &orig->v[i], *b = find(new, a->name);
		char *what;

		if (!b || !(a->is_shared || b->is_shared) || find(orig, a->name) != a ||
		    is_accepted(accepted, a->name))
			continue;
		what = difference(a, b);
		if (!what)
			continue;
		sut_fail(err, SUT_B_LAYOUT, a->name, "%s", what);
		if (b->file)
			sut_fail_where(err, b->file, b->line);
		free(what);
	}
}
