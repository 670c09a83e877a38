/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a unit's symbols while it is proved: what prove.c, fact.c and tlsfact.c share. */
#ifndef SUTURE_BUILD_FACT_H
#define SUTURE_BUILD_FACT_H

#include "build/prove.h"

/*
 * Does candidate @i of @pf contradict nothing that is known? With @store what its references tell becomes
 * known, too.
 */
bool candidate_agrees(struct prove_unit *pu, struct prove_func *pf, size_t i, bool store);

/*
 * Pointers in data whose place is known tell where they point: tables of commands and callbacks are
 * the only witnesses of many small static functions. True where something was learned.
 */
bool learn_from_data(struct prove_unit *pu);

/*
 * tlsfact.c: may thread-local variable @sym be at this offset (struct sym_fact, tls), or be what this slot
 * is for? With @store it becomes known then, and with it all others of its section.
 */
bool tls_offset_agrees(struct prove_unit *pu, uint32_t sym, uint64_t off, bool store);
bool tls_slot_agrees(struct prove_unit *pu, uint32_t sym, uint64_t slot, bool store);

/* Is @sym code of this unit, not of another or of a library? */
static inline bool defined_func(const struct elf_obj *o, uint32_t sym)
{
	const struct elf_sym *s = &o->syms[sym];

	return s->shndx != SHN_UNDEF && s->shndx < o->n_secs &&
	       o->secs[s->shndx].flags & SHF_EXECINSTR;
}

#endif
