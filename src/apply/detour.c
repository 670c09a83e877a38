// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Code of a patch that shares its object's global pointer (ppc64le: r2, the TOC pointer) names the patch's
 * own data and slots by their distance from there, in two instructions:
 *
 *	addis r9,r2,x@toc@ha
 *	ld    r10,x@toc@l(r9)
 *
 * They reach 2 GB. An image that lies farther from its object (see island.c) is out of their reach, while
 * the object's data, which the same code names in the same way, is not. So the pointer stays what it is,
 * and the first instruction of such a pair takes a detour:
 *
 *	b     detour		--->	lis; ori; sldi; oris; ori	r9 = x, less its low part
 *	ld    r10,x@toc@l(r9)	<---	b
 *
 * That changes no other register, and the low parts, of which one high part may have several, stay as they
 * are. The two instructions with which a global entry computes r2 are such a pair, too.
 *
 * Why not a TOC of the patch's own, with a stack per thread that keeps the caller's TOC pointer and return
 * address while the new version runs, as Linux does it for its own livepatches on ppc64le? The kernel knows
 * all of its threads and none of them jumps out of a function. In a program such a stack takes hold of every
 * return: longjmp, exceptions, coroutines and cancelled threads leave entries behind or take another's, a
 * stack trace does not find the caller without knowing of it, and code that was compiled to reach the
 * object's data from r2 could not reach it any more. A detour knows nothing of threads, and arguments on the
 * caller's stack stay where they are because no frame comes between.
 *
 * A thread in a detour is in the function: the detours of a section follow its code, and the function's
 * size in the ledger counts them in. No unwind information covers them, so a walk from there is not
 * reliable, and whoever asks has to ask again six instructions later.
 */
#include "apply/detour.h"

#include <string.h>

#define DETOUR_ROOM 32u

static bool may_need(const struct image *im, const struct patch_rel *r)
{
	const struct rel_info *ri = target_rel(im->t, r->type);

	return ri && ri->part == PART_HI && (ri->kind == REL_PC || ri->kind == REL_GP);
}

void detour_layout(struct image *im, size_t sec, uint64_t *at)
{
	const struct patch_sec *s = &im->o->secs[sec];

	if (!im->t->encode_detour || s->kind != PSEC_TEXT)
		return;
	im->detours[sec].off = *at = ALIGN_UP(*at, 4u);
	for (size_t k = 0; k < s->n_rels; k++)
		*at += may_need(im, &s->rels[k]) ? DETOUR_ROOM : 0;
}

int detour_make(struct image *im, uint64_t base, size_t sec, const struct patch_rel *r, uint64_t s_plus_a,
		uint64_t gp)
{
	uint64_t at = im->detours[sec].off + im->detours[sec].used;
	uint64_t place = im->sec_off[sec] + r->offset;

	if (!im->t->encode_detour || im->o->secs[sec].kind != PSEC_TEXT || !may_need(im, r) ||
	    !im->t->encode_detour(r->type, im->file.p + place, base + place, s_plus_a, gp, base + at,
				  im->file.p + at))
		return -1;
	im->detours[sec].used += DETOUR_ROOM;
	return 0;
}

uint64_t detour_func_size(const struct image *im, uint32_t sym)
{
	const struct patch_sym *y = &im->o->syms[sym];
	uint64_t start = im->sec_off[y->sec] + y->value;
	const struct image_detours *d = &im->detours[y->sec];

	return d->used ? d->off + d->used - start : y->size;
}
