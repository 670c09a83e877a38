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
 * members' places. A field that fills a hole and moves nothing is readable in old objects (its
 * value there is whatever the allocator left): that is for the author to judge. A type
 * that is only seen in variables of functions, and that nothing points to, lives no longer than the
 * call. Absence of pointers alone does not tell: GCC describes a type that is only used in casts,
 * but not the pointer. Numbers of an enum are in old objects too; one that stays the highest is
 * taken for their count.
 *
 * The plan: types of file scope by tag, an unnamed one by its typedef; a typedef also finds a type
 * whose tag changes. Members of unnamed members count as the outer type's own, and so do those of a
 * member whose type has no name. A member that goes leaves a hole, but another may take its place
 * only if it is of the same size and kind: that is a new name. What a pointer points to is not
 * compared, as that type has a layout of its own.
 *
 * Not supported: types that are local to a function, types whose name changes altogether, unnamed
 * types behind pointers, types that differ in meaning alone.
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

static bool attr_number(Dwarf_Die *die, unsigned int name, uint64_t *ret)
{
	Dwarf_Attribute a;
	Dwarf_Word v;

	if (!dwarf_attr(die, name, &a) || dwarf_formudata(&a, &v))
		return false;
	*ret = v;
	return true;
}

/*
 * Older DWARF, which clang still writes for gdb, counts a bit-field from the high end of its unit;
 * all targets are little-endian.
 */
static uint64_t member_bits(Dwarf_Die *die)
{
	uint64_t at = 0, unit, high, bits;

	if (attr_number(die, DW_AT_data_bit_offset, &at))
		return at;
	attr_number(die, DW_AT_data_member_location, &at);
	at *= 8;
	if (attr_number(die, DW_AT_bit_offset, &high) && attr_number(die, DW_AT_byte_size, &unit) &&
	    attr_number(die, DW_AT_bit_size, &bits))
		at += unit * 8 - high - bits;
	return at;
}

static char *named(const char *what, const char *name)
{
	return name ? xasprintf("%s '%s'", what, name) : xstrdup(what);
}

/* What a value is, in words that are equal where old values can be read. Fresh string. */
static char *kind_of(Dwarf_Die *die)
{
	const char *name = NULL;
	Dwarf_Die t = *die, next;
	Dwarf_Word size = 0;
	uint64_t coding = 0;
	char *of, *text;

	for (int i = 0; i < MAX_DEPTH; i++) {
		switch (dwarf_tag(&t)) {
		case DW_TAG_pointer_type:
			return xstrdup("pointer");
		case DW_TAG_structure_type:
		case DW_TAG_class_type:
			return named("struct", dwarf_diename(&t) ? dwarf_diename(&t) : name);
		case DW_TAG_union_type:
			return named("union", dwarf_diename(&t) ? dwarf_diename(&t) : name);
		case DW_TAG_enumeration_type:
			return xstrdup("integer");
		case DW_TAG_base_type:
			attr_number(&t, DW_AT_encoding, &coding);
			return xstrdup(coding == DW_ATE_float ? "float" :
				       coding == DW_ATE_complex_float ? "complex" : "integer");
		case DW_TAG_array_type:
			if (!type_of(&t, &next))
				return xstrdup("array");
			dwarf_aggregate_size(&next, &size);
			of = kind_of(&next);
			text = xasprintf("array of %llu-byte %s", (unsigned long long)size, of);
			free(of);
			return text;
		case DW_TAG_typedef:
			name = dwarf_diename(&t);
			break;
		}
		if (!type_of(&t, &next))
			break;
		t = next;
	}
	return xstrdup("value");
}

/* Is it of a struct or union that nothing names? Then its members have no other place. */
static bool is_nameless(Dwarf_Die *die)
{
	Dwarf_Die t = *die, next;

	for (int i = 0; i < MAX_DEPTH && type_of(&t, &next); i++) {
		t = next;
		if (is_aggregate(&t))
			return !dwarf_diename(&t);
		if (dwarf_tag(&t) == DW_TAG_typedef || dwarf_tag(&t) == DW_TAG_pointer_type)
			return false;
	}
	return false;
}

static void add_members(struct layout *l, Dwarf_Die *type, const char *prefix, uint64_t base,
			int depth)
{
	Dwarf_Die kid, t;

	if (depth > MAX_DEPTH || dwarf_child(type, &kid))
		return;
	do {
		const char *name = dwarf_diename(&kid);
		uint64_t at = base + member_bits(&kid);
		struct layout_member *m;
		Dwarf_Word size = 0;

		if (dwarf_tag(&kid) != DW_TAG_member || !type_of(&kid, &t))
			continue;
		if (name) {
			dwarf_aggregate_size(&t, &size);
			m = VEC_PUSH(l->m, l->n, l->cap);
			m->name = xasprintf("%s%s", prefix, name);
			m->at = at;
			if (!attr_number(&kid, DW_AT_bit_size, &m->bits))
				m->bits = size * 8;
			m->kind = kind_of(&t);
		}
		if (!name && aggregate_of(&kid, &t)) {
			add_members(l, &t, prefix, at, depth + 1);
		} else if (name && is_nameless(&kid) && aggregate_of(&kid, &t)) {
			char *inner = xasprintf("%s%s.", prefix, name);

			add_members(l, &t, inner, at, depth + 1);
			free(inner);
		}
	} while (!dwarf_siblingof(&kid, &kid));
}

static void add_numbers(struct layout *l, Dwarf_Die *type)
{
	Dwarf_Die kid;

	if (dwarf_child(type, &kid))
		return;
	do {
		struct layout_member *m;
		uint64_t value;

		if (dwarf_tag(&kid) != DW_TAG_enumerator || !dwarf_diename(&kid) ||
		    !attr_number(&kid, DW_AT_const_value, &value))
			continue;
		m = VEC_PUSH(l->m, l->n, l->cap);
		m->name = xstrdup(dwarf_diename(&kid));
		m->at = value;
	} while (!dwarf_siblingof(&kid, &kid));
}

static bool is_enum(Dwarf_Die *die)
{
	return dwarf_tag(die) == DW_TAG_enumeration_type;
}

static void add_type(struct layouts *ls, const char *name, const char *tag, Dwarf_Die *type,
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
	l->tag = tag ? xstrdup(tag) : NULL;
	l->file = file ? xstrdup(file) : NULL;
	if (dwarf_decl_line(type, &l->line))
		l->line = 0;
	l->size = size;
	l->die = dwarf_dieoffset(type);
	l->is_enum = is_enum(type);
	if (l->is_enum)
		add_numbers(l, type);
	else
		add_members(l, type, "", 0, 0);
}

enum use { USE_LOCAL, USE_SHARED };

static void use(struct layouts *ls, Dwarf_Die *user, enum use how)
{
	Dwarf_Die t;

	if (!aggregate_of(user, &t))
		return;
	for (size_t i = 0; i < ls->n; i++)
		if (ls->v[i].die == dwarf_dieoffset(&t)) {
			ls->v[i].is_shared |= how == USE_SHARED;
			ls->v[i].is_local |= how == USE_LOCAL;
		}
}

/* A static local has an address of its own. */
static bool has_address(Dwarf_Die *var)
{
	Dwarf_Attribute a;
	Dwarf_Op *ops;
	size_t n;

	return dwarf_attr_integrate(var, DW_AT_location, &a) && !dwarf_getlocation(&a, &ops, &n) &&
	       n && (ops[0].atom == DW_OP_addr || ops[0].atom == DW_OP_addrx);
}

static void use_locals(struct layouts *ls, Dwarf_Die *scope, int depth)
{
	Dwarf_Die kid;

	if (depth > MAX_DEPTH || dwarf_child(scope, &kid))
		return;
	do {
		switch (dwarf_tag(&kid)) {
		case DW_TAG_variable:
		case DW_TAG_formal_parameter:
			use(ls, &kid, has_address(&kid) ? USE_SHARED : USE_LOCAL);
			break;
		case DW_TAG_pointer_type:
			use(ls, &kid, USE_SHARED);
			break;
		case DW_TAG_lexical_block:
		case DW_TAG_inlined_subroutine:
			use_locals(ls, &kid, depth + 1);
			break;
		}
	} while (!dwarf_siblingof(&kid, &kid));
}

void layouts_read(struct layouts *l, Dwarf_Die *cu, const char *(*file_of)(Dwarf_Die *die))
{
	Dwarf_Die die, t, kid;

	if (dwarf_child(cu, &die))
		return;
	do {
		const char *name = dwarf_diename(&die);

		if (!name)
			continue;
		if (is_aggregate(&die) || is_enum(&die))
			add_type(l, name, NULL, &die, file_of);
		else if (dwarf_tag(&die) == DW_TAG_typedef && type_of(&die, &t) &&
			 (is_aggregate(&t) || is_enum(&t)))
			add_type(l, name, dwarf_diename(&t), &t, file_of);
	} while (!dwarf_siblingof(&die, &die));
	/* A second time, because a pointer can come before the type. */
	if (dwarf_child(cu, &die))
		return;
	do {
		if (dwarf_tag(&die) == DW_TAG_pointer_type || dwarf_tag(&die) == DW_TAG_variable)
			use(l, &die, USE_SHARED);
		else if (dwarf_tag(&die) == DW_TAG_subprogram)
			use_locals(l, &die, 0);
		else if (is_aggregate(&die) && !dwarf_child(&die, &kid))
			do
				use(l, &kid, USE_SHARED);
			while (!dwarf_siblingof(&kid, &kid));
	} while (!dwarf_siblingof(&die, &die));
}

void layouts_free(struct layouts *l)
{
	for (size_t i = 0; i < l->n; i++) {
		for (size_t k = 0; k < l->v[i].n; k++) {
			free(l->v[i].m[k].name);
			free(l->v[i].m[k].kind);
		}
		free(l->v[i].m);
		free(l->v[i].name);
		free(l->v[i].tag);
		free(l->v[i].file);
	}
	free(l->v);
	memset(l, 0, sizeof(*l));
}

/* A tag's own type before a typedef's: C lets both have one name. */
static const struct layout *find(const struct layouts *l, const char *name, bool is_enum)
{
	const struct layout *found = NULL;

	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].is_enum == is_enum && !strcmp(l->v[i].name, name) &&
		    (!found || (found->tag && !l->v[i].tag)))
			found = &l->v[i];
	return found;
}

static const struct layout_member *find_member(const struct layout *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->m[i].name, name))
			return &l->m[i];
	return NULL;
}

static char *member_difference(const struct layout_member *x, const struct layout_member *y)
{
	bool places = y->at != x->at;
	bool whole = !((places ? x->at | y->at : x->bits | y->bits) % 8);
	unsigned long long a = places ? x->at : x->bits, b = places ? y->at : y->bits;
	unsigned int unit = whole ? 8 : 1;

	if (places)
		return xasprintf("its member '%s' moves from %s %llu to %llu", x->name,
				 whole ? "byte" : "bit", a / unit, b / unit);
	if (y->bits != x->bits)
		return xasprintf("the size of its member '%s' changes from %llu to %llu %s",
				 x->name, a / unit, b / unit, whole ? "bytes" : "bits");
	if (strcmp(x->kind, y->kind) != 0)
		return xasprintf("its member '%s' was a value of kind '%s' and becomes '%s'",
				 x->name, x->kind, y->kind);
	return NULL;
}

/* Does @y, which is new, lie where @x was, other than under another name? */
static bool takes_place(const struct layout_member *y, const struct layout_member *x)
{
	if (y->at >= x->at + x->bits || x->at >= y->at + y->bits)
		return false;
	return y->at != x->at || y->bits != x->bits || strcmp(y->kind, x->kind) != 0;
}

/* What of @a is not where it was in @b; NULL: nothing. Fresh string. */
static char *difference(const struct layout *a, const struct layout *b)
{
	if (b->size != a->size)
		return xasprintf("it %s from %llu to %llu bytes",
				 b->size > a->size ? "grows" : "shrinks",
				 (unsigned long long)a->size, (unsigned long long)b->size);
	for (size_t i = 0; i < a->n; i++) {
		const struct layout_member *x = &a->m[i], *y = find_member(b, x->name);
		char *what = y ? member_difference(x, y) : NULL;

		if (what)
			return what;
		for (size_t k = 0; k < b->n && !y; k++)
			if (!find_member(a, b->m[k].name) && takes_place(&b->m[k], x))
				return xasprintf("its new member '%s' takes the place of '%s'",
						 b->m[k].name, x->name);
	}
	return NULL;
}

static uint64_t highest(const struct layout *l)
{
	uint64_t max = 0;

	for (size_t i = 0; i < l->n; i++)
		max = MAX(max, l->m[i].at);
	return max;
}

static char *enum_difference(const struct layout *a, const struct layout *b)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct layout_member *x = &a->m[i], *y = find_member(b, x->name);

		if (y && y->at != x->at && (x->at != highest(a) || y->at != highest(b)))
			return xasprintf("its '%s' was %lld and becomes %lld", x->name,
					 (long long)x->at, (long long)y->at);
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

/* Can an object of the type be older than the code that uses it? */
static bool outlives(const struct layout *l)
{
	return l->is_enum || l->is_shared || !l->is_local;
}

void layouts_compare(const struct layouts *orig, const struct layouts *new,
		     const char *const *accepted, struct sut_err *err)
{
	for (size_t i = 0; i < orig->n; i++) {
		const struct layout *a = &orig->v[i], *b = find(new, a->name, a->is_enum);
		char *what;

		/* The tag has told already what the typedef would. */
		if (a->tag && find(new, a->tag, a->is_enum))
			continue;
		if (!b || !(outlives(a) || outlives(b)) || find(orig, a->name, a->is_enum) != a ||
		    is_accepted(accepted, a->name))
			continue;
		what = a->is_enum ? enum_difference(a, b) : difference(a, b);
		if (!what)
			continue;
		sut_fail(err, SUT_B_LAYOUT, a->name, "%s", what);
		if (b->file)
			sut_fail_where(err, b->file, b->line);
		free(what);
	}
}
