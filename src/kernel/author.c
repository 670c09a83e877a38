// SPDX-License-Identifier: GPL-2.0-or-later
/* What the patched source says with suture/patch.h: sections of ours in the patched objects. */
#include "kernel/mlink.h"

#include <stdlib.h>
#include <string.h>

static const char *const kinds[CB_COUNT] = {
	[CB_PRE_PATCH] = ".suture.pre_patch", [CB_POST_PATCH] = ".suture.post_patch",
	[CB_PRE_UNPATCH] = ".suture.pre_unpatch", [CB_POST_UNPATCH] = ".suture.post_unpatch"};

static void callbacks(struct mlink *l, size_t u, const struct elf_sec *s, enum module_callback kind)
{
	const struct kbuild_unit *ku = unit_of(l, u);
	const struct elf_obj *o = ku->new;

	for (size_t i = 0; i < s->n_rels; i++) {
		const struct elf_sym *y = &o->syms[s->rels[i].sym];
		uint32_t sym = y->shndx && y->shndx < o->n_secs ?
			       sym_covering(o, y->shndx, y->value + (uint64_t)s->rels[i].addend) : 0;
		struct module_object *mo = &l->m->objects[object_of(l, ku->object)];

		if (!sym || o->syms[sym].type != STT_FUNC) {
			sut_fail(l->err, SUT_K_AUTHOR, *y->name ? y->name : s->name, "a callback is no function of this file");
			sut_fail_where(l->err, ku->source, 0);
			continue;
		}
		if (mo->callbacks[kind]) {
			sut_fail(l->err, SUT_K_AUTHOR, o->syms[sym].name, "there are two callbacks '%s' for %s", kinds[kind] + 8,
				 l->kb->objects[ku->object].name);
			sut_fail_where(l->err, ku->source, 0);
			continue;
		}
		mo->callbacks[kind] = alias_for(l, u, sym, kinds[kind] + 8, ku->object);
	}
}

static void states(struct mlink *l, size_t u, const struct elf_sec *s)
{
	struct module_parts *m = l->m;

	for (uint64_t at = 0; s->data && at + 16 <= s->size; at += 16) {
		uint64_t v[2];

		memcpy(v, s->data + at, sizeof(v));
		if (!v[0] || v[1] > UINT32_MAX) {
			sut_fail(l->err, SUT_K_AUTHOR, "SUTURE_STATE", "number %llu, version %llu",
				 (unsigned long long)v[0], (unsigned long long)v[1]);
			sut_fail_where(l->err, unit_of(l, u)->source, 0);
			continue;
		}
		*VEC_PUSH(m->states, m->n_states, m->cap_states) = (struct module_state){v[0], (uint32_t)v[1]};
	}
}

void author_read(struct mlink *l)
{
	for (size_t u = 0; u < l->kb->n_units; u++) {
		const struct elf_obj *o = unit_of(l, u)->new;

		for (size_t i = 1; i < o->n_secs; i++) {
			const struct elf_sec *s = &o->secs[i];

			for (size_t k = 0; k < CB_COUNT; k++)
				if (!strcmp(s->name, kinds[k]))
					callbacks(l, u, s, (enum module_callback)k);
			if (!strcmp(s->name, ".suture.state"))
				states(l, u, s);
			l->m->replace |= !strcmp(s->name, ".suture.replace");
		}
	}
}
