/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From compared and proved units to one object of a patch: which code and data go into it, what every
 * reference becomes, what the live bytes must be.
 */
#ifndef SUTURE_BUILD_LINK_H
#define SUTURE_BUILD_LINK_H

#include "build/diff/diff.h"
#include "build/prove.h"
#include "patch/patch.h"

struct link_unit {
	struct diff_unit *diff;
	struct prove_unit *pu;	/* against the object of this link; of diff->orig, unless: */
	const uint32_t *to_pu;	/* [symbol of diff->orig] -> symbol of pu->orig, where the two were
				 * compiled with different flags; NULL: they are the same object */
	const bool *relies;	/* [symbol of diff->new]: its code relies on details of local functions
				 * that it calls; NULL: none does */
	const char *source;	/* for messages */
};

struct link_input {
	const struct prove_object *po;
	struct link_unit *units;
	size_t n_units;
	/* What is known of a global that a unit outside this link defines in the same object, found by
	 * proving that unit or one that uses it: its address, or its place in thread-local storage. NULL
	 * where there is none; else owned by @ctx. May be NULL. */
	const struct sym_fact *(*find_fact)(void *ctx, const char *name);
	/* Does a library that the object is linked with define this? 1 with its version (borrowed,
	 * may be NULL), 0 no, -1 not known. May be NULL. */
	int (*find_import)(void *ctx, const char *name, const char **ret_version);
	/* Could the compiler's own library bring this function, which neither the object nor its libraries
	 * have? May be NULL. */
	bool (*has_helper)(void *ctx, const char *name);
	/* Is this function of the unit's proof surely not in the object, as the linker dropped it? It is left
	 * out, then. May be NULL. */
	bool (*is_dropped)(void *ctx, const struct link_unit *u, uint32_t proof_sym);
	const struct elf_obj *names;	/* these two: see struct folds */
	const char *folds;
	void *ctx;
};

/*
 * Fills @ret (zeroed by the caller, who frees it with patch_free of the whole). All that is in the way
 * goes to @err. @ret_indirect is set where the patched code refers *directly* to data or functions of
 * another library that the object never imported: it must be compiled again with
 * -mno-direct-extern-access, and linked again. @ret_helpers gets the names of helpers (see has_helper) that
 * are needed: with a unit that defines them it must be linked again, too.
 */
int link_object(const struct link_input *in, struct patch_object *ret, bool *ret_indirect,
		struct strvec *ret_helpers, struct sut_err *err);

#endif
