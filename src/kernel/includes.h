/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which units of a kernel may include a file, by the text of their #include lines. */
#ifndef SUTURE_KERNEL_INCLUDES_H
#define SUTURE_KERNEL_INCLUDES_H

#include "kernel/tree.h"

/*
 * Appends to @ret all units (sources, relative) of which one of @files (relative, NULL-terminated) may be a
 * part: more than there are, never fewer, but for names that macros make up. What they do include kbuild tells
 * when it has compiled them. @files themselves are not appended.
 */
void includes_find(const struct ktree *t, char *const *files, struct strvec *ret);

#endif
