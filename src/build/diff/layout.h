/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layouts of structs and unions and the numbers of enums, as debug information tells them. */
#ifndef SUTURE_BUILD_DIFF_LAYOUT_H
#define SUTURE_BUILD_DIFF_LAYOUT_H

#include "base/err.h"
#include "base/util.h"

#include <elfutils/libdw.h>

struct layout_member {
	char *name;		/* "pos.x" in a member 'pos' whose type has no name */
	uint64_t at;		/* bits from the start; an enumerator's value */
	uint64_t bits;		/* of its size */
	char *kind;		/* "pointer", "integer", ...; NULL for an enumerator */
};

struct layout {
	char *name, *file;
	char *tag;		/* where a typedef gave the name and there is a tag: that */
	int line;
	uint64_t size;		/* bytes */
	Dwarf_Off die;
	bool is_enum;
	bool is_shared;		/* something points to it or has it in it */
	bool is_local;		/* a function has a variable of it */
	struct layout_member *m;
	size_t n, cap;
};

struct layouts {
	struct layout *v;
	size_t n, cap;
};

/* Adds all named types of one compilation unit. @file_of gives a DIE's declaration file or NULL. */
void layouts_read(struct layouts *l, Dwarf_Die *cu, const char *(*file_of)(Dwarf_Die *die));
void layouts_free(struct layouts *l);

/*
 * B_LAYOUT for each type of @orig whose objects can outlive a call and that in @new has another size,
 * or a member at another place, of another size or of another kind; and for each enum in which a name
 * gets another number. @accepted: names that the user answers for, NULL-terminated, or NULL.
 */
void layouts_compare(const struct layouts *orig, const struct layouts *new,
		     const char *const *accepted, struct sut_err *err);

#endif
