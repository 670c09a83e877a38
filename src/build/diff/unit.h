/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the stages of the comparison share. Private to src/build/diff/. */
#ifndef SUTURE_BUILD_DIFF_UNIT_H
#define SUTURE_BUILD_DIFF_UNIT_H

#include "build/diff/debug.h"
#include "build/diff/diff.h"

enum sec_kind {
	SK_NONE,	/* not loaded, or of no concern: notes, comments, unwind tables, debug */
	SK_CODE,
	SK_RO,		/* read-only, .data.rel.ro included */
	SK_RW,
	SK_BSS,
	SK_TLS,
	SK_SPECIAL,	/* means something as a whole: constructors, linker sets */
};

struct side {			/* one of the two objects */
	struct elf_obj *o;
	struct ref **refs;	/* [section] */
	uint8_t *kind;		/* [section] enum sec_kind */
	uint32_t *canon;	/* [symbol] the one that speaks for all at its place; 0: no entity */
	char **key;		/* [symbol] name without numbers, entities only; a part's says which */
	bool *numbered;		/* [symbol] */
	const char **file;	/* [symbol] STT_FILE that it follows, or NULL */
	uint64_t **cuts;	/* [section] sorted offsets at which anonymous pieces start or end */
	size_t *n_cuts;
	struct dbg *dbg;
};

struct diff_ctx {
	struct diff_unit *u;
	struct side orig, new;
	struct target_dis *dis;
	const struct diff_opts *opts;	/* valid during diff_unit_compare only */
	/* [canonical symbol of new] -> index + 1 into u->funcs, u->data */
	uint32_t *func_of, *data_of;
	uint32_t *func_cause, *data_cause; /* [index] symbol of new that made it change, 0: itself */
};

bool sym_is_func(const struct elf_sym *y);
enum sec_kind sym_kind(const struct side *s, uint32_t sym);
/* What the debug information says of the variable @sym; NULL: nothing. */
const struct dbg_var *var_of(const struct side *s, uint32_t sym);
/* References of [from, to) in a section, as [*ret_first, *ret_last). */
void refs_range(const struct side *s, uint32_t sec, uint64_t from, uint64_t to, size_t *ret_first,
		size_t *ret_last);

/* equal.c */
enum equal_mode {
	EQ_STRICT,	/* references must be paired */
	EQ_LOOSE,	/* symbols without a counterpart may match by the key of their name */
};
bool ref_equal(const struct diff_ctx *c, const struct ref *n, const struct ref *o,
	       enum equal_mode mode);
bool sym_equal(const struct diff_ctx *c, uint32_t new_sym, uint32_t orig_sym,
	       enum equal_mode mode);
/* One past the last byte of the anonymous piece at @off. */
uint64_t anon_end(const struct side *s, uint32_t sec, uint64_t off);
bool sec_equal(const struct diff_ctx *c, uint32_t new_sec, uint32_t orig_sec);
/* Does the symbol's code branch out of itself without a relocation? */
bool leaks(const struct diff_ctx *c, const struct side *s, uint32_t sym);

/* correlate.c: fills u->to_orig, to_new, pair_how. Ambiguity that matters goes to @err. */
void correlate(struct diff_ctx *c, struct sut_err *err);
/* compare.c: fills u->funcs and u->data. */
void compare(struct diff_ctx *c);
/* Calls @fn for each symbol of the patched object that @sym's code or data refers to, also by way of
 * anonymous pieces, until it returns true. True when it did. */
bool each_target(const struct diff_ctx *c, uint32_t sym,
		 bool (*fn)(const struct diff_ctx *c, uint32_t target, int64_t off, void *arg),
		 void *arg);
/* refuse.c: everything that cannot be right. */
void refuse(struct diff_ctx *c, struct sut_err *err);
/* why.c: diff_func.why, why_chain, file, line; diff_data.file, line. */
void positions(struct diff_ctx *c);
void reasons(struct diff_ctx *c);

#endif
