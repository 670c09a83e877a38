// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A redirect is one branch, and a branch has a reach: 16 MB in Thumb code, 32 MB on ppc64le, 128 MB on
 * arm64. A process may have no gap of an image's size that near to an object (a large heap on both
 * sides, a sanitizer's shadow, a JIT's reservation), and still have a few pages. The image then lies
 * anywhere that its *data* references reach (target->far_reach; by way of detours, detour.c, where they
 * alone do not), and those few pages are the island:
 *
 *	object			island			image
 *	entry:	b ----------->	far jump ------------->	new version, or switch stub
 *	callee:	<-------------	b <-------------------- veneer (far jump) <-- bl in the patch's code
 *
 * Entries go by way of a far jump, which names its target by its whole address. So could a call from the
 * image straight to the object; but on arm64 a far jump is an indirect one, and where the object's pages
 * are guarded (BTI) a function that nobody calls indirectly has no landing pad. The island's own pages
 * are not guarded and it is near the object: its last step there is a direct branch, which lands anywhere.
 *
 * The island is a piece of the image's own file, mapped first; the ledger, mapped last, says where it is.
 * So a tool that dies in between leaves an island that no ledger claims, and the next one removes it.
 *
 * Registers: what linkers' own veneers may change between a call and its target (arm64: x16; ppc64le:
 * r12 and ctr; arm: none). Compilers know of those, also where they see the callee.
 *
 * Not supported: conditional branches that leave the image and do not reach its own veneers, code of
 * other objects that is called directly and lies out of the island's reach. Both are refused (P_REACH).
 */
#include "apply/island.h"

#include <stdlib.h>

#define FAR_ROOM 32u	/* for a far jump */
#define HOP_ROOM 16u	/* for a direct one */
#define HOP_LEN	 4u	/* wherever there are far jumps */

static bool leaves(const struct image *im, const struct patch_rel *r)
{
	return target_rel(im->t, r->type)->kind == REL_PLT && im->o->syms[r->sym].kind != PSYM_DEF;
}

static struct image_hop hop_of(const struct image *im, const struct patch_rel *r)
{
	return (struct image_hop){
		.sym = r->sym,
		.off = im->t->rel_offset(r->type, r->addend, 0),
		.isa = im->t->branch_isa ? im->t->branch_isa(r->type) : 0,
	};
}

static struct image_hop *find_hop(const struct image *im, const struct patch_rel *r)
{
	struct image_hop want = hop_of(im, r);

	for (size_t i = 0; i < im->n_hops; i++)
		if (im->hops[i].sym == want.sym && im->hops[i].off == want.off &&
		    im->hops[i].isa == want.isa)
			return &im->hops[i];
	return NULL;
}

void island_layout(struct image *im, uint64_t *at)
{
	if (!im->t->encode_far)
		return;
	for (size_t i = 0; i < im->o->n_secs; i++)
		for (size_t k = 0; k < im->o->secs[i].n_rels; k++) {
			const struct patch_rel *r = &im->o->secs[i].rels[k];

			if (leaves(im, r) && !find_hop(im, r))
				*VEC_PUSH(im->hops, im->n_hops, im->cap_hops) = hop_of(im, r);
		}
	im->hop_off = *at = ALIGN_UP(*at, FAR_ROOM);
	*at += im->n_hops * FAR_ROOM;
	im->island_room = im->o->n_funcs * ISLAND_N_JUMPS * FAR_ROOM + im->n_hops * HOP_ROOM;
}

void island_build(struct image *im, const struct image_env *env)
{
	uint64_t first = im->o->n_funcs * ISLAND_N_JUMPS * FAR_ROOM;

	for (size_t i = 0; i < im->n_hops; i++) {
		struct image_hop *h = &im->hops[i];
		uint64_t to = env->values[h->sym] + (uint64_t)h->off, hop = first + i * HOP_ROOM;
		uint64_t isa = to & im->t->isa_mask, off = im->hop_off + i * FAR_ROOM;

		h->veneer = 0;
		/* A weak function that is not there is nowhere. */
		if (!env->island || !env->values[h->sym] ||
		    !im->t->encode_jump(env->island + hop + isa, to, NULL, HOP_LEN,
					im->file.p + im->size + hop))
			continue;
		h->veneer = env->base + off + (h->isa < 0 ? isa : (uint64_t)h->isa);
		im->t->encode_far(h->veneer, env->island + hop + isa, im->file.p + off);
	}
}

uint64_t island_veneer(const struct image *im, const struct patch_rel *r)
{
	const struct image_hop *h = leaves(im, r) ? find_hop(im, r) : NULL;

	return h ? h->veneer : 0;
}

uint64_t island_jump(struct image *im, const struct image_env *env, size_t i, int which,
		     unsigned int isa, uint64_t to)
{
	uint64_t off = (i * ISLAND_N_JUMPS + (size_t)which) * FAR_ROOM;

	im->t->encode_far((env->island + off) | isa, to, im->file.p + im->size + off);
	return (env->island + off) | isa;
}
