// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Data without a name.
 *
 * Code can be equal and still do something else: where the cases of a switch change places, only the table
 * changes that it branches by. So the data that matched code refers to is compared with what lies there in
 * the object, all of it. Nothing says how long a piece is. It ends at the next place in its section that a
 * symbol or a reference names, less the zeroes at its end, which may be alignment.
 *
 * A table of branch targets cannot be compared as bytes. Its entries are distances, and padding in front of a
 * loop depends on where the function came to lie. So each entry must lead to where its counterpart does:
 *
 *	- with relocations (x86-64, ppc64le, arm64 of clang): distances from the table's start (see ref.c), or
 *	  addresses;
 *	- without (arm64): units of four bytes from a place in the function, in one, two or four bytes, with
 *	  a sign or not, as the code in front of the branch says (target->switch_use).
 *
 * Not compared: entries that lead out of the function (its cold part), and what other relocations fill in.
 */
#include "build/anon.h"
#include "elf/dynamic.h"

#include <stdlib.h>
#include <string.h>

static void mark(struct prove_unit *pu, uint32_t sec, int64_t at)
{
	struct anon_marks *k = &pu->marks[sec];

	if (sec && sec < pu->orig->n_secs && at >= 0)
		*VEC_PUSH(k->v, k->n, k->cap) = (uint64_t)at;
}

void anon_index(struct prove_unit *pu)
{
	const struct elf_obj *o = pu->orig;

	pu->marks = xcalloc(o->n_secs + 1, sizeof(*pu->marks));
	for (size_t s = 1; s < o->n_syms; s++)
		if (o->syms[s].shndx < o->n_secs)
			mark(pu, o->syms[s].shndx, (int64_t)o->syms[s].value);
	for (size_t s = 1; s < o->n_secs; s++)
		for (size_t i = 0; pu->refs[s] && i < o->secs[s].n_rels; i++) {
			const struct ref *r = &pu->refs[s][i];

			if (r->kind != REF_ANON)
				continue;
			mark(pu, r->sec, r->off);
			mark(pu, r->sec, r->base);
		}
	for (size_t s = 1; s < o->n_secs; s++)
		if (pu->marks[s].n)
			qsort(pu->marks[s].v, pu->marks[s].n, sizeof(uint64_t), cmp_u64);
}

void anon_free(struct prove_unit *pu)
{
	for (size_t s = 0; pu->marks && s < pu->orig->n_secs; s++)
		free(pu->marks[s].v);
	free(pu->marks);
}

/* Where the piece ends that begins at @at. */
static uint64_t piece_end(const struct prove_unit *pu, uint32_t sec, uint64_t at)
{
	const struct anon_marks *k = &pu->marks[sec];
	size_t lo = 0, hi = k->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (k->v[mid] <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return MIN(lo < k->n ? k->v[lo] : UINT64_MAX, pu->orig->secs[sec].size);
}

struct table {		/* whose entries have no relocations */
	struct switch_use use;
	uint64_t obj, bin;	/* where distances count from, in the section and in the linked code */
};

/* The table at (@sec, @at) that the function uses, where its entries have no relocations. */
static bool find_table(const struct prove_unit *pu, const struct prove_func *pf, const struct match *m,
		       const struct ref *r, struct table *ret)
{
	const struct target *t = pu->po->target;
	const struct match_func *f = &pf->mf;

	for (size_t i = 0; t->switch_use && i < f->n_insns; i++) {
		struct target_dis dis = {.t = t};
		uint64_t left, place, from;
		struct insn obj, bin;
		const uint8_t *p;
		bool is_this = false;

		if (f->insns[i].kind != INSN_JUMP_IND ||
		    !t->switch_use(f->sec->data + f->off, f->insns[i].addr - f->off, &ret->use))
			continue;
		for (size_t k = f->first_rel; k < f->first_rel + f->n_rels && !is_this; k++) {
			const struct ref *x = &pu->refs[f->sec->idx][k];

			is_this = f->sec->rels[k].offset == f->off + ret->use.address && x->kind == REF_ANON &&
				  x->sec == r->sec && x->off == r->off;
		}
		if (!is_this)
			continue;
		from = f->off + ret->use.from;
		place = match_place(f, m, from);
		p = place ? prove_code_at(pu->po, place, &left) : NULL;
		if (!p || t->decode(&dis, f->sec->data + from, f->size - ret->use.from, from, &obj) ||
		    t->decode(&dis, p, left, place, &bin) || !obj.has_target || !bin.has_target)
			continue;
		ret->obj = obj.target;
		ret->bin = bin.target;
		return true;
	}
	return false;
}

static bool leads(const struct prove_unit *pu, const struct prove_func *pf, const struct match *m, uint64_t obj,
		  uint64_t bin)
{
	uint64_t isa = pu->po->target->isa_mask, left = 0;
	const uint8_t *p = prove_code_at(pu->po, m->addr, &left);

	return p && match_leads(&pf->mf, m, pu->po->target, p, left, obj & ~isa, bin & ~isa);
}

static int64_t entry_at(const uint8_t *p, const struct switch_use *u)
{
	uint64_t v = 0;

	memcpy(&v, p, u->width);
	return u->is_signed ? (int64_t)(v << (64 - 8 * u->width)) >> (64 - 8 * u->width) : (int64_t)v;
}

static bool table_agrees(const struct prove_unit *pu, const struct prove_func *pf, const struct match *m,
			 const struct table *tb, const uint8_t *obj, const uint8_t *bin, uint64_t n)
{
	unsigned int w = tb->use.width;

	for (uint64_t k = 0; k + w <= n; k += w) {
		int64_t x = entry_at(obj + k, &tb->use), y = entry_at(bin + k, &tb->use);

		if (!leads(pu, pf, m, tb->obj + (uint64_t)(x * tb->use.unit),
			   tb->bin + (uint64_t)(y * tb->use.unit)))
			return false;
	}
	return true;
}

/* What the field of a relocation at @at of the object, filled in, leads to. @d: its distance from the start of
 * the piece. False: that is not known. */
static bool leads_to(const struct prove_unit *pu, const struct ref *r, const uint8_t *p, uint64_t at, uint64_t d,
		     uint64_t *ret)
{
	const struct dyn_rel *dr = object_dyn_rel_at(pu->po->dyn, at);
	int32_t rel;

	if (r->info->part)
		return false;
	if (r->info->kind == REL_PC && r->info->size == 4) {
		memcpy(&rel, p, 4);
		*ret = at - d + (uint64_t)(int64_t)rel;
		return true;
	}
	if (r->info->kind != REL_ABS || (r->info->size != 4 && r->info->size != 8) || (dr && dr->sym))
		return false;
	*ret = 0;
	memcpy(ret, p, r->info->size);
	if (dr && dr->addend)
		*ret = (uint64_t)dr->addend;
	return true;
}

/* A relocated field in the piece: an entry of a table of the function's own, or nobody's business here. */
static bool field_agrees(const struct prove_unit *pu, const struct prove_func *pf, const struct match *m,
			 const struct ref *r, const uint8_t *p, uint64_t at, uint64_t d)
{
	uint64_t from, to;

	if (r->kind == REF_NONE || r->sec != pf->mf.sec->idx || !leads_to(pu, r, p, at, d, &to))
		return true;
	from = (uint64_t)r->off;
	if (r->kind == REF_SYM)
		from += pu->orig->syms[r->sym].value;
	if (r->info->kind == REL_PC)
		from -= d;
	if (from < pf->mf.off || from >= (uint64_t)pf->mf.off + pf->mf.size)
		return true;
	return leads(pu, pf, m, from, to);
}

bool anon_agrees(const struct prove_unit *pu, const struct prove_func *pf, const struct match *m,
		 const struct ref *r, uint64_t value)
{
	const struct elf_sec *s = &pu->orig->secs[r->sec];
	uint64_t at = (uint64_t)r->off, end, done = 0, n;
	const uint8_t *obj, *bin;
	struct table tb;

	if (!s->data || s->flags & (SHF_WRITE | SHF_EXECINSTR | SHF_MERGE) || r->off < 0 || at >= s->size)
		return true;
	end = piece_end(pu, r->sec, at);
	n = end - at;
	obj = s->data + at;
	/* The last piece of a segment may lie at the end of the file. */
	for (size_t k = elf_sec_first_rel(s, end); n && !obj[n - 1];) {
		if (k > 0 && s->rels[k - 1].offset + pu->refs[r->sec][k - 1].info->size >= at + n)
			break;
		n--;
	}
	if (!n)
		return true;
	bin = elf_obj_at(pu->po->o, value, n);
	if (!bin)
		return false;
	if (find_table(pu, pf, m, r, &tb))
		return table_agrees(pu, pf, m, &tb, obj, bin, n - n % tb.use.width);
	for (size_t k = elf_sec_first_rel(s, at); k < s->n_rels && s->rels[k].offset < end; k++) {
		const struct ref *x = &pu->refs[r->sec][k];
		uint64_t field = s->rels[k].offset - at;

		if (field > done && memcmp(obj + done, bin + done, field - done))
			return false;
		if (field + x->info->size <= n && !field_agrees(pu, pf, m, x, bin + field, value + field, field))
			return false;
		done = MAX(done, MIN(field + x->info->size, n));
	}
	return done >= n || !memcmp(obj + done, bin + done, n - done);
}
