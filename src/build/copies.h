/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Touched files that the build compiles under another name: copies, links, generated sources. */
#ifndef SUTURE_BUILD_COPIES_H
#define SUTURE_BUILD_COPIES_H

#include "build/capture.h"

struct file_copy {
	size_t file;		/* index into patch_set.files */
	char *path;		/* absolute, in capture.src */
};

struct copies {
	struct file_copy *v;
	size_t n, cap;
};

/*
 * Finds what the build made of the files that @ps touches. -1 with B_COPY_CHANGED and B_GENERATED
 * where that cannot be followed; @ret is to be freed in any case.
 */
int copies_find(const struct capture *c, const struct patch_set *ps, struct copies *ret,
		struct sut_err *err);
/* Gives the copies in @tree, a patched copy of c->src, the text of the patched files. */
int copies_patch(const struct capture *c, const struct patch_set *ps, const struct copies *copies,
		 const char *tree, struct sut_err *err);
/* True where unit @u is made of file @file of @ps, or of a copy of it. */
bool copies_unit_uses(const struct capture *c, const struct patch_set *ps,
		      const struct copies *copies, const struct unit *u, size_t file);
void copies_free(struct copies *c);

#endif
