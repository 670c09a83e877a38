/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does the linker that made an object make one of functions of equal code, and what names them? */
#ifndef SUTURE_BUILD_FOLDS_H
#define SUTURE_BUILD_FOLDS_H

#include "build/build.h"

struct folds {
	const struct elf_obj *names;	/* has symbols of its functions, static ones too; NULL: nothing does */
	struct elf_obj *own;		/* what has them, where that is not the object itself */
	char *why;			/* why more functions than those may have one place; NULL: they have not */
};

/* Of object @k. Free @ret by folds_free(). */
void folds_find(const struct build *b, size_t k, struct folds *ret);
void folds_free(struct folds *f);

#endif
