// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * References that the module loader cannot resolve, as the kernel's livepatch loader wants them.
 *
 * Documentation/livepatch/module-elf-format.rst: such a reference is a relocation in a section named
 * ".klp.rela.OBJECT.SECTION" with the flag SHF_RELA_LIVEPATCH, against a symbol named
 * ".klp.sym.OBJECT.NAME,POSITION" in section SHN_LIVEPATCH. Those of vmlinux are applied when the module is
 * loaded, before its special sections are read; those of a module when that one is there.
 *
 * Linkers know neither, so until the last link they are symbols of a section of ours. This turns them around
 * afterwards, in a copy of the module that kbuild made, and sees to it that none was lost on the way.
 */
#include "kernel/module.h"

#include <stdlib.h>
#include <string.h>

#ifndef SHN_LIVEPATCH
#define SHN_LIVEPATCH 0xff20
#endif
#ifndef SHF_RELA_LIVEPATCH
#define SHF_RELA_LIVEPATCH 0x00100000
#endif

/* The extern that a symbol of the module stands for, or NULL. */
static const struct module_extern *extern_of(const struct module_parts *m, const struct elf_out_sym *y)
{
	char *end;
	unsigned long i;

	if (y->shndx == SHN_UNDEF || !str_starts(y->name, MODULE_EXTERN_PREFIX))
		return NULL;
	i = strtoul(y->name + strlen(MODULE_EXTERN_PREFIX), &end, 10);
	return !*end && i < m->n_externs ? &m->externs[i] : NULL;
}

/* Without a name the distance from _text says where it is. */
static void name_extern(struct elf_out_sym *y, const struct module_extern *x, int64_t *ret_add)
{
	const struct kbuild_sym *p = &x->place;

	free(y->name);
	*ret_add = p->named ? 0 : (int64_t)p->offset;
	y->name = p->named ? xasprintf(".klp.sym.%s.%s,%u", p->object, p->name, p->sympos)
			   : xasprintf(".klp.sym.vmlinux._text,0");
	y->shndx = SHN_LIVEPATCH;
	y->bind = STB_GLOBAL;
	y->value = 0;
}

/* References to externs in what kbuild was given: what it left must have as many. */
static size_t references(const struct module_parts *m)
{
	bool *is_extern = xcalloc(m->out.n_syms + 1, sizeof(*is_extern));
	size_t n = 0;

	for (size_t i = 0; i < m->n_externs; i++)
		is_extern[m->externs[i].sym] = true;
	for (size_t i = 0; i < m->out.n_rels; i++)
		for (size_t k = 0; k < m->out.rels[i].n; k++)
			n += is_extern[m->out.rels[i].v[k].sym];
	free(is_extern);
	return n;
}

int klp_finish(struct elf_out *ko, const struct kbuild *kb, const struct module_parts *m, struct sut_err *err)
{
	const struct module_extern **x = xcalloc(ko->n_syms, sizeof(*x));
	int64_t *add = xcalloc(ko->n_syms, sizeof(*add));
	size_t n_lists = ko->n_rels, found = 0, want = references(m);

	for (size_t i = 1; i < ko->n_syms; i++) {
		x[i] = extern_of(m, &ko->syms[i]);
		if (x[i])
			name_extern(&ko->syms[i], x[i], &add[i]);
	}
	for (size_t i = 0; i < n_lists; i++) {
		struct elf_out_rels old = ko->rels[i];
		size_t kept = 0;

		if (ko->secs[old.sec].type == SHT_NULL)
			continue;
		for (size_t k = 0; k < old.n; k++) {
			struct elf_out_rel r = old.v[k];
			struct elf_out_rels *to;
			char *name;

			if (!x[r.sym]) {
				old.v[kept++] = r;
				continue;
			}
			name = xasprintf(".klp.rela.%s.%s", kb->objects[x[r.sym]->owner].name, ko->secs[old.sec].name);
			to = elf_out_rels(ko, old.sec, name, SHF_ALLOC | SHF_RELA_LIVEPATCH);
			free(name);
			r.addend += add[r.sym];
			found++;
			*VEC_PUSH(to->v, to->n, to->cap) = r;
		}
		ko->rels[i].n = kept;
	}
	free(x);
	free(add);
	if (found == want)
		return 0;
	return sut_fail(err, SUT_K_MAKE, kb->headers, "of %zu references to what is not exported %zu are left: a tool of the "
			"headers rewrites them", want, found);
}
