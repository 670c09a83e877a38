/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the module linker share: module.c, piece.c, refer.c. */
#ifndef SUTURE_KERNEL_MLINK_H
#define SUTURE_KERNEL_MLINK_H

#include "kernel/module.h"
#include "kernel/special.h"

struct piece {
	size_t unit;
	uint32_t sec;		/* of the patched object */
	uint64_t from, to;
	uint32_t out;		/* section of the result */
	uint64_t at;		/* where @from is there */
	bool whole;
};

struct mlink {
	const struct kbuild *kb;
	struct module_parts *m;
	struct piece *pieces;
	size_t n_pieces, cap_pieces, n_resolved, n_scanned;
	struct ref ***refs;	/* [unit][section] of sections that the comparison left out */
	struct target_dis *dis;
	struct strvec complained;
	struct sut_err *err;
};

static inline struct kbuild_unit *unit_of(const struct mlink *l, size_t u)
{
	return &l->kb->units[u];
}

/* A function that the patch brings. */
static inline bool carried(const struct diff_func *f)
{
	return f && (f->status == DIFF_CHANGED || f->status == DIFF_NEW);
}

/* The function of the patched object that a symbol or a part of it is, or NULL. */
const struct diff_func *func_of(const struct kbuild_unit *ku, uint32_t sym);

/* piece.c: the range of a section that is one thing with the byte at @off, taken into the module (once), */
struct piece *piece_take(struct mlink *l, size_t u, uint32_t sec, uint64_t off);
/* or found there. */
struct piece *piece_find(struct mlink *l, size_t u, uint32_t sec, uint64_t off);

/* module.c: the patch's entry for an object of @l->kb, made where there is none; its index, */
size_t object_of(struct mlink *l, size_t object);
/* and a global name for a function in the module, so that the glue can refer to it. Fresh. */
char *alias_for(struct mlink *l, size_t u, uint32_t sym, const char *kind, size_t n);

/* author.c: callbacks, states and the like of all units. */
void author_read(struct mlink *l);

/* refer.c */
struct goal {			/* what a relocation of the module refers to */
	uint32_t sym;
	int64_t addend;
};
/* References of a section of the patched object. */
const struct ref *refs_of(struct mlink *l, size_t u, uint32_t sec);
/* A place in code that goes into the module, of an entry of SPECIAL_VALUES in section @name. */
void read_value(struct mlink *l, size_t u, uint32_t sec, uint64_t off, const char *name);
/* A place of the unit that goes into the module. */
int to_piece(struct mlink *l, size_t u, const struct elf_rel *rel, uint32_t sec, uint64_t off, struct goal *ret);
/* What relocation @rel of @p becomes. -1: it was refused. */
int goal_of(struct mlink *l, const struct piece *p, const struct elf_rel *rel, const struct ref *r,
	    struct goal *ret);
/* All relocations of a piece. */
void resolve(struct mlink *l, size_t index);

#endif
