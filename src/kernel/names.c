// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The comparison of code masks what a linker fills in, so a call of kfree() looks like a call of kvfree(): with
 * another version of the source whole functions match that do something else. In a stripped program the match
 * is all there is; a kernel has names. Where the image knows the name of what the source refers to, its address
 * must be the one that the code has.
 */
#include "kernel/names.h"
#include "base/log.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Is what is called at @addr the function at @func, by its entry for callers of the same object? */
static bool is_local_entry(const struct prove_object *po, uint64_t func, uint64_t addr)
{
	uint64_t left;
	const uint8_t *p = po->target->local_entry ? prove_code_at(po, func, &left) : NULL;
	size_t len;

	return p && addr - func == po->target->entry_shape(p, left, &len);
}

/* A linker's detour, which has a name that begins with a number: "0000006d.plt_branch.NAME". */
static bool is_detour(const struct ksym *at)
{
	return at && isxdigit((unsigned char)*at->name) && strstr(at->name, "_branch.");
}

/* Is @sym at an address where the image has other names only, although it has that name somewhere? */
static bool contradicts(const struct kimage *k, const struct prove_unit *pu, uint32_t sym)
{
	const struct sym_fact *f = &pu->facts[sym];
	const struct elf_sym *y = &pu->orig->syms[sym];
	const struct ksym *s, *at;
	uint64_t addr = f->has_addr ? f->addr : f->plt;

	if (!(f->has_addr || f->has_plt) || !*y->name || y->type == STT_SECTION)
		return false;
	/* Calls may go through a detour, which only a linker makes, or to the entry behind the one that has the name. */
	if (!f->has_addr && (pu->po->target->follow || (!k->n_secs && is_detour(kimage_at(k, addr)))))
		return false;
	for (size_t i = 0; (s = kimage_nth(k, y->name, i)); i++) {
		/* Of an address of data each bit counts. */
		uint64_t isa = strchr("tTwW", s->type) ? pu->po->target->isa_mask : 0;

		if (s->addr == (addr & ~isa) || (!f->has_addr && is_local_entry(pu->po, s->addr, addr)))
			return false;
	}
	if (!kimage_nth(k, y->name, 0))
		return false;
	at = kimage_at(k, addr);
	log_debug("the source refers to %s where the kernel has %s+%llu", y->name, at ? at->name : "something else",
		  at ? (unsigned long long)(addr - at->addr) : 0ULL);
	return true;
}

size_t names_check(const struct kimage *k, struct prove_unit *pu)
{
	bool *bad = xcalloc(pu->orig->n_syms + 1, sizeof(*bad));
	size_t n = 0;

	for (uint32_t s = 1; s < pu->orig->n_syms; s++)
		bad[s] = contradicts(k, pu, s);
	for (size_t i = 0; i < pu->n_funcs; i++) {
		struct prove_func *pf = &pu->funcs[i];
		const struct match *m = pf->state == PROVE_FOUND ? &pf->cands[pf->chosen] : NULL;
		bool wrong = false;

		for (size_t r = 0; m && r < m->n_refs; r++) {
			const struct ref *ref = &pu->refs[pf->mf.sec->idx][m->refs[r].rel];

			wrong |= ref->kind == REF_SYM && bad[ref->sym];
		}
		if (!wrong)
			continue;
		pf->state = PROVE_MISSING;
		pu->n_found--;
		n++;
	}
	free(bad);
	return n;
}
