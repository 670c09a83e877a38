// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When are two pieces of code or data equal?
 *
 * When the bytes outside of relocated fields are equal, the fields stand at the same places, and
 * each pair of references is equal: same kind of relocation, same offset, and either symbols that
 * are paired or anonymous pieces of equal content. The fields themselves hold nothing: addends are in
 * the relocations (RELA), or were taken there when the object was opened (REL). So they are compared with
 * all the rest: a field may be a part of a byte, or be named by its instruction.
 *
 * Anonymous content: a string is compared up to its terminator, a constant of a mergeable section by
 * the section's entry size, and everything else (jump tables, arrays that a compiler made up) to
 * where the next piece begins. What follows in one of the two only, up to the section's alignment,
 * may be padding and is ignored where it is zero. For jump tables see ref.c: entries at equal
 * distance from the table's start are equal when their biased offsets are.
 *
 * Code that shares its section with other functions may branch to them without a relocation; the
 * assembler has resolved it. Such a displacement is compared by what it leads to.
 */
#include "build/diff/unit.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 8	/* anonymous pieces that refer to anonymous pieces */

static bool piece_equal(const struct diff_ctx *c, uint32_t ns, uint64_t no, uint32_t os,
			uint64_t oo, uint64_t len, enum equal_mode mode, int depth);

uint64_t anon_end(const struct side *s, uint32_t sec, uint64_t off)
{
	const uint64_t *v = s->cuts[sec];
	size_t lo = 0, hi = s->n_cuts[sec];

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (v[mid] <= off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->n_cuts[sec] ? MIN(v[lo], s->o->secs[sec].size) : s->o->secs[sec].size;
}

/* Bytes of the string at @off with its terminator, or 0 where it has none. */
static uint64_t string_len(const struct elf_sec *s, uint64_t off)
{
	uint64_t unit = s->entsize ? s->entsize : 1;

	for (uint64_t at = off; at <= s->size && unit <= s->size - at; at += unit) {
		uint64_t k = 0;

		while (k < unit && !s->data[at + k])
			k++;
		if (k == unit)
			return at + unit - off;
	}
	return 0;
}

static bool is_zero(const struct side *s, uint32_t sec, uint64_t from, uint64_t to)
{
	const struct elf_sec *e = &s->o->secs[sec];
	size_t a, b;

	refs_range(s, sec, from, to, &a, &b);
	if (a != b)
		return false;
	for (uint64_t i = from; e->data && i < to; i++)
		if (e->data[i])
			return false;
	return true;
}

static bool anon_equal(const struct diff_ctx *c, uint32_t ns, uint64_t no, uint32_t os, uint64_t oo,
		       enum equal_mode mode, int depth)
{
	const struct elf_sec *n = &c->new.o->secs[ns], *o = &c->orig.o->secs[os];
	uint64_t nl, ol, both;

	if (c->new.kind[ns] != c->orig.kind[os] || no > n->size || oo > o->size ||
	    depth > MAX_DEPTH || (n->flags & (SHF_MERGE | SHF_STRINGS)) !=
					 (o->flags & (SHF_MERGE | SHF_STRINGS)))
		return false;
	if ((n->flags & SHF_MERGE) && n->data && o->data) {
		if (n->entsize != o->entsize)
			return false;
		if (n->flags & SHF_STRINGS) {
			nl = string_len(n, no);
			ol = string_len(o, oo);
		} else {
			nl = MIN(n->entsize, n->size - no);
			ol = MIN(o->entsize, o->size - oo);
		}
		return nl && nl == ol && !memcmp(n->data + no, o->data + oo, nl);
	}
	nl = anon_end(&c->new, ns, no) - no;
	ol = anon_end(&c->orig, os, oo) - oo;
	both = MIN(nl, ol);
	if (nl - both >= MAX(n->align, 1) || ol - both >= MAX(o->align, 1))
		return false;
	return is_zero(&c->new, ns, no + both, no + nl) &&
	       is_zero(&c->orig, os, oo + both, oo + ol) &&
	       piece_equal(c, ns, no, os, oo, both, mode, depth);
}

static bool syms_match(const struct diff_ctx *c, uint32_t n, uint32_t o, enum equal_mode mode)
{
	const struct diff_unit *u = c->u;
	uint32_t nc = c->new.canon[n] ? c->new.canon[n] : n;
	uint32_t oc = c->orig.canon[o] ? c->orig.canon[o] : o;
	uint32_t to;

	/* An alias may be new, or have lost its role, while the thing itself is the same. */
	to = u->to_orig[n] ? u->to_orig[n] : u->to_orig[nc];
	if (to)
		return (c->orig.canon[to] ? c->orig.canon[to] : to) == oc;
	if (mode == EQ_STRICT || u->to_new[o] || u->to_new[oc])
		return false;
	return c->new.key[n] && c->orig.key[o] && !strcmp(c->new.key[n], c->orig.key[o]) &&
	       sym_kind(&c->new, n) == sym_kind(&c->orig, o);
}

/* Assemblers write a branch to a static function as PC-relative, one to a global as PLT. */
static enum rel_kind kind_of(const struct ref *r)
{
	bool branch = r->insn_kind == INSN_CALL || r->insn_kind == INSN_JUMP ||
		      r->insn_kind == INSN_COND;

	return branch && r->info->kind == REL_PLT ? REL_PC : r->info->kind;
}

static bool ref_equal_at(const struct diff_ctx *c, const struct ref *n, const struct ref *o,
			 enum equal_mode mode, int depth)
{
	if (n->kind != o->kind || kind_of(n) != kind_of(o) || n->info->size != o->info->size)
		return false;
	if (n->info->kind == REL_UNKNOWN && n->rel->type != o->rel->type)
		return false;
	/* Halves of an address belong to the same other half. */
	if (n->info->part && n->rel->has_anchor &&
	    (!o->rel->has_anchor || n->rel->anchor - n->rel->offset != o->rel->anchor - o->rel->offset))
		return false;
	if (n->kind == REF_NONE)
		return true;
	if (n->kind == REF_SYM)
		return n->off == o->off && syms_match(c, n->sym, o->sym, mode);
	if (n->off - n->base != o->off - o->base)
		return false;
	if (n->base < 0 || o->base < 0)
		return false;
	return anon_equal(c, n->sec, (uint64_t)n->base, o->sec, (uint64_t)o->base, mode, depth + 1);
}

bool ref_equal(const struct diff_ctx *c, const struct ref *n, const struct ref *o,
	       enum equal_mode mode)
{
	return ref_equal_at(c, n, o, mode, 0);
}

/* Offset and size of the field of a branch, or PC-relative operand, that leaves [from, to) without a
 * relocation. */
static bool escapes(const struct side *s, const struct elf_sec *e, const struct insn *in,
		    uint64_t from, uint64_t to)
{
	size_t a, b;

	if (!in->has_target || !in->field_len || (in->target >= from && in->target < to))
		return false;
	refs_range(s, e->idx, in->addr + in->field_off, in->addr + in->field_off + in->field_len,
		   &a, &b);
	return a == b;
}

bool leaks(const struct diff_ctx *c, const struct side *s, uint32_t sym)
{
	const struct elf_sym *y = &s->o->syms[sym];
	const struct elf_sec *e = &s->o->secs[y->shndx];
	uint64_t to = y->value + y->size, at;

	/* Alone in its section there is nothing that it could leave for. */
	if (!e->data || (!y->value && y->size == e->size))
		return false;
	c->dis->sec = e;
	for (at = y->value; at < to;) {
		struct insn in;

		if (c->u->target->decode(c->dis, e->data + at, to - at, at, &in) < 0 || !in.len) {
			at += c->u->target->insn_min;
			continue;
		}
		if (escapes(s, e, &in, y->value, to))
			break;
		at += in.len;
	}
	c->dis->sec = NULL;
	return at < to;
}

/* Clears displacements that leave both functions for the same place. */
static void mask_escapes(const struct diff_ctx *c, const struct elf_sym *n, const struct elf_sym *o,
			 uint8_t *nb, uint8_t *ob)
{
	const struct elf_sec *ns = &c->new.o->secs[n->shndx], *os = &c->orig.o->secs[o->shndx];
	uint64_t nt = n->value + n->size, ot = o->value + o->size;

	for (uint64_t at = 0; at < n->size;) {
		struct insn a, b;
		int bad;

		c->dis->sec = ns;
		bad = c->u->target->decode(c->dis, ns->data + n->value + at, n->size - at,
					   n->value + at, &a);
		c->dis->sec = os;
		if (!bad)
			bad = c->u->target->decode(c->dis, os->data + o->value + at, o->size - at,
						   o->value + at, &b);
		c->dis->sec = NULL;
		if (bad || !a.len || a.len != b.len || a.kind != b.kind || a.cond != b.cond)
			return;
		if (escapes(&c->new, ns, &a, n->value, nt) && a.field_off == b.field_off &&
		    a.field_len == b.field_len) {
			uint32_t x = sym_covering(c->new.o, ns->idx, a.target);
			uint32_t y = sym_covering(c->orig.o, os->idx, b.target);
			bool same = escapes(&c->orig, os, &b, o->value, ot) && x && y &&
				    a.target - c->new.o->syms[x].value ==
					    b.target - c->orig.o->syms[y].value &&
				    syms_match(c, x, y, EQ_STRICT);

			memset(nb + at + a.field_off, same ? 0 : 1, a.field_len);
			memset(ob + at + a.field_off, 0, a.field_len);
		}
		at += a.len;
	}
}

/* An entry of a jump table whose code shares its section with other functions: see ref.c for the
 * bias @d, the distance of the entry from the start of its table. */
static bool entry_equal(const struct diff_ctx *c, const struct ref *n, const struct ref *o,
			uint64_t d, enum equal_mode mode)
{
	uint64_t nt = (uint64_t)n->base - d, ot = (uint64_t)o->base - d;
	uint32_t x = sym_covering(c->new.o, n->sec, nt), y = sym_covering(c->orig.o, o->sec, ot);

	return x && y && nt - c->new.o->syms[x].value == ot - c->orig.o->syms[y].value &&
	       syms_match(c, x, y, mode);
}

static bool is_entry(const struct side *s, const struct ref *r)
{
	return r->kind == REF_ANON && s->kind[r->sec] == SK_CODE && r->info->kind == REL_PC &&
	       !r->insn_len;
}

static bool piece_equal(const struct diff_ctx *c, uint32_t ns, uint64_t no, uint32_t os,
			uint64_t oo, uint64_t len, enum equal_mode mode, int depth)
{
	const struct elf_sec *n = &c->new.o->secs[ns], *o = &c->orig.o->secs[os];
	size_t na, nz, oa, oz;
	uint64_t at = 0;

	refs_range(&c->new, ns, no, no + len, &na, &nz);
	refs_range(&c->orig, os, oo, oo + len, &oa, &oz);
	if (nz - na != oz - oa)
		return false;
	for (; na < nz; na++, oa++) {
		const struct ref *nr = &c->new.refs[ns][na], *or = &c->orig.refs[os][oa];
		uint64_t field = nr->rel->offset - no;

		if (field != or->rel->offset - oo)
			return false;
		if (is_entry(&c->new, nr) && is_entry(&c->orig, or)
			    ? !entry_equal(c, nr, or, field, mode)
			    : !ref_equal_at(c, nr, or, mode, depth))
			return false;
		if (field > at && memcmp(n->data + no + at, o->data + oo + at, field - at))
			return false;
		at = MAX(at, field);
	}
	if (at >= len)
		return true;
	if (n->data && o->data)
		return !memcmp(n->data + no + at, o->data + oo + at, len - at);
	/* .bss against .data: equal where the latter is zero */
	return is_zero(&c->new, ns, no, no + len) && is_zero(&c->orig, os, oo, oo + len);
}

bool sym_equal(const struct diff_ctx *c, uint32_t new_sym, uint32_t orig_sym, enum equal_mode mode)
{
	const struct elf_sym *n = &c->new.o->syms[new_sym], *o = &c->orig.o->syms[orig_sym];
	const struct elf_sec *ns, *os;
	uint8_t *nb, *ob;
	bool same;

	if (n->size != o->size)
		return false;
	if (n->shndx >= c->new.o->n_secs || o->shndx >= c->orig.o->n_secs)
		return n->shndx == o->shndx || sym_kind(&c->new, new_sym) ==
						       sym_kind(&c->orig, orig_sym);
	ns = &c->new.o->secs[n->shndx];
	os = &c->orig.o->secs[o->shndx];
	if (!sym_is_func(n) || !ns->data || !os->data ||
	    (n->size == ns->size && o->size == os->size))
		return piece_equal(c, ns->idx, n->value, os->idx, o->value, n->size, mode, 0);
	nb = xmemdup(ns->data, ns->size);
	ob = xmemdup(os->data, os->size);
	mask_escapes(c, n, o, nb + n->value, ob + o->value);
	{
		struct elf_sec *nw = &c->new.o->secs[n->shndx], *ow = &c->orig.o->secs[o->shndx];
		const uint8_t *nd = nw->data, *od = ow->data;

		nw->data = nb;
		ow->data = ob;
		same = piece_equal(c, ns->idx, n->value, os->idx, o->value, n->size, mode, 0);
		nw->data = nd;
		ow->data = od;
	}
	free(nb);
	free(ob);
	return same;
}

bool sec_equal(const struct diff_ctx *c, uint32_t ns, uint32_t os)
{
	const struct elf_sec *n = &c->new.o->secs[ns], *o = &c->orig.o->secs[os];

	return n->size == o->size && n->type == o->type && n->flags == o->flags &&
	       piece_equal(c, ns, 0, os, 0, n->size, EQ_STRICT, 0);
}

bool diff_anon_equal(const struct diff_unit *u, uint32_t new_sec, uint64_t new_off,
		     uint32_t orig_sec, uint64_t orig_off)
{
	if (new_sec >= u->new->n_secs || orig_sec >= u->orig->n_secs)
		return false;
	return anon_equal(u->ctx, new_sec, new_off, orig_sec, orig_off, EQ_STRICT, 0);
}

bool diff_section_equal(const struct diff_unit *u, uint32_t new_sec, uint32_t orig_sec)
{
	return sec_equal(u->ctx, new_sec, orig_sec);
}
