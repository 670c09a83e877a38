/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Detours: what gives code of a patch an address that its own instructions cannot. See detour.c. */
#ifndef SUTURE_APPLY_DETOUR_H
#define SUTURE_APPLY_DETOUR_H

#include "apply/image.h"

/* Makes room at *@at for the detours of section @sec, right behind its code. */
void detour_layout(struct image *im, size_t sec, uint64_t *at);
/* Makes the next detour of section @sec for @r, which apply_rel() cannot do: its field is to hold (what is
 * derived from) @s_plus_a, its object's global pointer is @gp. 0; -1 where there is none. */
int detour_make(struct image *im, uint64_t base, size_t sec, const struct patch_rel *r, uint64_t s_plus_a,
		uint64_t gp);
/* Size of function @sym of the patch with the detours behind it. */
uint64_t detour_func_size(const struct image *im, uint32_t sym);

#endif
