// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Proving a unit against the object that runs.
 *
 * Every function of the unit, compiled from the original source, is looked for in the object's code
 * (match.c). Big functions match in one place. Small ones (`xor %eax,%eax; ret`) match in many, and
 * a small function may even match somewhere by accident. So places are *decided* in this order:
 *
 *	1. functions of some size with one place: accepted, biggest first;
 *	2. what accepted functions refer to is now known (struct sym_fact), and a candidate that
 *	   contradicts a known address, or whose strings read otherwise, is dropped; with one candidate
 *	   left it is accepted, and this repeats until nothing moves;
 *	3. functions of one unit lie in the order of their definition: candidates outside the gap between
 *	   two accepted neighbours are dropped, and k equal functions with k places in a gap take them in
 *	   order;
 *	4. the object's own symbol table, where it has one, may decide what is left, and for exported
 *	   functions the dynamic one, which every library has.
 *
 * What remains is ambiguous, which matters only if its address is needed; then it is a refusal. What is
 * learned from a place, and what contradicts it, is in fact.c.
 */
#include "build/anon.h"
#include "build/fact.h"
#include "elf/dynamic.h"

#include <stdlib.h>
#include <string.h>

static bool only_pads(const struct prove_object *po, uint64_t from, uint64_t to, unsigned int isa)
{
	while (from < to) {
		uint64_t left;
		const uint8_t *p = prove_code_at(po, from, &left);
		size_t n = p ? po->target->pad_len(p, MIN(left, to - from), isa) : 0;

		if (!n)
			return false;
		from += n;
	}
	return true;
}

static void add_candidate(struct prove_func *pf, const struct prove_object *po,
			  struct target_dis *dis, uint64_t addr, uint64_t end)
{
	uint64_t left;
	const uint8_t *p = prove_code_at(po, addr, &left);
	struct match m;

	if (!p)
		return;
	if (end > addr)
		left = MIN(left, end - addr);
	if (!match_at(&pf->mf, dis, p, left, addr, &m))
		return;
	/* The unwind record knows where the function ends: a mere prefix is no match. */
	if (end > addr && !only_pads(po, addr + m.size, end, pf->mf.isa)) {
		match_free(&m);
		return;
	}
	*VEC_PUSH(pf->cands, pf->n_cands, pf->cap_cands) = m;
}

/* Does the compiler write unwind records for this unit? Then they are in the program, too. */
static bool has_records(const struct elf_obj *orig)
{
	const struct elf_sec *eh = elf_obj_sec(orig, ".eh_frame");

	return eh && eh->n_rels;
}

/* Functions of the object that have one of the names of @pf, and no others. */
static void find_named(const struct prove_unit *pu, struct prove_func *pf, struct target_dis *dis)
{
	const struct prove_object *po = pu->po;
	const struct elf_sym *syms = po->o->syms;

	for (uint32_t s = pf->sym; s < pu->orig->n_syms; s++) {
		const char *name = pu->orig->syms[s].name;
		size_t lo = 0, hi = po->n_by_name;

		if (pu->func_of_sym[s] != (uint32_t)(pf - pu->funcs) + 1)
			continue;
		while (lo < hi) {
			size_t mid = (lo + hi) / 2;

			if (strcmp(syms[po->by_name[mid]].name, name) < 0)
				lo = mid + 1;
			else
				hi = mid;
		}
		for (; lo < po->n_by_name && !strcmp(syms[po->by_name[lo]].name, name); lo++) {
			const struct elf_sym *y = &syms[po->by_name[lo]];
			bool known = false;

			for (size_t i = 0; i < pf->n_cands; i++)
				known |= pf->cands[i].addr == y->value;
			/*
			 * A size is the distance to the next symbol there, and functions without a name lie
			 * between (a weak one that another took the place of), so what follows need not be
			 * padding. That is no mere prefix: all branches of what matched stay in it.
			 */
			if (!known)
				add_candidate(pf, po, dis, y->value, 0);
		}
	}
}

static void find_candidates(struct prove_func *pf, const struct prove_object *po,
			    struct target_dis *dis)
{
	for (size_t i = 0; i < po->n_starts; i++) {
		if (i && po->starts[i] == po->starts[i - 1])
			continue;
		add_candidate(pf, po, dis, po->starts[i], po->ends[i]);
		/* On some architectures a record begins behind the nops of a patchable entry. */
		if (pf->mf.lead)
			add_candidate(pf, po, dis, po->starts[i] - pf->mf.lead, po->ends[i]);
	}
	if (po->n_starts && has_records(pf->mf.o))
		return;
	/* Units compiled without unwind tables lie between those that have them: libc's start code has.
	 * Only those are looked for there: linkage stubs and start code look like small functions. */
	for (size_t i = 0; i < po->n_exec; i++) {
		uint64_t a = po->exec[i].lo;

		for (size_t k = 0; a < po->exec[i].hi;) {
			while (k < po->n_starts && po->ends[k] <= a)
				k++;
			if (k < po->n_starts && po->starts[k] <= a) {
				a = po->ends[k];
				continue;
			}
			add_candidate(pf, po, dis, a, 0);
			a += po->target->insn_min;
		}
	}
}

static void accept(struct prove_unit *pu, struct prove_func *pf, size_t i)
{
	pf->state = PROVE_FOUND;
	pf->chosen = i;
	candidate_agrees(pu, pf, i, true);
	/* Aliases of one function share its address. */
	for (uint32_t s = 1; s < pu->orig->n_syms; s++)
		if (pu->func_of_sym[s] == (uint32_t)(pf - pu->funcs) + 1) {
			pu->facts[s].has_addr = true;
			pu->facts[s].addr = pf->cands[i].addr | pf->mf.isa;
		}
	pu->n_found++;
}

static void drop(struct prove_func *pf, size_t i)
{
	match_free(&pf->cands[i]);
	memmove(&pf->cands[i], &pf->cands[i + 1], (pf->n_cands - i - 1) * sizeof(*pf->cands));
	pf->n_cands--;
}

/* One round of step 1 or 2. True where something was accepted. */
static bool decide_unique(struct prove_unit *pu, uint32_t *order, bool strong_only)
{
	bool moved = false;

	for (size_t k = 0; k < pu->n_funcs; k++) {
		struct prove_func *pf = &pu->funcs[order[k]];

		if (pf->state == PROVE_FOUND || !pf->n_cands)
			continue;
		if (strong_only && (pf->mf.size < PROVE_STRONG_SIZE || pf->n_cands > 1))
			continue;
		for (size_t i = pf->n_cands; i-- > 0;)
			if (!candidate_agrees(pu, pf, i, false))
				drop(pf, i);
		if (pf->n_cands == 1) {
			accept(pu, pf, 0);
			moved = true;
		}
	}
	return moved;
}

/* Which part of the layout a function goes to: linkers gather cold, startup and hot code. */
static int layout_group(const char *sec)
{
	static const char *const prefixes[] = {".text.unlikely", ".text.exit", ".text.startup",
					       ".text.hot"};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (str_starts(sec, prefixes[i]))
			return (int)i + 1;
	return 0;
}

static const struct match *found(const struct prove_func *pf)
{
	return pf->state == PROVE_FOUND ? &pf->cands[pf->chosen] : NULL;
}

/* Candidates of @pf inside the gap [lo, hi), in order of address, into @ret. */
static size_t in_gap(const struct prove_object *po, const struct prove_func *pf, uint64_t lo,
		     uint64_t hi, size_t *ret, size_t max)
{
	uint64_t end = lo;
	size_t n = 0;

	for (size_t i = 0; i < pf->n_cands && n < max; i++) {
		const struct match *m = &pf->cands[i];

		if (m->addr < lo || (hi && m->addr + m->size > hi))
			continue;
		/* Without a neighbour behind it must follow the one before at once, or its equal. */
		if (!hi && !only_pads(po, end, m->addr, pf->mf.isa))
			continue;
		end = m->addr + m->size;
		ret[n++] = i;
	}
	return n;
}

static bool decide_by_order(struct prove_unit *pu)
{
	bool moved = false;

	for (size_t k = 0; k < pu->n_funcs; k++) {
		struct prove_func *pf = &pu->funcs[k];
		int group = layout_group(pf->mf.sec ? pf->mf.sec->name : "");
		const struct match *lo = NULL, *hi = NULL;
		size_t rank = 0, alike = 1, mine[16], n, other[16], lo_k = 0;

		if (pf->state == PROVE_FOUND || !pf->n_cands)
			continue;
		for (size_t j = k; j-- > 0 && !lo;)
			if (layout_group(pu->funcs[j].mf.sec->name) == group) {
				lo = found(&pu->funcs[j]);
				lo_k = j;
			}
		for (size_t j = k + 1; j < pu->n_funcs && !hi; j++)
			if (layout_group(pu->funcs[j].mf.sec->name) == group)
				hi = found(&pu->funcs[j]);
		if (!lo || (hi && hi->addr < lo->addr))
			continue;
		n = in_gap(pu->po, pf, lo->addr + lo->size, hi ? hi->addr : 0, mine, ARRAY_SIZE(mine));
		/* Equal functions in the same gap share its places, first come first. */
		for (size_t j = lo_k + 1; j < pu->n_funcs; j++) {
			struct prove_func *o = &pu->funcs[j];

			if (layout_group(o->mf.sec->name) != group || j == k)
				continue;
			if (found(o))
				break;
			if (in_gap(pu->po, o, lo->addr + lo->size, hi ? hi->addr : 0, other,
				   ARRAY_SIZE(other)) != n ||
			    !n || o->cands[other[0]].addr != pf->cands[mine[0]].addr)
				continue;
			alike++;
			rank += j < k;
		}
		if (n == alike && candidate_agrees(pu, pf, mine[rank], false)) {
			accept(pu, pf, mine[rank]);
			moved = true;
		}
	}
	return moved;
}

/* Does a symbol table of the object say that function @name lies at @addr? */
static bool named_at(const struct prove_object *po, const char *name, bool global, uint64_t addr)
{
	for (size_t s = 1; s < po->o->n_syms; s++)
		if (po->o->syms[s].value == addr && po->o->syms[s].type == STT_FUNC &&
		    !strcmp(po->o->syms[s].name, name))
			return true;
	for (size_t s = 1; s < po->dyn->n_syms && global; s++)
		if ((po->dyn->syms[s].value & ~po->target->isa_mask) == addr && po->dyn->syms[s].shndx != SHN_UNDEF &&
		    po->dyn->syms[s].type == STT_FUNC && !strcmp(po->dyn->syms[s].name, name))
			return true;
	return false;
}

static bool decide_by_name(struct prove_unit *pu)
{
	bool moved = false;

	for (size_t k = 0; k < pu->n_funcs; k++) {
		struct prove_func *pf = &pu->funcs[k];
		const struct elf_sym *y = &pu->orig->syms[pf->sym];
		size_t hit = 0, n = 0;

		if (pf->state == PROVE_FOUND || pf->n_cands < 2)
			continue;
		for (size_t i = 0; i < pf->n_cands; i++)
			if (named_at(pu->po, y->name, y->bind != STB_LOCAL, pf->cands[i].addr)) {
				hit = i;
				n++;
			}
		if (n == 1 && candidate_agrees(pu, pf, hit, false)) {
			accept(pu, pf, hit);
			moved = true;
		}
	}
	return moved;
}

static int cmp_place(const void *a, const void *b, void *obj)
{
	const struct elf_obj *o = obj;
	const struct elf_sym *x = &o->syms[*(const uint32_t *)a], *y = &o->syms[*(const uint32_t *)b];

	if (x->shndx != y->shndx)
		return x->shndx < y->shndx ? -1 : 1;
	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return x->idx < y->idx ? -1 : 1;
}

static int cmp_bigger(const void *a, const void *b, void *unit)
{
	const struct prove_unit *pu = unit;
	uint32_t x = pu->funcs[*(const uint32_t *)a].mf.size;
	uint32_t y = pu->funcs[*(const uint32_t *)b].mf.size;

	return x > y ? -1 : x < y;
}

static void collect_funcs(struct prove_unit *pu, struct target_dis *dis)
{
	const struct elf_obj *o = pu->orig;
	uint32_t *idx = xcalloc(o->n_syms, sizeof(*idx));
	size_t n = 0;

	for (uint32_t s = 1; s < o->n_syms; s++)
		if (defined_func(o, s) && o->syms[s].size &&
		    (o->syms[s].type == STT_FUNC || o->syms[s].type == STT_GNU_IFUNC))
			idx[n++] = s;
	qsort_r(idx, n, sizeof(*idx), cmp_place, (void *)o);
	for (size_t i = 0; i < n; i++) {
		const struct elf_sym *s = &o->syms[idx[i]];
		struct prove_func *pf = pu->n_funcs ? &pu->funcs[pu->n_funcs - 1] : NULL;

		if (!pf || o->syms[pf->sym].shndx != s->shndx || o->syms[pf->sym].value != s->value) {
			pf = VEC_PUSH(pu->funcs, pu->n_funcs, pu->cap_funcs);
			pf->sym = idx[i];
			pf->is_code = match_func_init(&pf->mf, o, &o->secs[s->shndx],
						      (uint32_t)s->value, (uint32_t)s->size, dis);
			pf->mf.sec = &o->secs[s->shndx];
		}
		pu->func_of_sym[idx[i]] = (uint32_t)pu->n_funcs;
	}
	free(idx);
}

static const uint8_t *code_at(const void *po, uint64_t addr, uint64_t *ret_left)
{
	return prove_code_at(po, addr, ret_left);
}

struct prove_unit *prove_unit_run(const struct prove_object *po, const struct elf_obj *orig,
				  struct ref **refs)
{
	struct prove_unit *pu = xcalloc(1, sizeof(*pu));
	struct target_dis *dis = target_dis_open(po->target);
	uint32_t *order;

	pu->po = po;
	pu->orig = orig;
	pu->refs = refs;
	pu->func_of_sym = xcalloc(orig->n_syms + 1, sizeof(*pu->func_of_sym));
	pu->facts = xcalloc(orig->n_syms + 1, sizeof(*pu->facts));
	pu->sec_base = xcalloc(orig->n_secs + 1, sizeof(*pu->sec_base));
	pu->has_base = xcalloc(orig->n_secs + 1, sizeof(*pu->has_base));
	dis->gp = po->gp;
	/* In a kernel a task may stand in such a piece, too, and there only the function itself is looked for. */
	if (!po->by_name) {
		dis->code = code_at;
		dis->code_ctx = po;
	}
	anon_index(pu);
	collect_funcs(pu, dis);
	for (size_t i = 0; i < pu->n_funcs; i++)
		if (pu->funcs[i].is_code && po->by_name)
			find_named(pu, &pu->funcs[i], dis);
		else if (pu->funcs[i].is_code)
			find_candidates(&pu->funcs[i], po, dis);
	order = xcalloc(pu->n_funcs, sizeof(*order));
	for (uint32_t i = 0; i < pu->n_funcs; i++)
		order[i] = i;
	qsort_r(order, pu->n_funcs, sizeof(*order), cmp_bigger, pu);
	decide_unique(pu, order, true);
	do {
		while (decide_unique(pu, order, false))
			;
	} while (learn_from_data(pu) || decide_by_name(pu) || decide_by_order(pu));
	for (size_t i = 0; i < pu->n_funcs; i++) {
		struct prove_func *pf = &pu->funcs[i];

		if (pf->state != PROVE_FOUND)
			pf->state = pf->n_cands ? PROVE_AMBIGUOUS : PROVE_MISSING;
	}
	free(order);
	target_dis_close(dis);
	return pu;
}

void prove_unit_free(struct prove_unit *pu)
{
	if (!pu)
		return;
	for (size_t i = 0; i < pu->n_funcs; i++) {
		struct prove_func *pf = &pu->funcs[i];

		for (size_t k = 0; k < pf->n_cands; k++)
			match_free(&pf->cands[k]);
		free(pf->cands);
		match_func_free(&pf->mf);
	}
	for (size_t i = 0; i < pu->orig->n_syms; i++)
		free(pu->facts[i].witness);
	free(pu->facts);
	free(pu->sec_base);
	free(pu->has_base);
	free(pu->funcs);
	free(pu->func_of_sym);
	free(pu->anons);
	anon_free(pu);
	free(pu);
}

const struct match *prove_match(const struct prove_unit *pu, uint32_t sym)
{
	uint32_t k = pu->func_of_sym[sym];

	return k ? found(&pu->funcs[k - 1]) : NULL;
}
