// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where thread-local variables are, as far as matched code tells.
 *
 * A linker moves a section as a whole, so one offset in a section tells all others: behind a section
 * anchor the variables of a unit are reached by plain offsets, without relocations.
 */
#include "build/fact.h"
#include "elf/dynamic.h"

static bool agrees(struct sym_fact *f, uint64_t off, bool store)
{
	if (f->has_tls)
		return (uint64_t)f->tls == off;
	f->has_tls = store;
	if (store)
		f->tls = (int64_t)off;
	return true;
}

bool tls_offset_agrees(struct prove_unit *pu, uint32_t sym, uint64_t off, bool store)
{
	const struct elf_sym *v = pu->orig->syms, *y = &v[sym];
	uint64_t base = off - y->value;

	if (!agrees(&pu->facts[sym], off, store))
		return false;
	if (!y->shndx || y->shndx >= pu->orig->n_secs)
		return true;
	if (pu->has_base[y->shndx])
		return pu->sec_base[y->shndx] == base;
	if (!store)
		return true;
	pu->has_base[y->shndx] = true;
	pu->sec_base[y->shndx] = base;
	for (uint32_t s = 1; s < pu->orig->n_syms; s++)
		if (v[s].shndx == y->shndx && v[s].type == STT_TLS)
			agrees(&pu->facts[s], base + v[s].value, true);
	return true;
}

/* A library's slot for one of its own variables: its relocation tells the offset in the block. */
bool tls_slot_agrees(struct prove_unit *pu, uint32_t sym, uint64_t slot, bool store)
{
	const struct dyn_rel *d = pu->po->is_exec ? NULL : object_dyn_rel_at(pu->po->dyn, slot);

	return !d || d->sym || tls_offset_agrees(pu, sym, (uint64_t)d->addend, store);
}
