/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source trees: copying them, applying patches, preserving line numbers. */
#ifndef SUTURE_BUILD_SOURCE_H
#define SUTURE_BUILD_SOURCE_H

#include "base/buf.h"
#include "base/err.h"
#include "build/edits.h"

struct touched_file {
	char *path;		/* relative to the tree */
	char *old_path;		/* before a rename; else NULL */
	bool is_new, is_deleted;
	struct strvec patches;	/* the patch files that touch it, in order */
};

struct patch_set {
	struct strvec paths;	/* absolute paths of the patch files, in order */
	int *strip;		/* -p for each */
	struct touched_file *files;
	size_t n_files, cap_files;
	struct edits edits;	/* of all files that were there before: known when the patches were applied */
};

/*
 * Reads @patches and finds which files of @tree they touch. -p1 is tried first, then -p0 and more,
 * by which files exist. -1 with B_PATCH_FORMAT, B_PATCH_TARGET or E_IO.
 */
int patch_set_read(char *const *patches, size_t n, const char *tree, struct patch_set *ret,
		   struct sut_err *err);
void patch_set_free(struct patch_set *ps);

/* Copies @from (a folder) to @to, which must not exist, with times, links and modes (cp -a). */
int tree_copy(const char *from, const char *to, struct sut_err *err);
/* The same, so that there is nothing at @to before all of it is: what an earlier try left beside it goes. */
int tree_copy_whole(const char *from, const char *to, struct sut_err *err);
/* The same with hard links: cheap, for a tree in which files are replaced and never written to. */
int tree_copy_linked(const char *from, const char *to, struct sut_err *err);
/*
 * Applies all patches, in order, to @tree, a copy of @orig, then preserves the line numbers of C
 * files. -1 with B_PATCH_APPLY, which names the file and the hunk; @tree is then half patched and
 * is to be thrown away, @orig is not changed.
 */
int tree_patch(struct patch_set *ps, const char *orig, const char *tree, struct sut_err *err);

/*
 * A digest of names, sizes and times of the files of @dir, without version control folders and
 * without what builds make (objects, archives, dependency files, ELF files). Caller frees.
 */
char *tree_stamp(const char *dir, struct sut_err *err);

/* Calls @fn for each regular file below @dir (relative path) in sorted order. */
int tree_walk(const char *dir, void (*fn)(void *ctx, const char *dir, const char *rel), void *ctx);

#endif
