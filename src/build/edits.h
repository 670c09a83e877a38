/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which lines of which files the diffs touch: to tell why a function is in a patch. */
#ifndef SUTURE_BUILD_EDITS_H
#define SUTURE_BUILD_EDITS_H

#include "build/source.h"

struct edit {
	const char *path;	/* relative to the tree; borrowed from the patch set */
	int line;		/* in the original */
	bool inserts;		/* new lines come before @line; else @line is removed */
};

struct edits {
	struct edit *v;
	size_t n, cap;
};

/* Reads the patches of @ps again. What cannot be read is left out: it only costs explanations. */
void edits_read(const struct patch_set *ps, struct edits *ret);
void edits_free(struct edits *e);
/*
 * Do the diffs touch lines [@from, @to] of @file? @file is what debug information calls it: relative to
 * some folder or absolute, so paths are compared from their ends.
 */
bool edits_touch(const struct edits *e, const char *file, int from, int to);

#endif
