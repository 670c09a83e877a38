// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the references of matched code tell of where everything is, and what contradicts it.
 *
 * A call to a global function of a shared library goes through its linkage stub, so a branch tells
 * where *calls* go (plt) and only with a definition in this unit at that place also the address.
 */
#include "build/anon.h"
#include "build/fact.h"
#include "elf/dynamic.h"

#include <string.h>

static const struct ref *ref_of(const struct prove_unit *pu, const struct prove_func *pf,
				const struct match_ref *mr)
{
	return &pu->refs[pf->mf.sec->idx][mr->rel];
}

static bool is_branch(const struct ref *r)
{
	return r->insn_kind == INSN_CALL || r->insn_kind == INSN_JUMP || r->insn_kind == INSN_COND;
}

/* A kernel's build fills in the numbers of types when it has been linked. */
static bool is_filled_in(const struct elf_sec *s)
{
	return !strcmp(s->name, ".BTF_ids");
}

/* Bytes of a constant in the unit must stand in the object too. Unknown counts as equal. */
static bool content_agrees(const struct prove_unit *pu, const struct ref *r, uint64_t value)
{
	const struct elf_sec *s = &pu->orig->secs[r->sec];
	uint64_t at = (uint64_t)r->off, n;
	const uint8_t *p, *q;

	if (!r->sec || !s->data || s->flags & (SHF_WRITE | SHF_EXECINSTR) || s->n_rels || is_filled_in(s))
		return true;
	if (r->kind == REF_SYM)
		at += pu->orig->syms[r->sym].value;
	/* Code may refer to what lies behind a string, to end a loop: there something else lies by now. */
	if (r->kind == REF_ANON && s->flags & SHF_STRINGS && r->base >= 0) {
		value -= at - (uint64_t)r->base;
		at = (uint64_t)r->base;
	}
	if (at >= s->size)
		return true;
	p = s->data + at;
	if (s->flags & SHF_STRINGS && s->entsize == 1)
		n = strnlen((const char *)p, s->size - at) + 1;
	else if (s->flags & SHF_MERGE)
		n = s->entsize ? s->entsize - at % s->entsize : 1;	/* what follows it in the object does not here */
	else
		n = pu->orig->syms[r->sym].size - MIN((uint64_t)MAX(r->off, 0), pu->orig->syms[r->sym].size);
	n = MIN(n, s->size - at);
	q = elf_obj_at(pu->po->o, value, n);
	return q && !memcmp(p, q, n);
}

static uint64_t read_word(const struct prove_object *po, uint64_t addr)
{
	size_t w = po->o->elf_class == ELFCLASS64 ? 8 : 4;
	const uint8_t *p = elf_obj_at(po->o, addr, w);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, w);
	return v;
}

/* The address that a GOT slot holds at run time, where it lies in this object. */
static bool got_address(const struct prove_object *po, uint64_t slot, uint64_t *ret)
{
	const struct dyn_rel *d = object_dyn_rel_at(po->dyn, slot);

	if (d && d->sym)
		return false; /* an import, or bound through the symbol */
	if (d && d->type == po->target->rel_irelative)
		return false; /* its addend is the resolver, not what that returns */
	*ret = d && d->addend ? (uint64_t)d->addend : read_word(po, slot);
	return *ret != 0;
}

struct fact_check {
	struct prove_unit *pu;
	const struct prove_func *pf;	/* the references are its code's, */
	const struct match *m;		/* there */
	const char *who;
	bool store;
};

static bool set_u64(const struct fact_check *c, struct sym_fact *f, bool *has, uint64_t *field,
		    uint64_t v)
{
	if (*has)
		return *field == v;
	if (c->store) {
		*has = true;
		*field = v;
		if (!f->witness)
			f->witness = xstrdup(c->who);
	}
	return true;
}

/* Defined here, but what lies at its address is the resolver: it is reached by a stub or a slot. */
static bool is_ifunc(const struct elf_obj *o, uint32_t sym)
{
	return o->syms[sym].type == STT_GNU_IFUNC;
}

/* Does code of the unit that defines @sym match at @addr? */
static bool matches_at(const struct prove_unit *pu, const struct prove_func *pf, uint64_t addr)
{
	if (pf->state == PROVE_FOUND)
		return pf->cands[pf->chosen].addr == addr;
	for (size_t i = 0; i < pf->n_cands; i++)
		if (pf->cands[i].addr == addr)
			return true;
	return false;
}

static bool is_candidate(const struct prove_unit *pu, uint32_t sym, uint64_t addr)
{
	uint32_t k = pu->func_of_sym[sym];
	const struct prove_func *pf = k ? &pu->funcs[k - 1] : NULL;

	if (!pf)
		return true; /* assembly in the unit: nothing to contradict */
	/* Another unit's definition may have taken the place of a weak one. */
	if (pu->orig->syms[sym].bind == STB_WEAK && pf->state != PROVE_FOUND)
		return true;
	return matches_at(pu, pf, addr & ~pu->po->target->isa_mask);
}

/* A weak function that another unit's took the place of. Its entries are not those of the one here. */
static bool is_displaced(const struct prove_unit *pu, uint32_t sym, uint64_t addr)
{
	uint32_t k = pu->func_of_sym[sym];

	return pu->po->target->local_entry && pu->orig->syms[sym].bind == STB_WEAK && k &&
	       !matches_at(pu, &pu->funcs[k - 1], addr);
}

/*
 * A linker moves a section as a whole, so one address in it tells all others: behind a section anchor
 * the variables of a unit are reached by plain offsets, without relocations. Mergeable sections are
 * taken to pieces, and code has places of its own.
 *
 * That holds for a compile without -fdata-sections, which is made where there are anchors. Elsewhere what
 * has no name, the strings of -O0 above all, stands in the common section closer together than where the
 * variables were, too.
 */
static bool base_fact(const struct fact_check *c, uint32_t sec, uint64_t base)
{
	struct prove_unit *pu = c->pu;
	const struct elf_obj *o = pu->orig;

	if (!pu->po->target->proof_flags || !sec || sec >= o->n_secs ||
	    o->secs[sec].flags & (SHF_EXECINSTR | SHF_MERGE | SHF_TLS))
		return true;
	if (pu->has_base[sec])
		return pu->sec_base[sec] == base;
	if (!c->store)
		return true;
	pu->has_base[sec] = true;
	pu->sec_base[sec] = base;
	for (uint32_t s = 1; s < o->n_syms; s++)
		if (o->syms[s].shndx == sec && !pu->facts[s].has_addr &&
		    (o->syms[s].type == STT_OBJECT || o->syms[s].type == STT_NOTYPE))
			set_u64(c, &pu->facts[s], &pu->facts[s].has_addr, &pu->facts[s].addr,
				base + o->syms[s].value);
	return true;
}

static bool anon_fact(const struct fact_check *c, const struct ref *r, uint64_t addr)
{
	struct prove_unit *pu = c->pu;

	for (size_t i = 0; i < pu->n_anons; i++) {
		struct anon_fact *a = &pu->anons[i];

		/* The linker merges equal strings, so a shared tail may have any address: only what is
		 * not mergeable must agree. */
		if (a->sec == r->sec && a->off == r->off)
			return a->addr == addr || pu->orig->secs[r->sec].flags & SHF_MERGE;
	}
	if (c->store)
		*VEC_PUSH(pu->anons, pu->n_anons, pu->cap_anons) =
			(struct anon_fact){r->sec, r->off, addr};
	return true;
}

/* What has no name. Pieces that linkers merge are constants of one size, or strings. */
static bool piece_agrees(const struct fact_check *c, const struct ref *r, uint64_t value)
{
	const struct elf_sec *s = &c->pu->orig->secs[r->sec];

	if (s->flags & SHF_MERGE || is_filled_in(s))
		return content_agrees(c->pu, r, value);
	return anon_agrees(c->pu, c->pf, c->m, r, value);
}

static bool names_symbol(const struct prove_object *po, uint64_t slot)
{
	const struct dyn_rel *d = object_dyn_rel_at(po->dyn, slot);

	return d && d->sym;
}

/* Where a branch to @v ends up behind the detours that a linker puts in. */
static uint64_t destination(const struct prove_object *po, uint64_t v)
{
	for (int i = 0; i < 4 && po->target->follow; i++) {
		uint64_t left = 0, at = v & ~po->target->isa_mask, to;
		const uint8_t *p = prove_code_at(po, at, &left);

		to = p ? po->target->follow(v, p, left) : 0;
		if (!to)
			break;
		v = to;
	}
	return v;
}

/* Is what the branch to @v leads to the linker's code that calls TLS descriptors, where there is such? */
static bool calls_descriptors(const struct prove_object *po, uint64_t v)
{
	uint8_t want[TARGET_MAX_JUMP];
	const uint8_t *p;
	size_t n;

	if (!po->target->encode_tls_call)
		return true;
	n = po->target->encode_tls_call(want);
	p = elf_obj_at(po->o, destination(po, v), n);
	return p && !memcmp(p, want, n);
}

/* Checks one decoded reference against what is known; with c->store it also becomes known. */
static bool ref_agrees(const struct fact_check *c, const struct ref *r, const struct match_ref *mr)
{
	struct prove_unit *pu = c->pu;
	struct sym_fact *f = r->kind == REF_SYM ? &pu->facts[r->sym] : NULL;
	uint64_t v = mr->value, base = v - (uint64_t)r->off, a;

	switch ((enum rel_kind)mr->kind) {
	case REL_PC:
	case REL_PLT:
	case REL_ABS:
		if (r->kind == REF_ANON)
			return piece_agrees(c, r, v) && anon_fact(c, r, base) &&
			       base_fact(c, r->sec, base);
		if (!f)
			return true;
		if (is_branch(r)) {
			base = destination(pu->po, base);
			if (!set_u64(c, f, &f->has_plt, &f->plt, base))
				return false;
			/* A branch may go to an entry for callers of the same object. */
			if (pu->po->target->local_entry)
				base -= pu->po->target->local_entry(pu->orig->syms[r->sym].other);
			if (!defined_func(pu->orig, r->sym) || is_ifunc(pu->orig, r->sym) ||
			    is_displaced(pu, r->sym, base))
				return true;
			/* A local function is reached directly; a global one perhaps by a stub. */
			if (pu->orig->syms[r->sym].bind == STB_LOCAL || pu->po->is_exec)
				return is_candidate(pu, r->sym, base) &&
				       set_u64(c, f, &f->has_addr, &f->addr, base);
			return !is_candidate(pu, r->sym, base) ||
			       set_u64(c, f, &f->has_addr, &f->addr, base);
		}
		/* The address of an indirect function is that of its stub. */
		if (is_ifunc(pu->orig, r->sym))
			return set_u64(c, f, &f->has_plt, &f->plt, base);
		if (defined_func(pu->orig, r->sym) && !is_candidate(pu, r->sym, base))
			return false;
		return content_agrees(pu, r, v) && set_u64(c, f, &f->has_addr, &f->addr, base) &&
		       base_fact(c, r->sec, base - pu->orig->syms[r->sym].value);
	case REL_GOT:
		if (!f || (!r->off && !set_u64(c, f, &f->has_got, &f->got, v)))
			return !f;
		if (is_ifunc(pu->orig, r->sym) || !got_address(pu->po, v, &a))
			return true;
		a -= (uint64_t)r->off;
		if (defined_func(pu->orig, r->sym) && !is_candidate(pu, r->sym, a))
			return false;
		return set_u64(c, f, &f->has_addr, &f->addr, a) &&
		       base_fact(c, r->sec, a - pu->orig->syms[r->sym].value);
	case REL_TLS_LE:
	case REL_TLS_DTPOFF:
		if (!f || r->info->kind == REL_TLS_LD)
			return true;
		/* Where linkers leave offsets in the block as they are, also in an executable. */
		if (mr->kind == REL_TLS_DTPOFF &&
		    (pu->po->target->dtp_bias || pu->po->target->tls_as_compiled))
			base += pu->po->target->dtp_bias +
				(uint64_t)(pu->po->is_exec ? prove_tls_start(pu->po) : 0);
		return tls_offset_agrees(pu, r->sym, base, c->store);
	case REL_TLS_IE:
		return !f || (set_u64(c, f, &f->has_ie, &f->ie, v) && tls_slot_agrees(pu, r->sym, v, c->store));
	case REL_TLS_GD:
		return !f || set_u64(c, f, &f->has_gd, &f->gd, v);
	case REL_TLS_DESC:
		return !f || (set_u64(c, f, &f->has_desc, &f->desc, v) && tls_slot_agrees(pu, r->sym, v, c->store));
	case REL_TLS_DESC_CALL:
		return calls_descriptors(pu->po, v);
	case REL_TLS_LD:
		/* Of a variable of the unit's own, not of one that another module may have. */
		if (names_symbol(pu->po, v))
			return true;
		if (pu->has_ld)
			return pu->ld == v;
		if (c->store) {
			pu->has_ld = true;
			pu->ld = v;
		}
		return true;
	default:
		return true;
	}
}

/*
 * A label of the function's own, as where its jump table stands: how far from the entry that is depends on
 * the padding between. True with @ret_good set where this is one.
 */
static bool own_label(const struct prove_unit *pu, const struct prove_func *pf, const struct match *m,
		      const struct ref *r, const struct match_ref *mr, bool *ret_good)
{
	const struct elf_sym *y = r->kind == REF_SYM ? &pu->orig->syms[r->sym] : NULL;
	uint64_t off = (uint64_t)r->off + (y ? y->value : 0), isa = pu->po->target->isa_mask;

	if ((r->kind != REF_SYM && r->kind != REF_ANON) || is_branch(r) ||
	    (y ? y->shndx : r->sec) != pf->mf.sec->idx || off <= pf->mf.off || off >= pf->mf.off + pf->mf.size ||
	    (mr->kind != REL_PC && mr->kind != REL_ABS))
		return false;
	*ret_good = match_place(&pf->mf, m, off & ~isa) == (mr->value & ~isa);
	return true;
}

bool candidate_agrees(struct prove_unit *pu, struct prove_func *pf, size_t i, bool store)
{
	const struct match *m = &pf->cands[i];
	struct fact_check c = {pu, pf, m, pu->orig->syms[pf->sym].name, store};
	struct sym_fact *own = &pu->facts[pf->sym];

	if (!set_u64(&c, own, &own->has_addr, &own->addr, m->addr | pf->mf.isa))
		return false;
	for (size_t k = 0; k < m->n_refs; k++) {
		const struct ref *r = ref_of(pu, pf, &m->refs[k]);
		bool good;

		if (!own_label(pu, pf, m, r, &m->refs[k], &good))
			good = ref_agrees(&c, r, &m->refs[k]);
		if (!good)
			return false;
	}
	return true;
}

bool learn_from_data(struct prove_unit *pu)
{
	const struct elf_obj *o = pu->orig;
	bool moved = false;

	for (uint32_t s = 1; s < o->n_syms; s++) {
		const struct elf_sym *d = &o->syms[s];
		const struct elf_sec *sec = d->shndx < o->n_secs ? &o->secs[d->shndx] : NULL;
		struct fact_check c = {.pu = pu, .who = d->name, .store = true};

		if (!pu->facts[s].has_addr || !sec || !d->shndx || sec->flags & SHF_EXECINSTR ||
		    sec->flags & SHF_TLS || !pu->refs[sec->idx])
			continue;
		for (size_t k = 0; k < sec->n_rels; k++) {
			const struct ref *r = &pu->refs[sec->idx][k];
			uint64_t at = sec->rels[k].offset, v;
			struct sym_fact *f;

			if (at < d->value || at >= d->value + d->size || r->kind != REF_SYM ||
			    r->info->kind != REL_ABS || pu->facts[r->sym].has_addr)
				continue;
			/* Writable data changes at run time, but the file has its first value. */
			if (!got_address(pu->po, pu->facts[s].addr + (at - d->value), &v))
				continue;
			v -= (uint64_t)r->off;
			if (is_ifunc(o, r->sym) || (defined_func(o, r->sym) && !is_candidate(pu, r->sym, v)))
				continue;
			f = &pu->facts[r->sym];
			moved |= set_u64(&c, f, &f->has_addr, &f->addr, v);
		}
	}
	return moved;
}
