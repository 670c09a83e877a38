/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unified diffs: which files a patch file touches, and how. The applying is left to patch(1). */
#ifndef SUTURE_BUILD_HUNK_H
#define SUTURE_BUILD_HUNK_H

#include "base/err.h"

struct hunk {
	unsigned int old_start, old_n, new_start, new_n; /* lines, from 1 */
	unsigned int at;	/* line in the patch file */
};

struct diff_file {
	char *old_path;		/* as written, with its prefix; NULL: the file is new */
	char *new_path;		/* NULL: the file is removed */
	bool is_rename;
	bool is_binary;
	struct hunk *hunks;
	size_t n_hunks, cap_hunks;
	unsigned int at;	/* line in the patch file */
};

struct diff {
	char *path;		/* of the patch file, for messages */
	struct diff_file *files;
	size_t n_files, cap_files;
};

/* Parses @text. -1 with B_PATCH_FORMAT (no diff in it, or a hunk that is cut short). */
int diff_parse(const char *path, const char *text, struct diff *ret, struct sut_err *err);
void diff_free(struct diff *d);
/* @path without its first @strip folders, or NULL where it has fewer. Points into @path. */
const char *diff_strip(const char *path, int strip);

#endif
