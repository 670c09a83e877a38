/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layouts of structs and unions, as debug information tells them. */
#ifndef SUTURE_BUILD_DIFF_LAYOUT_H
#define SUTURE_BUILD_DIFF_LAYOUT_H

#include "base/err.h"
#include "base/util.h"

#include <elfutils/libdw.h>

struct layout_member {
	char *name;
	uint64_t at, size;	/* bits from the start; bytes of its type */
};

struct layout {
	char *name, *file;
	int line;
	uint64_t size;		/* bytes */
	Dwarf_Off die;
	bool is_shared;		/* something points to it: objects of it can outlive a call */
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
 * B_LAYOUT for each shared type of @orig that in @new is larger, or has a member at another place
 * or of another size. @accepted: names that the user answers for, NULL-terminated, or NULL.
 */
void layouts_compare(const struct layouts *orig, const struct layouts *new,
		     const char *const *accepted, struct sut_err *err);

#endif
