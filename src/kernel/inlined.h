/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one compile of a unit inlines and another does not. */
#ifndef SUTURE_KERNEL_INLINED_H
#define SUTURE_KERNEL_INLINED_H

#include "build/diff/debug.h"
#include "kernel/kbuild.h"

/* The first function that @a has inlined and @b has not, from *@at on, which moves behind it. NULL: no more. */
const char *inlined_only_in(const struct dbg_func *a, const struct dbg_func *b, size_t *at);

/*
 * Refuses what changes, is inlined in a function of the kernel that stays, and is a function of its own in the
 * compile that was compared: the kernel would run the old version there.
 */
void inlined_check(const struct kbuild *kb, const struct kbuild_unit *u, struct sut_err *err);

#endif
