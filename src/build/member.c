// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which unit is part of which object.
 *
 * The problem: a build compiles more than what runs. libtool compiles each source twice (for the
 * shared library and for the archive), packages build a second flavour (for an installer, without
 * an option), tests and examples include the same headers. Some functions of a flavour that is not
 * in the object match all the same, because the option does not change them.
 *
 * The plan: a unit is part of an object when most of its functions are found there. Of units of
 * one source that claim the same code, the one that matches best is it; the others are variants.
 * Units of one source that claim different code (a template compiled with two macros) are all
 * members. One unit may be part of several objects: each gets its own patched copy.
 *
 * Static functions of headers are in every object whose units include them. A unit of whose own
 * functions most are missing in an object, and none in another, is part of the other alone.
 *
 * A unit that is nowhere is a refusal, because to leave it out may leave the fix out, except where
 * the capture saw it linked, and into other files only.
 */
#include "build/member.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

bool member_has_changed_func(const struct build_unit *u)
{
	for (size_t i = 0; u->diff && i < u->diff->n_funcs; i++)
		if (u->diff->funcs[i].status == DIFF_CHANGED)
			return true;
	return false;
}

/* One file, or two copies of it that the build made, each compiled in its own way. */
static bool same_source(const struct build_unit *a, const struct build_unit *b)
{
	const char *x = a->compiled->unit->source_path, *y = b->compiled->unit->source_path;

	return !strcmp(x, y) || (!strcmp(path_base(x), path_base(y)) && files_equal(x, y));
}

/*
 * Units that change, and the others of their sources: where the one that is in the object does not
 * change, those that do are of no interest.
 */
static bool is_wanted(const struct build *b, const struct build_unit *u)
{
	for (size_t i = 0; i < b->n_units; i++) {
		const struct build_unit *v = &b->units[i];

		if (v->diff && (v->diff->changed || v->err.n) && same_source(u, v))
			return u->diff;
	}
	return false;
}

static void prove(struct build *b, struct build_unit *u)
{
	for (size_t k = 0; k < b->n_objects; k++) {
		struct prove_unit *pu;

		if (b->objects[k]->o->machine != u->orig->machine)
			continue;
		pu = prove_unit_run(b->objects[k], u->proof ? u->proof : u->orig,
				    u->proof ? u->proof_refs : u->diff->orig_refs);
		u->proofs[k] = pu;
		u->member[k] = pu->n_found * 2 >= pu->n_funcs && pu->n_found;
	}
}

/*
 * Functions that only one unit can define, which no header brings, and of them those that are found.
 * True where no function at all is missing.
 */
static bool count_own(const struct prove_unit *pu, size_t *ret_own, size_t *ret_found)
{
	bool whole = true;

	*ret_own = *ret_found = 0;
	for (size_t i = 0; i < pu->n_funcs; i++) {
		const struct prove_func *pf = &pu->funcs[i];
		bool is_own = pu->orig->syms[pf->sym].bind == STB_GLOBAL;

		*ret_own += is_own;
		*ret_found += is_own && pf->state == PROVE_FOUND;
		whole &= pf->state != PROVE_MISSING;
	}
	return whole;
}

static void drop_guests(struct build *b, struct build_unit *u)
{
	bool whole = false;
	size_t own, found;

	for (size_t k = 0; u->member && k < b->n_objects; k++)
		whole |= u->member[k] && count_own(u->proofs[k], &own, &found);
	for (size_t k = 0; whole && k < b->n_objects; k++)
		if (u->member[k] && !count_own(u->proofs[k], &own, &found) && found * 2 < own)
			u->member[k] = false;
}

/* Do two units say of one address that it is theirs? */
static bool claim_same(const struct prove_unit *a, const struct prove_unit *b)
{
	uint64_t *v = xcalloc(a->n_funcs + 1, sizeof(*v));
	bool same = false;
	size_t n = 0;

	for (size_t i = 0; i < a->n_funcs; i++)
		if (a->funcs[i].state == PROVE_FOUND)
			v[n++] = a->funcs[i].cands[a->funcs[i].chosen].addr;
	qsort(v, n, sizeof(*v), cmp_u64);
	for (size_t i = 0; i < b->n_funcs && !same; i++)
		same = b->funcs[i].state == PROVE_FOUND &&
		       bsearch(&b->funcs[i].cands[b->funcs[i].chosen].addr, v, n, sizeof(*v),
			       cmp_u64);
	free(v);
	return same;
}

static bool is_whole(const struct build_unit *u, size_t k)
{
	size_t own, found;

	return u->member[k] && count_own(u->proofs[k], &own, &found);
}

/*
 * Small functions of different files have equal code. Where all of a unit is in another object, and here
 * a part of it is what another unit that is all here claims as well, the part is that one's.
 */
static void drop_lookalikes(struct build *b, size_t k)
{
	for (size_t i = 0; i < b->n_units; i++) {
		struct build_unit *u = &b->units[i];
		bool elsewhere = false;

		if (!u->member || !u->member[k] || is_whole(u, k))
			continue;
		for (size_t o = 0; o < b->n_objects; o++)
			elsewhere |= is_whole(u, o);
		for (size_t j = 0; elsewhere && j < b->n_units; j++) {
			struct build_unit *v = &b->units[j];

			if (i != j && v->member && is_whole(v, k) && !same_source(u, v) &&
			    claim_same(u->proofs[k], v->proofs[k]))
				u->member[k] = false;
		}
	}
}

static void drop_rivals(struct build *b, size_t k)
{
	for (size_t i = 0; i < b->n_units; i++)
		for (size_t j = 0; j < b->n_units; j++) {
			struct build_unit *u = &b->units[i], *v = &b->units[j];

			if (i == j || !u->member || !v->member || !u->member[k] || !v->member[k] ||
			    !same_source(u, v) || !claim_same(u->proofs[k], v->proofs[k]))
				continue;
			/* Equal code twice: either will do, and the first is what a reader expects. */
			if (u->proofs[k]->n_found > v->proofs[k]->n_found ||
			    (u->proofs[k]->n_found == v->proofs[k]->n_found && i < j))
				v->member[k] = false;
		}
}

static bool is_member(const struct build *b, const struct build_unit *u)
{
	for (size_t k = 0; u->member && k < b->n_objects; k++)
		if (u->member[k])
			return true;
	return false;
}

bool member_is_output(const struct build *b, size_t k, const char *output)
{
	const struct elf_obj *po = b->objects[k]->o;
	const char *base = path_base(output);
	struct sut_err ignored = {0};
	const struct elf_sec *x, *y;
	struct elf_obj *o;
	bool same;

	if (!strcmp(base, path_base(po->path)) || !strcmp(base, b->objects[k]->name))
		return true;
	o = target_obj_open(output, &ignored);
	x = o ? elf_obj_sec(o, ".text") : NULL;
	y = elf_obj_sec(po, ".text");
	/* What cannot be read may be anything, as may what was made for another architecture than the object. */
	same = !x || !y || o->machine != po->machine || x->size == y->size;
	elf_obj_free(o);
	sut_err_free(&ignored);
	return same;
}

/*
 * Is this file, which the build linked, surely none of the given objects? Only where it is known what each
 * of them is: one of another name that nothing was linked as may be this very file, compiled otherwise.
 */
static bool is_other_file(const struct build *b, const char *output)
{
	for (size_t i = 0; i < b->object_paths.n; i++)
		if (!strcmp(path_base(output), path_base(b->object_paths.v[i])))
			return false;
	for (size_t k = 0; k < b->n_objects; k++) {
		bool known = false;

		if (member_is_output(b, k, output))
			return false;
		for (size_t i = 0; i < b->capture.n_links && !known; i++)
			known = b->capture.links[i].output && member_is_output(b, k, b->capture.links[i].output);
		if (!known)
			return false;
	}
	return true;
}

static bool names_func(const struct elf_obj *o, const char *name)
{
	for (size_t i = 1; i < o->n_syms; i++)
		if (o->syms[i].shndx != SHN_UNDEF && o->syms[i].type == STT_FUNC &&
		    !strcmp(o->syms[i].name, name))
			return true;
	return false;
}

static bool names_any(const struct elf_obj *o, const struct prove_unit *pu, size_t func)
{
	for (size_t s = 1; s < pu->orig->n_syms; s++)
		if (pu->func_of_sym[s] == func + 1 && names_func(o, pu->orig->syms[s].name))
			return true;
	return false;
}

/*
 * Is the function missing in the object and in @o, and are all others in either both or none? What is small
 * may be found by accident, where something else has its code.
 */
static bool agrees_on_drop(const struct elf_obj *o, const struct prove_unit *pu, size_t func)
{
	size_t both = 0;

	for (size_t i = 0; i < pu->n_funcs; i++) {
		bool found = pu->funcs[i].state != PROVE_MISSING, named = names_any(o, pu, i);

		if (i == func ? found || named : named && !found)
			return false;
		if (!named && pu->funcs[i].state == PROVE_FOUND && pu->funcs[i].mf.size >= PROVE_STRONG_SIZE)
			return false;
		both += named && found;
	}
	return both > 0;
}

/* May @l, of which the build made a file, have made object @k with unit @u in it? */
static bool may_have_linked(const struct build *b, size_t k, const struct build_unit *u, const struct link *l)
{
	const char *base = l->output ? path_base(l->output) : NULL, *object = u ? u->compiled->unit->output : NULL;
	bool direct = false;

	if (!base || is_other_file(b, l->output))
		return false;
	for (size_t i = 0; i < b->n_objects; i++)
		if (i != k && !strcmp(base, path_base(b->objects[i]->o->path)) &&
		    strcmp(base, path_base(b->objects[k]->o->path)))
			return false;
	/* A unit whose object file is the input of a link is in no others; else an archive brings it. */
	for (size_t i = 0; object && i < b->capture.n_links; i++)
		direct |= strvec_has(&b->capture.links[i].inputs, object);
	return !direct || strvec_has(&l->inputs, object);
}

bool member_may_have_linked(const struct build *b, size_t k, const struct link *l)
{
	return may_have_linked(b, k, NULL, l);
}

bool member_is_dropped(const struct build *b, size_t k, const struct prove_unit *pu, uint32_t sym)
{
	const struct build_unit *u = NULL;
	uint32_t func = pu->func_of_sym[sym];
	bool dropped = false;

	for (size_t i = 0; i < b->n_units && !u; i++)
		if (b->units[i].proofs && b->units[i].proofs[k] == pu)
			u = &b->units[i];
	for (size_t i = 0; func && i < b->capture.n_links && !dropped; i++) {
		const struct link *l = &b->capture.links[i];
		struct sut_err ignored = {0};
		struct elf_obj *o;

		if (!may_have_linked(b, k, u, l))
			continue;
		o = target_obj_open(l->output, &ignored);
		dropped = o && o->machine == b->objects[k]->o->machine && agrees_on_drop(o, pu, func - 1);
		elf_obj_free(o);
		sut_err_free(&ignored);
	}
	return dropped;
}

/* The file that the unit is linked into, when it is in none of the objects for sure; else NULL. */
static const char *linked_elsewhere(const struct build *b, const struct build_unit *u)
{
	const char *where = NULL, *output = u->compiled->unit->output;

	for (size_t i = 0; output && i < b->capture.n_links; i++) {
		const struct link *l = &b->capture.links[i];

		if (!strvec_has(&l->inputs, output))
			continue;
		if (!l->output || !is_other_file(b, l->output))
			return NULL;
		where = l->output;
	}
	return where;
}

/* The unit of this source and the object where most was found; false: nothing anywhere. */
static bool find_best(const struct build *b, const struct build_unit *of, size_t *ret_unit,
		      size_t *ret_obj)
{
	size_t best = 0;

	for (size_t i = 0; i < b->n_units; i++)
		for (size_t k = 0; k < b->n_objects; k++) {
			const struct build_unit *u = &b->units[i];

			if (!u->proofs || !u->proofs[k] || !same_source(u, of) ||
			    u->proofs[k]->n_found <= best)
				continue;
			best = u->proofs[k]->n_found;
			*ret_unit = i;
			*ret_obj = k;
		}
	return best > 0;
}

static void refuse(const struct build *b, const struct build_unit *u, struct sut_err *err)
{
	sut_fail(err, SUT_B_NOT_LINKED, u->source,
		 "none of its functions is found in the given objects");
	for (size_t k = 0; k < b->n_objects; k++) {
		char *cc = prove_object_compiler(b->objects[k]);

		sut_fail_chain(err, "looked in %s%s%s", b->objects[k]->o->path,
			       cc ? ", which was built with " : "", cc ? cc : "");
		free(cc);
	}
}

/* The place of unit @i, of whose source no unit is a member. */
static void place_stray(struct build *b, size_t i, struct sut_err *err)
{
	struct build_unit *u = &b->units[i];
	const char *where = linked_elsewhere(b, u);
	size_t unit, obj;

	if (where) {
		u->place = UNIT_ELSEWHERE;
		if (member_has_changed_func(u))
			strvec_pushf(&b->elsewhere, "%s (in %s)", u->source, path_base(where));
	} else if (find_best(b, u, &unit, &obj)) {
		/* Where little matches, the closest object gets the closest unit, and the linker
		 * says which functions do not. */
		u->place = unit == i ? UNIT_MEMBER : UNIT_VARIANT;
		b->units[unit].member[obj] = true;
	} else if (member_has_changed_func(u)) {
		refuse(b, u, err);
	}
}

void members_find(struct build *b, struct sut_err *err)
{
	for (size_t i = 0; i < b->n_units; i++)
		if (is_wanted(b, &b->units[i]))
			prove(b, &b->units[i]);
	for (size_t i = 0; i < b->n_units; i++)
		drop_guests(b, &b->units[i]);
	for (size_t k = 0; k < b->n_objects; k++) {
		drop_lookalikes(b, k);
		drop_rivals(b, k);
	}
	for (size_t i = 0; i < b->n_units; i++)
		if (is_member(b, &b->units[i]))
			b->units[i].place = UNIT_MEMBER;
	for (size_t i = 0; i < b->n_units; i++)
		for (size_t j = 0; j < b->n_units; j++)
			if (b->units[i].place == UNIT_UNKNOWN && b->units[j].place == UNIT_MEMBER &&
			    same_source(&b->units[i], &b->units[j]))
				b->units[i].place = UNIT_VARIANT;
	for (size_t i = 0; i < b->n_units; i++)
		if (b->units[i].place == UNIT_UNKNOWN && is_wanted(b, &b->units[i]))
			place_stray(b, i, err);
	for (size_t i = 0; i < b->n_units; i++)
		for (size_t k = 0; k < b->n_objects; k++) {
			const struct build_unit *u = &b->units[i];

			if (!u->member || !u->member[k])
				continue;
			b->n_proved += u->proofs[k]->n_found;
			b->n_functions += u->proofs[k]->n_funcs;
			log_info("%s: %zu of %zu functions proved in %s", u->source,
				 u->proofs[k]->n_found, u->proofs[k]->n_funcs, b->objects[k]->name);
		}
}
