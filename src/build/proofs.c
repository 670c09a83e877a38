// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Three compiles of a unit.
 *
 * What is compared and carried is compiled with every variable in a section of its own: then a new one
 * moves no other, and each reference names what it refers to. On machines with section anchors (arm64,
 * arm, ppc64le) that changes the code: GCC reaches the variables of one section from one address, with
 * plain offsets, only where it knows how they lie. Such code is never what runs. So what is proved is a
 * third compile, of the original without that flag; it gives the addresses of functions and variables,
 * and names lead from there to the other two.
 *
 * The code of the old copies and of the new functions then need not be what GCC made for the program,
 * which is no loss: both are right for the psABI. Where GCC itself went beyond the psABI (reliance.c)
 * more has to be asked.
 */
#include "build/proofs.h"

#include <stdlib.h>
#include <string.h>

void compile_flags(const struct build *b, const char *more, struct strvec *ret)
{
	const char *const *f = b->objects[0]->target->compile_flags;

	for (; *f; f++)
		strvec_push(ret, *f);
	if (more)
		strvec_push(ret, more);
}

bool proof_is_apart(const struct build *b)
{
	return b->objects[0]->target->proof_flags != NULL;
}

void proof_flags(const struct build *b, struct strvec *ret)
{
	const char *const *f = b->objects[0]->target->proof_flags;

	if (!f) {
		compile_flags(b, NULL, ret);
		return;
	}
	for (; *f; f++)
		strvec_push(ret, *f);
}

struct ref **proof_refs(const struct elf_obj *o, const struct target *t)
{
	struct target_dis *dis = target_dis_open(t);
	uint8_t *want = xcalloc(o->n_secs + 1, 1);
	struct ref **refs;

	for (size_t s = 1; s < o->n_secs; s++)
		want[s] = (o->secs[s].flags & SHF_ALLOC) != 0;
	refs = refs_of_object(o, want, dis);
	free(want);
	target_dis_close(dis);
	return refs;
}

void proof_refs_free(const struct elf_obj *o, struct ref **refs)
{
	for (size_t s = 1; refs && s < o->n_secs; s++)
		free(refs[s]);
	free(refs);
}

uint32_t *proof_map(const struct elf_obj *from, const struct elf_obj *to)
{
	uint32_t *map = xcalloc(from->n_syms + 1, sizeof(*map));
	bool *taken = xcalloc(to->n_syms + 1, sizeof(*taken));

	for (size_t i = 1; i < from->n_syms; i++)
		for (size_t k = 1; k < to->n_syms && !map[i]; k++) {
			const struct elf_sym *x = &from->syms[i], *y = &to->syms[k];

			if (taken[k] || x->type != y->type || x->bind != y->bind || !*x->name ||
			    strcmp(x->name, y->name))
				continue;
			map[i] = (uint32_t)k;
			taken[k] = true;
		}
	free(taken);
	return map;
}

int proofs_compile(struct build *b, struct sut_err *err)
{
	struct compile_opts co = {.jobs = b->opts.jobs};
	const struct unit **units;
	struct strvec flags = {0};
	char **paths = NULL;
	size_t n = 0;
	int r;

	if (!proof_is_apart(b))
		return 0;
	units = xcalloc(b->n_units + 1, sizeof(*units));
	for (size_t i = 0; i < b->n_units; i++)
		units[n++] = b->units[i].compiled->unit;
	proof_flags(b, &flags);
	co.extra_flags = flags.v;
	r = compile_originals(&b->capture, units, n, &co, &paths, err);
	for (size_t i = 0; i < n && !r; i++) {
		struct build_unit *u = &b->units[i];

		u->proof = target_obj_open(paths[i], err);
		if (!u->proof) {
			r = -1;
			break;
		}
		u->proof_refs = proof_refs(u->proof, b->objects[0]->target);
		u->to_pu = u->orig ? proof_map(u->orig, u->proof) : NULL;
	}
	for (size_t i = 0; i < n && paths; i++)
		free(paths[i]);
	free(paths);
	free(units);
	strvec_free(&flags);
	return r;
}

void proofs_reuse(struct build *b)
{
	for (size_t i = 0; i < b->n_units && i < b->n_plain; i++) {
		struct build_unit *u = &b->units[i], *old = &b->plain[i];

		if (!u->diff || !old->orig)
			continue;
		memcpy(u->proofs, old->proofs, b->n_objects * sizeof(*u->proofs));
		memcpy(u->member, old->member, b->n_objects * sizeof(*u->member));
		u->place = old->place;
		u->borrowed = true;
		u->proof = old->proof;
		u->to_pu = proof_map(u->orig, old->proof ? old->proof : old->orig);
	}
}
