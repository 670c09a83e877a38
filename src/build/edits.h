/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which lines of which files the diffs touch: to tell why a function is in a patch. */
#ifndef SUTURE_BUILD_EDITS_H
#define SUTURE_BUILD_EDITS_H

#include <stdbool.h>
#include <stddef.h>

struct edit {
	const char *path;	/* relative to the tree */
	int line;		/* in the original */
	bool inserts;		/* new lines come before @line; else @line is removed */
};

struct edits {
	struct edit *v;
	size_t n, cap;
};

/*
 * Adds in what @new_text differs from @old_text, the original of @path, which is borrowed. What a hunk's header says is
 * not asked: the hunk may have been found elsewhere, or be of a file that an earlier patch has changed.
 */
void edits_add(struct edits *e, const char *path, const char *old_text, size_t old_n, const char *new_text,
	       size_t new_n);
void edits_free(struct edits *e);
/*
 * Do the diffs touch lines [@from, @to] of @file? @file is what debug information calls it: relative to
 * some folder or absolute, so paths are compared from their ends.
 */
bool edits_touch(const struct edits *e, const char *file, int from, int to);

#endif
