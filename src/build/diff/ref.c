// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From relocations to references.
 *
 * The problem: one reference in the source has several spellings in an object. Assemblers replace a
 * local symbol by its section's symbol plus an offset where they can; private labels (.LC0, .L.str)
 * stay where the section is mergeable; on x86-64 the addend holds the distance from the field to
 * the end of the instruction, which depends on what follows the field. A comparison of relocations
 * as they stand would find differences where there are none, and worse, miss real ones.
 *
 * The facts:
 *
 * - Units are compiled with -ffunction-sections -fdata-sections, so nearly every symbol is alone in
 *   its section and "section + offset" can only mean that symbol, whatever the offset: `&a[-1]` and
 *   the end of a loop, `&a[N]`, point outside of it and must not be given to a neighbour. So a
 *   section in which all symbols start at one place belongs to that symbol entirely. Mergeable
 *   sections are an exception: their pieces are independent of each other. So is data that its symbol
 *   does not fill: what is proved is compiled without -fdata-sections on some architectures, and then
 *   a table of a switch lies beside the only constant that has a name.
 *
 * - Where several symbols share a section (a section attribute, assembly), the symbol that covers
 *   the offset is taken. A reference to one past the end of one symbol is then taken for the start
 *   of the next. Both objects are read the same way, so this can make equal code look changed when
 *   the order changes, and is harmless otherwise.
 *
 * - What is left has no symbol: strings, floating point constants, jump tables. The private label
 *   through which it is reached is kept as the base (`"abc"[i - 1]` is .LC0 - 1), because the piece
 *   that must be compared is the one that begins at the label.
 *
 * - Jump tables of position-independent code hold `.long .L5 - .L4`: target minus start of the
 *   table. The assembler makes it PC-relative: the field at distance d from the start of the table
 *   gets the addend target + d. Here the table's start is not known, so the offset is left with
 *   that bias: off = target + d for every PC-relative reference in data. Two tables are equal when
 *   their entries at equal distances d have equal offsets, so the comparison can ignore the bias;
 *   who needs the target subtracts d. In a section with several functions the biased offset would
 *   name the wrong one, so there such a reference stays anonymous.
 *
 * - A unit may bring its own slots (.toc on ppc64le), in an order that depends on all of its code. A
 *   reference to one is taken for what it is, a reference to what the slot holds by way of a slot.
 */
#include "build/diff/ref.h"

#include <stdlib.h>
#include <string.h>

/* Symbols that can stand for an entity of the source. */
static bool is_entity(const struct elf_sym *y)
{
	if (y->type != STT_OBJECT && y->type != STT_FUNC && y->type != STT_NOTYPE &&
	    y->type != STT_TLS && y->type != STT_GNU_IFUNC)
		return false;
	/* '$': mapping symbols of arm and arm64; ".L": private labels */
	return y->idx && *y->name && *y->name != '$' && !str_starts(y->name, ".L");
}

/* Which of two symbols that cover the same place speaks for it: the inner one, then the one that
 * other units know, then the first. The order must not depend on anything else, so that aliases
 * are resolved alike in both objects. */
static bool is_better(const struct elf_sym *a, const struct elf_sym *b)
{
	if (!b)
		return true;
	if (!a->size != !b->size)
		return a->size != 0;
	if (a->value != b->value)
		return a->value > b->value;
	if ((a->bind == STB_LOCAL) != (b->bind == STB_LOCAL))
		return a->bind != STB_LOCAL;
	if ((a->bind == STB_WEAK) != (b->bind == STB_WEAK))
		return a->bind != STB_WEAK;
	return strcmp(a->name, b->name) < 0;
}

static bool covers(const struct elf_sym *y, uint64_t off)
{
	if (!y->size)
		return !off && !y->value;
	return off >= y->value && off - y->value < y->size;
}

uint32_t sym_covering(const struct elf_obj *o, uint32_t sec, uint64_t off)
{
	const struct elf_sym *best = NULL;

	for (size_t i = 1; i < o->n_syms; i++) {
		const struct elf_sym *y = &o->syms[i];

		if (y->shndx == sec && is_entity(y) && covers(y, off) && is_better(y, best))
			best = y;
	}
	return best ? best->idx : 0;
}

/* The symbols of each section as linked lists, so that an object of ten thousand symbols is not
 * searched from end to end for every reference. */
struct by_sec {
	const struct elf_obj *o;
	uint32_t *first;	/* [section] */
	uint32_t *next;		/* [symbol] */
};

static void by_sec_init(struct by_sec *b, const struct elf_obj *o)
{
	b->o = o;
	b->first = xcalloc(o->n_secs + 1, sizeof(*b->first));
	b->next = xcalloc(o->n_syms + 1, sizeof(*b->next));
	for (size_t i = o->n_syms; i-- > 1;) {
		const struct elf_sym *y = &o->syms[i];

		if (y->shndx >= o->n_secs || !is_entity(y))
			continue;
		b->next[i] = b->first[y->shndx];
		b->first[y->shndx] = (uint32_t)i;
	}
}

static void by_sec_free(struct by_sec *b)
{
	free(b->first);
	free(b->next);
}

/*
 * The one entity of a section that a label at @at of it can stand for, where all of its symbols start at the
 * same place. Data that it does not fill has something else besides, which has no symbol.
 */
static uint32_t only_sym(const struct by_sec *b, uint32_t sec, int64_t at)
{
	const struct elf_sec *s = &b->o->secs[sec];
	const struct elf_sym *best = NULL;

	if (s->flags & SHF_MERGE)
		return 0;
	for (uint32_t i = b->first[sec]; i; i = b->next[i]) {
		const struct elf_sym *y = &b->o->syms[i];

		if (best && y->value != best->value)
			return 0;
		if (is_better(y, best))
			best = y;
	}
	if (best && best->size && (best->value || best->size < s->size) && !(s->flags & SHF_EXECINSTR) && at >= 0 &&
	    (uint64_t)at < s->size)
		return 0;
	return best ? best->idx : 0;
}

static uint32_t covering(const struct by_sec *b, uint32_t sec, int64_t off)
{
	const struct elf_sym *best = NULL;

	if (off < 0)
		return 0;
	for (uint32_t i = b->first[sec]; i; i = b->next[i]) {
		const struct elf_sym *y = &b->o->syms[i];

		if (covers(y, (uint64_t)off) && is_better(y, best))
			best = y;
	}
	return best ? best->idx : 0;
}

/* Where the instruction that holds each relocation lies. Code is decoded from every function's
 * start, so bytes between functions that are no instructions cannot shift what follows. */
static void decode_range(const struct elf_sec *s, uint64_t from, uint64_t to,
			 struct target_dis *dis, struct ref *refs)
{
	size_t k = 0;
	uint64_t at = from;

	while (k < s->n_rels && s->rels[k].offset < from)
		k++;
	dis->sec = s;
	while (at < to && k < s->n_rels && s->rels[k].offset < to) {
		struct insn in;

		if (dis->t->decode(dis, s->data + at, to - at, at, &in) < 0 || !in.len) {
			at += dis->t->insn_min;
			continue;
		}
		while (k < s->n_rels && s->rels[k].offset < at)
			k++;
		for (; k < s->n_rels && s->rels[k].offset < at + in.len; k++) {
			refs[k].insn_kind = in.kind;
			refs[k].insn_off = (uint32_t)at;
			refs[k].insn_len = in.len;
		}
		at += in.len;
	}
	dis->sec = NULL;
}

static void decode_code(const struct by_sec *b, const struct elf_sec *s, struct target_dis *dis,
			struct ref *refs)
{
	uint64_t *starts = NULL;
	size_t n = 0, cap = 0;

	*VEC_PUSH(starts, n, cap) = 0;
	for (uint32_t i = b->first[s->idx]; i; i = b->next[i]) {
		const struct elf_sym *y = &b->o->syms[i];

		if ((y->type == STT_FUNC || y->type == STT_GNU_IFUNC) && y->value < s->size)
			*VEC_PUSH(starts, n, cap) = y->value;
	}
	qsort(starts, n, sizeof(*starts), cmp_u64);
	for (size_t i = 0; i < n; i++)
		decode_range(s, starts[i], i + 1 < n ? starts[i + 1] : s->size, dis, refs);
	free(starts);
}

/* The relocation of a slot of the unit's own at (section, offset), or NULL. */
static const struct elf_rel *slot_at(const struct elf_obj *o, const struct target *t, uint32_t sec,
				     int64_t off)
{
	const struct elf_sec *s = &o->secs[sec];
	const struct elf_rel *r;

	if (!t->slot_section || strcmp(s->name, t->slot_section) || off < 0)
		return NULL;
	r = elf_sec_rel_at(s, (uint64_t)off);
	return r && r->type == t->rel_abs ? r : NULL;
}

/* Looks through a slot: @r becomes a reference to what it holds. False where it leads to none. */
static bool through_slot(const struct by_sec *b, const struct target *t, struct ref *r)
{
	const struct elf_sym *y = &b->o->syms[r->rel->sym];
	uint32_t type = t->slot_rel ? t->slot_rel(r->rel->type) : 0;
	const struct elf_rel *s = type && y->shndx < b->o->n_secs
					  ? slot_at(b->o, t, y->shndx, (int64_t)y->value + r->off)
					  : NULL;

	if (!s)
		return false;
	r->slot = (struct elf_rel){.offset = r->rel->offset, .type = type, .sym = s->sym, .addend = s->addend};
	r->rel = &r->slot;
	r->info = target_rel(t, type);
	r->off = s->addend;
	return true;
}

static void resolve(const struct by_sec *b, const struct target *t, struct ref *r, bool in_code)
{
	const struct elf_obj *o = b->o;
	const struct elf_sym *y = &o->syms[r->rel->sym];
	uint32_t owner;

	if (!r->rel->sym) {
		r->kind = REF_NONE;
		return;
	}
	if (in_code && through_slot(b, t, r))
		y = &o->syms[r->rel->sym];
	r->kind = REF_SYM;
	r->sym = y->idx;
	r->sec = y->shndx < o->n_secs ? y->shndx : 0;
	if (!r->sec || (y->type != STT_SECTION && is_entity(y)))
		return;
	/* A section or a private label: from here on an offset in the section. */
	r->base = y->type == STT_SECTION ? r->off : (int64_t)y->value;
	r->off += (int64_t)y->value;
	owner = only_sym(b, r->sec, r->base);
	if (!owner && (in_code || r->info->kind != REL_PC))
		owner = covering(b, r->sec, r->base);
	if (owner) {
		r->sym = owner;
		r->off -= (int64_t)o->syms[owner].value;
		r->base = 0;
	} else {
		r->kind = REF_ANON;
		r->sym = 0;
	}
}

static struct ref *read_refs(const struct by_sec *b, const struct elf_sec *s,
			     struct target_dis *dis)
{
	struct ref *refs = xcalloc(s->n_rels ? s->n_rels : 1, sizeof(*refs));
	bool in_code = s->flags & SHF_EXECINSTR;

	if (in_code && s->data)
		decode_code(b, s, dis, refs);
	for (size_t i = 0; i < s->n_rels; i++) {
		struct ref *r = &refs[i];
		uint32_t end;

		r->rel = &s->rels[i];
		r->info = target_rel(dis->t, r->rel->type);
		/* Outside of any instruction the field is taken to end it. */
		end = r->rel->has_anchor ? (uint32_t)(r->rel->anchor + r->rel->anchor_pc - r->rel->offset)
		      : r->insn_len ? (uint32_t)(r->insn_off + r->insn_len - r->rel->offset)
				    : r->info->size;
		r->off = in_code ? dis->t->rel_offset(r->rel->type, r->rel->addend, end)
				 : r->rel->addend;
		resolve(b, dis->t, r, in_code);
	}
	return refs;
}

struct ref *refs_of_section(const struct elf_obj *o, const struct elf_sec *s,
			    struct target_dis *dis)
{
	struct by_sec b;
	struct ref *refs;

	by_sec_init(&b, o);
	refs = read_refs(&b, s, dis);
	by_sec_free(&b);
	return refs;
}

struct ref **refs_of_object(const struct elf_obj *o, const uint8_t *want, struct target_dis *dis)
{
	struct ref **refs = xcalloc(o->n_secs + 1, sizeof(*refs));
	struct by_sec b;

	by_sec_init(&b, o);
	for (size_t i = 1; i < o->n_secs; i++)
		if (want[i])
			refs[i] = read_refs(&b, &o->secs[i], dis);
	by_sec_free(&b);
	return refs;
}
