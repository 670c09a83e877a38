/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The island: what an image has near its object when it cannot lie there itself. See island.c. */
#ifndef SUTURE_APPLY_ISLAND_H
#define SUTURE_APPLY_ISLAND_H

#include "apply/image.h"

/* Finds what branches out of the image go to, makes room for their veneers at *@at in its text, and says
 * how large an island would be. Nothing where the target knows no far jump. */
void island_layout(struct image *im, uint64_t *at);
/* With env->island: all veneers, and where they lead. Before the image is relocated. */
void island_build(struct image *im, const struct image_env *env);
/* The veneer for a branch by @r, with the bits that select its instruction set; 0: there is none. */
uint64_t island_veneer(const struct image *im, const struct patch_rel *r);

enum { ISLAND_DIRECT, ISLAND_STUB, ISLAND_N_JUMPS };
/* Makes a jump of the island for func @i that leads to @to; returns its address, in instruction set @isa. */
uint64_t island_jump(struct image *im, const struct image_env *env, size_t i, int which,
		     unsigned int isa, uint64_t to);

#endif
