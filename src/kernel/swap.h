/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The patched source in the place of the original one, for the time of a compile. Whatever happens meanwhile,
 * also to this process, the original comes back: at once, or when the tree is opened the next time.
 */
#ifndef SUTURE_KERNEL_SWAP_H
#define SUTURE_KERNEL_SWAP_H

#include "kernel/tree.h"

/*
 * Patches t->src. @objects (paths in @out, which is t->out or t->keys_out) will be made again. -1 with B_PATCH_APPLY
 * or E_IO; swap_out() is to be called in any case.
 */
int swap_in(const struct ktree *t, struct patch_set *ps, const char *out, const struct strvec *objects,
	    struct sut_err *err);
/* Puts everything back that there is to put back. */
int swap_out(const struct ktree *t, struct sut_err *err);

#endif
