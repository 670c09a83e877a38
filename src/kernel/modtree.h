/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The source of a module that is not part of the kernel's: a struct ktree whose @headers are set. It is
 * compiled by the build system of the headers, make -C HEADERS M=FOLDER, in a copy.
 */
#ifndef SUTURE_KERNEL_MODTREE_H
#define SUTURE_KERNEL_MODTREE_H

#include "kernel/tree.h"

/* Sets @t->headers and @t->sub. -1 with E_IO or K_MODULE_SOURCE. */
int modtree_open(struct ktree *t, const char *headers, struct sut_err *err);
/* What the prepared tree depends on besides its source, for the digest of it. */
void modtree_add_key(const struct ktree *t, struct buf *b);
/* Copies the source, without what was built in it. */
int modtree_prepare(struct ktree *t, struct sut_err *err);
/* Copies it once more, without objects. */
int modtree_copy(const struct ktree *t, const char *to, struct sut_err *err);

/* The words that lead make and the compiler to the copy in @out. */
void modtree_add_args(const struct ktree *t, const char *out, struct strvec *argv, struct buf *kcflags);
/* The same goal as make wants it: relative to the folder with the makefile. */
const char *modtree_goal(const struct ktree *t, const char *goal);
/* The makefile by which make lists what the folder makes; @list is ktree_list_mk's file. Fresh. */
char *modtree_list_mk(const char *list);
/* What a makefile means with a path in the copy, or a relative one, as seen from the user's folder. Fresh. */
char *modtree_path(const struct ktree *t, const char *path);

/*
 * Looks in a module's file for where its source was when it was built, as __FILE__ has it, and has the copy
 * compiled as if it was there.
 */
void modtree_find_place(struct ktree *t, const uint8_t *ko, size_t n);
/* When all modules were looked at: what was compiled for another place is compiled again. */
int modtree_settle(struct ktree *t, struct sut_err *err);

#endif
