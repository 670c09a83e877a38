/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The comparison of two objects compiled from the original and from the patched source of one unit,
 * with the same compiler, flags and -ffunction-sections (and, on x86, -fdata-sections).
 *
 * Result: every symbol of the patched object is paired with its counterpart in the original (or is
 * new), every function and every datum has a status, and everything that cannot be right is refused
 * with a reason.
 */
#ifndef SUTURE_BUILD_DIFF_DIFF_H
#define SUTURE_BUILD_DIFF_DIFF_H

#include "build/diff/ref.h"

enum diff_status {
	DIFF_UNCHANGED,
	DIFF_CHANGED,
	DIFF_NEW,	/* only in the patched object */
	DIFF_REMOVED,	/* only in the original object */
};

enum diff_why {		/* why a function is replaced */
	WHY_NONE,
	WHY_EDITED,	/* the diff touches its own source lines */
	WHY_INLINED,	/* a function or header that it inlines was edited */
	WHY_REFERS,	/* it refers to something that changed or is new (a constant table) */
	WHY_CODE,	/* the compiler generated other code; no edited line is known to be inside */
	WHY_REGISTERS,	/* it counts on registers that a changed function left alone (-fipa-ra) */
	WHY_PART,	/* split from or merged with a changed function (.cold, .part, .isra ...) */
};

struct diff_func {		/* a function with the .cold part that belongs to it */
	const char *name;	/* of the patched object, or of the original where removed */
	enum diff_status status;
	uint32_t orig, new;	/* symbol indices, 0: absent */
	uint32_t *orig_cold, *new_cold; /* symbols of its cold parts */
	size_t n_orig_cold, n_new_cold;
	enum diff_why why;
	struct strvec why_chain; /* one sentence each: "inlines 'foo' (a.c:12), which was edited" */
	char *file;		/* where it is defined, as the debug information says; may be NULL */
	int line;
};

enum diff_data_kind { DATA_RO, DATA_RW, DATA_BSS, DATA_TLS };

struct diff_data {
	const char *name;
	enum diff_status status;
	enum diff_data_kind kind;
	uint32_t orig, new;
	char *file;
	int line;
};

struct diff_unit {
	struct elf_obj *orig, *new;	/* owned by the caller; must outlive this */
	const struct target *target;
	uint32_t *to_orig;	/* [symbol of new] -> symbol of orig, 0: no counterpart */
	uint32_t *to_new;	/* [symbol of orig] -> symbol of new */
	struct diff_func *funcs;
	size_t n_funcs, cap_funcs;
	struct diff_data *data;
	size_t n_data, cap_data;
	bool changed;		/* some function or datum is not DIFF_UNCHANGED */
	/* references, [section] -> refs_of_section(); filled for sections of code and data */
	struct ref **orig_refs, **new_refs;
	uint8_t *pair_how;	/* [symbol of new] -> enum pair_how, for to_orig */
	struct diff_ctx *ctx;	/* private */
};

enum pair_how {		/* why a symbol was paired with its counterpart */
	PAIR_NONE,
	PAIR_GLOBAL,	/* same global name */
	PAIR_LOCAL,	/* same local name, type, kind of section and source file */
	PAIR_LINKAGE,	/* same name, but static in one and global in the other */
	PAIR_ONLY,	/* the only one of this base name */
	PAIR_SCOPE,	/* the only one of this base name in its function */
	PAIR_USERS,	/* used at the same place of code that is otherwise equal */
	PAIR_CONTENT,	/* the only one with this content */
	PAIR_ORDER,	/* the same number of candidates on both sides, taken in order */
	PAIR_PARENT,	/* parts of functions that are paired */
};
const char *pair_how_text(enum pair_how how);
const char *diff_status_text(enum diff_status s);	/* "changed" */
const char *diff_why_text(enum diff_why w);		/* "edited" */
const char *diff_data_kind_text(enum diff_data_kind k); /* "rodata" */

enum diff_role {		/* what a section is, where its name and flags do not say it */
	DIFF_ROLE_DEFAULT,
	DIFF_ROLE_PLAIN, /* what its flags say, whatever its name means elsewhere */
	DIFF_ROLE_NONE,	/* of no concern to the comparison: whoever knows it compares it */
	DIFF_ROLE_CONST, /* variables that are not kept over the change: one that changes is a new one */
};

struct diff_opts {
	const char *source;	/* unit's source path for messages, or NULL */
	/* Called to ask whether the diff touches lines [from, to] of @file (path as in DWARF), in the
	 * numbering of the original; NULL: unknown. */
	bool (*is_edited)(void *ctx, const char *file, int from, int to);
	void *ctx;
	/* May units other than this one use the global @name? Asked for functions whose signature
	 * changed and for constant data that changed. NULL: nobody calls such a function, but
	 * anybody may read such data. */
	bool (*has_outside_users)(void *ctx, const char *name);
	const char *const *accept_layouts; /* types that may change; NULL-terminated, may be NULL */
	/* Asked for every section that is loaded. NULL: DIFF_ROLE_DEFAULT for all. */
	enum diff_role (*section_role)(const char *name, uint16_t machine);
	/* The patched object is new altogether, so that its sections are taken whole: a function may branch
	 * to another one of its section without a relocation. */
	bool all_new;
};

/*
 * Compares. Refusals go to @err, all of them; the result is returned all the same, so that a report
 * can list what was found. NULL only where the objects cannot be compared at all.
 */
struct diff_unit *diff_unit_compare(struct elf_obj *orig, struct elf_obj *new,
				    const struct diff_opts *opts, struct sut_err *err);
void diff_unit_free(struct diff_unit *u);

/* Does (patched object's section, offset) hold the same bytes and references as in the original?
 * For anonymous pieces: strings, constants, jump tables. */
bool diff_anon_equal(const struct diff_unit *u, uint32_t new_sec, uint64_t new_off,
		     uint32_t orig_sec, uint64_t orig_off);
/* The same of whole sections. */
bool diff_section_equal(const struct diff_unit *u, uint32_t new_sec, uint32_t orig_sec);

#endif
