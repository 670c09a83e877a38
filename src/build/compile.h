/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiling the affected units, each original and patched. */
#ifndef SUTURE_BUILD_COMPILE_H
#define SUTURE_BUILD_COMPILE_H

#include "build/capture.h"

struct compiled {
	const struct unit *unit;
	char *orig;		/* object made of the original source */
	char *patched;		/* object made of the patched source */
	struct strvec touched;	/* files of the patches that it is made of, relative to the tree */
};

struct compile_opts {
	char *const *extra_flags; /* NULL-terminated, after the unit's own flags; may be NULL */
	int jobs;		/* 0: as many as there are processors */
};

struct compile_result {
	struct compiled *v;
	size_t n, cap;
	struct strvec not_compiled; /* touched files (relative) which no unit is made of */
	size_t n_reused;	/* objects that were there already */
	char *patched_tree;
};

/*
 * Finds the units that the patches affect and compiles both versions of each. Nothing affected is
 * a success with n == 0. -1 with all reasons that were found: B_PATCH_APPLY, B_COMPILE (with the
 * compiler's words), B_LTO, B_ASM, B_UNIT_REMOVED, B_COPY_CHANGED, B_GENERATED, E_TOOL.
 */
int compile_units(struct capture *c, struct patch_set *ps, const struct compile_opts *opts,
		  struct compile_result *ret, struct sut_err *err);
/*
 * Compiles the patched version of each unit of @r once more with other flags. @ret gets one path for
 * each unit of @r, in order (the caller frees them and the array). -1 as above.
 */
int compile_again(struct capture *c, const struct patch_set *ps, const struct compile_result *r,
		  const struct compile_opts *opts, char ***ret, struct sut_err *err);
void compile_result_free(struct compile_result *r);
/*
 * Compiles the original version of @n units. @ret gets a path for each, in order (the caller frees them
 * and the array). -1 with B_COMPILE, B_LTO.
 */
int compile_originals(struct capture *c, const struct unit *const *units, size_t n,
		      const struct compile_opts *opts, char ***ret, struct sut_err *err);

#endif
