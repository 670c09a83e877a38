// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/refuse.h"
#include "build/moved.h"
#include "kernel/inlined.h"

#include <stdlib.h>

int kunits_none(const struct kbuild *kb, struct sut_err *err)
{
	size_t before = err->n;

	for (size_t i = 0; i < kb->not_compiled.n; i++) {
		const char *f = kb->not_compiled.v[i];

		if (str_ends(f, ".c") || str_ends(f, ".h") || str_ends(f, ".S"))
			sut_fail(err, SUT_K_UNIT, f, "%s is not made of it", kb->release);
	}
	return err->n > before ? -1 : 0;
}

bool is_discarded(const char *sec, bool in_module)
{
	if (str_starts(sec, ".init.text") || str_starts(sec, ".head.text") || str_starts(sec, ".meminit.text") ||
	    str_starts(sec, ".cpuinit.text"))
		return true;
	return !in_module && str_starts(sec, ".exit.text");
}

/* arm64 since 6.4 has two words of the tracer before the function: what is called stands there. */
enum { SITE_BEFORE = 8 };

bool has_site(const struct elf_obj *o, const struct elf_sym *sym)
{
	static const char *const names[] = {"__mcount_loc", "__patchable_function_entries"};

	for (size_t i = 1; i < o->n_secs; i++) {
		const struct elf_sec *s = &o->secs[i];

		if (strcmp(s->name, names[0]) && strcmp(s->name, names[1]))
			continue;
		for (size_t k = 0; k < s->n_rels; k++) {
			const struct elf_sym *t = &o->syms[s->rels[k].sym];
			uint64_t at = t->value + (uint64_t)s->rels[k].addend;

			if (t->shndx != sym->shndx || at >= sym->value + sym->size)
				continue;
			if (at >= sym->value || (at + SITE_BEFORE == sym->value && !sym_covering(o, sym->shndx, at)))
				return true;
		}
	}
	return false;
}

static void refuse(const struct kbuild_unit *u, const struct diff_func *f, enum sut_code code, const char *why,
		   struct sut_err *err)
{
	sut_fail(err, code, f->name, "%s", why);
	sut_fail_where(err, f->file ? f->file : u->source, f->file ? f->line : 0);
	for (size_t i = 0; i < f->why_chain.n; i++)
		sut_fail_chain(err, "%s", f->why_chain.v[i]);
}

static void check_proof(const struct kbuild *kb, const struct kbuild_unit *u, const struct diff_func *f,
			struct sut_err *err)
{
	const struct prove_object *po = kb->objects[u->object].po;
	uint32_t sym = u->to_proof ? u->to_proof[f->orig] : f->orig, k = u->pu->func_of_sym[sym];
	const struct prove_func *pf = k ? &u->pu->funcs[k - 1] : NULL;
	char *why, *cc;

	if (pf && pf->state == PROVE_FOUND)
		return;
	cc = prove_object_compiler(po);
	why = pf && pf->state == PROVE_AMBIGUOUS ?
		      xasprintf("%zu functions of '%s' have its name and code, and nothing tells which it is",
				pf->n_cands, po->name) :
		      xasprintf("no function of that name in '%s' is what the original source compiles to "
				"(%zu of %zu functions of this unit are)", po->name, u->pu->n_found, u->pu->n_funcs);
	refuse(u, f, pf && pf->state == PROVE_AMBIGUOUS ? SUT_B_AMBIGUOUS : SUT_B_MISMATCH, why, err);
	if (cc && (!pf || pf->state != PROVE_AMBIGUOUS))
		sut_fail_remedy(err, "the kernel was built with %s: build the patch with the same compiler (--cc), "
				"configuration and source", cc);
	free(why);
	free(cc);
}

static bool has_global(void *ctx, const char *name)
{
	return kimage_global(ctx, name) != NULL;
}

static void check_moved(const struct kbuild *kb, struct sut_err *err)
{
	struct moved_unit *v = xcalloc(kb->n_units + 1, sizeof(*v));

	for (size_t k = 0; k < kb->n_objects; k++) {
		size_t n = 0;

		for (size_t i = 0; i < kb->n_units; i++)
			if (kb->units[i].object == k && kb->units[i].diff)
				v[n++] = (struct moved_unit){kb->units[i].diff, kb->units[i].source};
		moved_check(v, n, has_global, (void *)kb->objects[k].image, err);
	}
	free(v);
}

int kbuild_refuse(const struct kbuild *kb, struct sut_err *err)
{
	size_t before = err->n;

	check_moved(kb, err);
	for (size_t i = 0; i < kb->n_units; i++) {
		const struct kbuild_unit *u = &kb->units[i];

		inlined_check(kb, u, err);
		for (size_t k = 0; u->diff && u->pu && k < u->diff->n_funcs; k++) {
			const struct diff_func *f = &u->diff->funcs[k];
			const struct elf_sym *s = f->orig ? &u->orig->syms[f->orig] : NULL;

			if (f->status != DIFF_CHANGED || !s)
				continue;
			if (is_discarded(u->orig->secs[s->shndx].name, u->object != 0)) {
				refuse(u, f, SUT_K_INIT, "it is marked __init or __exit, and its memory was "
				       "given back", err);
				continue;
			}
			check_proof(kb, u, f, err);
			if (!has_site(u->orig, s))
				refuse(u, f, SUT_K_NOTRACE, "it has no place for the function tracer", err);
		}
	}
	return err->n > before ? -1 : 0;
}
