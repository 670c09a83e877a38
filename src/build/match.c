// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Run-pre matching (the word is Ksplice's) of one function.
 *
 * The object was compiled with -ffunction-sections, the program was not. In the program's own build a
 * jump to another function of the same unit was resolved by the assembler, often to a two-byte jump
 * where we have five bytes and a relocation. Everything behind such a jump has moved, so other jumps
 * across it may have changed their size too, and alignment padding its length. Hence no comparison of
 * byte strings: both streams are decoded in step.
 *
 *	- padding (nops) is skipped on both sides, however much there is;
 *	- data between instructions (literal pools) is equal when its bytes are, and what an instruction
 *	  takes from there is equal when the places correspond; a table of branches behind the one that
 *	  uses it is equal when what they lead to corresponds;
 *	- an instruction without relocation is equal when its bytes are, or when both are the same direct
 *	  branch of any size whose targets correspond;
 *	- an instruction with a relocation is given to the architecture (target->match_rel), which knows
 *	  what a linker may make of it and tells what the linked one refers to.
 *
 * Whether branch targets correspond is known only when the whole function has been walked: pass two.
 */
#include "build/match.h"

#include <stdlib.h>
#include <string.h>

enum { TABLE_WIDE = 4 };	/* bytes of an entry that is a plain distance, not in units of insn_min */

static void make_head(struct match_func *f, const struct target *t)
{
	size_t r = f->first_rel;
	const struct elf_sec *s = f->sec;

	for (size_t i = 0; i < f->n_insns; i++) {
		const struct insn *in = &f->insns[i];
		size_t at = f->head_len;
		bool has_rel = false;

		if (in->kind == INSN_NOP || at + in->len > sizeof(f->head))
			return;
		/* A branch may have another size in the program. */
		if (in->kind == INSN_JUMP || in->kind == INSN_COND || in->kind == INSN_PCREL ||
		    in->kind == INSN_DATA)
			return;
		memcpy(f->head + at, s->data + in->addr, in->len);
		memset(f->head_mask + at, 0xff, in->len);
		for (; r < s->n_rels && s->rels[r].offset < in->addr + in->len; r++) {
			const struct rel_info *ri = target_rel(t, s->rels[r].type);
			size_t fo = s->rels[r].offset - in->addr;

			if ((ri->kind != REL_PC && ri->kind != REL_PLT && ri->kind != REL_ABS) ||
			    fo + ri->size > in->len)
				return; /* the linker may rewrite this one */
			memset(f->head_mask + at + fo, 0, ri->size);
			has_rel = true;
		}
		if (has_rel && t->insn_min > 1)
			return;
		f->head_len += in->len;
		f->head_fixed = 0;
		for (size_t k = 0; k < f->head_len; k++)
			f->head_fixed += f->head_mask[k] == 0xff;
	}
}

/* An entry of a table of distances in bytes. Half of the numbers lead back. */
static int64_t distance_at(const uint8_t *p)
{
	int32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/*
 * How many bytes of distances stand behind a branch that uses them, at @at of [@off, @end)? Nothing marks
 * where they end: what leads to no instruction of the function is an instruction.
 */
static uint32_t table_len(const struct elf_sec *sec, const struct target *t, uint32_t at, uint32_t off,
			  uint32_t end)
{
	uint32_t n = 0;

	for (; at + n + TABLE_WIDE <= end; n += TABLE_WIDE) {
		int64_t to = at + distance_at(sec->data + at + n);

		if (to < off || to >= end || to == at || (to - off) % t->insn_min)
			break;
	}
	return n;
}

/*
 * Marks the table behind the branch at @i, which uses it. Nothing tells where it ends and a pool of literals
 * begins, but that an instruction takes the first of those; each is taken by one.
 */
static void mark_table(struct match_func *f, size_t i)
{
	uint64_t from = f->insns[i].addr + f->insns[i].len, to = UINT64_MAX;
	size_t first = i + 1;

	while (f->insns[i].cond == INSN_TABLE_ISA && first < f->n_insns && f->insns[first].kind == INSN_NOP)
		first++;
	if (first < f->n_insns)
		from = f->insns[first].addr;
	/* Some take the table's own address. */
	for (size_t k = 0; k < f->n_insns; k++)
		if (f->insns[k].kind == INSN_PCREL && f->insns[k].target > from)
			to = MIN(to, f->insns[k].target);
	for (size_t k = first; k < f->n_insns && f->insns[k].kind == INSN_DATA && f->insns[k].addr < to; k++)
		f->insns[k].cond = f->insns[i].cond;
}

bool match_func_init(struct match_func *f, const struct elf_obj *o, const struct elf_sec *sec,
		     uint32_t off, uint32_t size, struct target_dis *dis)
{
	size_t cap = 0;
	uint32_t at = off, end = off + size;

	memset(f, 0, sizeof(*f));
	f->o = o;
	f->sec = sec;
	f->off = off;
	f->size = size;
	if (!sec->data || end < off || end > sec->size || !size)
		return false;
	dis->sec = sec;
	while (at < end) {
		struct insn *in = VEC_PUSH(f->insns, f->n_insns, cap);

		if (dis->t->decode(dis, sec->data + at, end - at, at, in) < 0 || !in->len) {
			match_func_free(f);
			dis->sec = NULL;
			return false;
		}
		at += in->len;
		if (in->kind != INSN_JUMP_IND || in->cond != TABLE_WIDE)
			continue;
		for (uint32_t n = table_len(sec, dis->t, at, off, end); n; n -= TABLE_WIDE, at += TABLE_WIDE)
			*VEC_PUSH(f->insns, f->n_insns, cap) =
				(struct insn){.addr = at, .len = TABLE_WIDE, .kind = INSN_DATA};
	}
	dis->sec = NULL;
	f->isa = f->insns[0].isa;
	for (size_t i = 0; i < f->n_insns; i++)
		if (f->insns[i].kind == INSN_JUMP_IND && f->insns[i].cond)
			mark_table(f, i);
	/* Padding at the end belongs to the layout, not to the function. */
	while (f->n_insns > 1 && (f->insns[f->n_insns - 1].kind == INSN_NOP ||
				  f->insns[f->n_insns - 1].kind == INSN_TRAP))
		f->n_insns--;
	for (size_t i = 0; i < f->n_insns && f->insns[i].kind == INSN_NOP; i++)
		f->lead += f->insns[i].len;
	f->first_rel = elf_sec_first_rel(sec, off);
	f->n_rels = elf_sec_first_rel(sec, end) - f->first_rel;
	make_head(f, dis->t);
	return true;
}

void match_func_free(struct match_func *f)
{
	free(f->insns);
	f->insns = NULL;
	f->n_insns = 0;
}

/* One pair of branches whose targets must correspond. */
struct branch {
	uint64_t obj_target, bin_target;
	uint64_t bin_at;
	uint8_t isa;
};

struct walk {
	uint64_t *bin_of;	/* [instruction] -> linked address of it */
	struct branch *branches;
	size_t n_branches, cap_branches, cap_refs;
};

/* Its displacement depends on the layout, and what it leads to must correspond. */
static bool is_branch(const struct insn *i)
{
	return i->kind == INSN_JUMP || i->kind == INSN_COND || i->kind == INSN_CALL ||
	       i->kind == INSN_PCREL;
}

/* Traps are instructions of the program (assertions), never alignment inside a function. */
static bool is_trap(const struct target *t, const uint8_t *p, size_t n)
{
	size_t k = 0;

	while (k < t->insn_min && k < n && p[k] == t->trap_byte)
		k++;
	return k == t->insn_min;
}

static void skip_pads(const struct target *t, const uint8_t *bin, size_t n, unsigned int isa, size_t *b)
{
	size_t len;

	while (*b < n && !is_trap(t, bin + *b, n - *b) && (len = t->pad_len(bin + *b, n - *b, isa)) > 0)
		*b += len;
}

/*
 * Data follows other data at once, and a table the branch that uses it, but for tables that are aligned
 * themselves; what follows a table is aligned.
 */
static bool may_be_padded(const struct match_func *f, size_t i)
{
	const struct insn *in = &f->insns[i], *before = i ? in - 1 : NULL;

	/* What is in front of the first instruction is no part of the function. */
	if (!before)
		return false;
	if (in->kind != INSN_DATA)
		return true;
	if (in->cond == INSN_TABLE_ISA)
		return before->kind != INSN_DATA;
	return !in->cond && (before->kind != INSN_DATA || before->cond);
}

static ssize_t insn_index(const struct match_func *f, uint64_t at)
{
	size_t lo = 0, hi = f->n_insns;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (f->insns[mid].addr < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < f->n_insns && f->insns[lo].addr == at ? (ssize_t)lo : -1;
}

/* The linked address that corresponds to a branch target of the object. */
static bool target_maps(const struct match_func *f, const uint64_t *bin_of, const struct branch *br,
			const uint8_t *bin, size_t n, uint64_t addr, const struct target *t)
{
	ssize_t i = insn_index(f, br->obj_target);
	size_t at, own;

	/*
	 * Functions that a section attribute puts into one section reach each other without relocations, in
	 * the object as in the program: such a section has the same bytes in both.
	 */
	if (i < 0 && (br->obj_target < f->off || br->obj_target >= (uint64_t)f->off + f->size) &&
	    br->obj_target < f->sec->size)
		return br->obj_target - f->off == br->bin_target - addr;
	if (i < 0)
		return false;
	if (bin_of[i] == br->bin_target)
		return true;
	/* Either side may name the padding in front of the instruction, or somewhere in it. */
	while ((size_t)i < f->n_insns && f->insns[i].kind == INSN_NOP)
		i++;
	if ((size_t)i >= f->n_insns || br->bin_target < addr || br->bin_target - addr >= n)
		return false;
	at = br->bin_target - addr;
	own = bin_of[i] - addr;
	skip_pads(t, bin, n, f->insns[i].isa, &at);
	skip_pads(t, bin, n, f->insns[i].isa, &own);
	return own == at;
}

/* As which relocation it is matched: one against a slot is against what the slot holds. */
static uint32_t rel_type(const struct match_func *f, const struct target *t, const struct elf_rel *r)
{
	uint32_t sec = f->o->syms[r->sym].shndx;
	uint32_t by_slot = t->slot_rel && r->sym && sec < f->o->n_secs &&
					   !strcmp(f->o->secs[sec].name, t->slot_section)
				   ? t->slot_rel(r->type)
				   : 0;

	return by_slot ? by_slot : r->type;
}

static bool match_one_rel(const struct match_func *f, struct target_dis *dis, size_t i, size_t *r,
			  const uint8_t *bin, size_t n, uint64_t addr, size_t *b, size_t *obj_next,
			  struct walk *w, struct match *ret)
{
	const struct elf_sec *s = f->sec;
	const struct insn *in = &f->insns[i];
	size_t end = f->first_rel + f->n_rels, k;
	struct match_rel rels[4];
	struct rel_match m;

	for (k = 0; k < ARRAY_SIZE(rels) && *r + k < end; k++) {
		rels[k].type = rel_type(f, dis->t, &s->rels[*r + k]);
		rels[k].offset = (uint32_t)(s->rels[*r + k].offset - in->addr);
		rels[k].addend = s->rels[*r + k].addend;
	}
	dis->isa = in->isa;
	if (!dis->t->match_rel(dis, s->data + in->addr, f->off + f->size - in->addr, rels, k, bin + *b,
			       n - *b, addr + *b, &m))
		return false;
	/* Only the first relocation of a rewritten sequence tells an address: the second is the call of
	 * __tls_get_addr, which may be gone. */
	if (m.anchored && !s->rels[*r].has_anchor)
		return false;
	*VEC_PUSH(ret->refs, ret->n_refs, w->cap_refs) =
		(struct match_ref){(uint32_t)*r, m.kind, m.part, m.bits, m.anchored, m.form, m.value};
	if (m.has_second)
		*VEC_PUSH(ret->refs, ret->n_refs, w->cap_refs) =
			(struct match_ref){(uint32_t)*r + 1, m.second_kind, PART_WHOLE, 0, false,
					   FORM_AS_IS, m.second};
	*r += m.n_rels;
	*b += m.bin_len;
	*obj_next = in->addr + m.obj_len;
	return true;
}

/* Distances from anchors become addresses, now that it is known where the anchors are. */
static bool add_anchors(const struct match_func *f, const struct walk *w, struct match *m)
{
	for (size_t k = 0; k < m->n_refs; k++) {
		const struct elf_rel *r = &f->sec->rels[m->refs[k].rel];
		ssize_t i = m->refs[k].anchored ? insn_index(f, r->anchor) : -1;

		if (!m->refs[k].anchored)
			continue;
		if (i < 0)
			return false;
		m->refs[k].value += w->bin_of[i] + r->anchor_pc;
		if (f->o->elf_class == ELFCLASS32)
			m->refs[k].value = (uint32_t)m->refs[k].value;
	}
	return true;
}

/*
 * Where a linker left out an instruction that gives a register (part of) an address, nothing may take it
 * from there. Which instructions do, relocations tell: those that have that one for their anchor, else those
 * against the same symbol. True where that holds.
 */
static bool forms_agree(const struct match_func *f, const struct target *t, const struct match *m)
{
	for (size_t i = 0; i < m->n_refs; i++) {
		const struct elf_rel *gone = &f->sec->rels[m->refs[i].rel];

		for (size_t k = 0; m->refs[i].form == FORM_GONE && k < m->n_refs; k++) {
			const struct elf_rel *r = &f->sec->rels[m->refs[k].rel];
			const struct rel_info *ri = target_rel(t, r->type);

			if (m->refs[k].form != FORM_AS_IS)
				continue;
			if (r->has_anchor ? r->anchor == gone->offset :
					    r->sym == gone->sym && (ri->part != PART_WHOLE || ri->kind == REL_NONE))
				return false;
		}
	}
	return true;
}

/* Where in its symbol it points. */
static int64_t offset_of(const struct target *t, const struct elf_rel *r)
{
	uint32_t end = r->has_anchor ? (uint32_t)(r->anchor + r->anchor_pc - r->offset) : 0;

	return t->rel_offset(r->type, r->addend, end);
}

/* Sections that are taken to pieces: two offsets in one tell nothing of each other in the program. */
static bool in_pieces(const struct match_func *f, const struct target *t, const struct elf_rel *r)
{
	uint32_t sec = f->o->syms[r->sym].shndx;

	return sec && sec < f->o->n_secs &&
	       (f->o->secs[sec].flags & SHF_MERGE ||
		(t->slot_section && !strcmp(f->o->secs[sec].name, t->slot_section)));
}

/* May the two be parts of one value? A high part alone may not show what kind of thing that is. */
static bool are_parts(const struct match_func *f, const struct target *t, const struct match_ref *hi,
		      const struct match_ref *lo)
{
	const struct elf_rel *h = &f->sec->rels[hi->rel], *l = &f->sec->rels[lo->rel];

	if (h->sym != l->sym || (offset_of(t, h) != offset_of(t, l) && in_pieces(f, t, h)))
		return false;
	return hi->kind == lo->kind || target_rel(t, h->type)->kind == target_rel(t, l->type)->kind;
}

/*
 * High and low parts of one symbol's address are joined, in whatever order and number they come: each
 * high part with each low part must give the same symbol. What has no counterpart tells no address
 * (in hand-written code perhaps) and is left out. False where parts contradict each other.
 */
static bool join_parts(const struct match_func *f, const struct target *t, struct match *m)
{
	const struct elf_rel *rels = f->sec->rels;
	size_t n = 0;

	for (size_t i = 0; i < m->n_refs; i++) {
		struct match_ref *a = &m->refs[i];
		const struct elf_rel *ra = &rels[a->rel];

		for (size_t k = 0; a->part == PART_HI && k < m->n_refs; k++) {
			struct match_ref *b = &m->refs[k];
			const struct elf_rel *rb = &rels[b->rel];
			uint64_t mask = (1ULL << a->bits) - 1, whole;

			if (b->part != PART_LO || b->bits != a->bits || !are_parts(f, t, a, b))
				continue;
			/* what the high one refers to lies in [a->value, a->value + 2^bits) */
			whole = b->value - (uint64_t)offset_of(t, rb) + (uint64_t)offset_of(t, ra);
			a->value += (whole - a->value) & mask;
			a->part = PART_WHOLE;
			a->kind = b->kind;
		}
	}
	for (size_t i = 0; i < m->n_refs; i++) {
		struct match_ref *b = &m->refs[i];
		const struct elf_rel *rb = &rels[b->rel];

		for (size_t k = 0; b->part == PART_LO && k < m->n_refs; k++) {
			const struct match_ref *a = &m->refs[k];
			const struct elf_rel *ra = &rels[a->rel];
			uint64_t whole = a->value - (uint64_t)offset_of(t, ra) + (uint64_t)offset_of(t, rb);

			if (a->part != PART_WHOLE || !a->bits || a->kind != b->kind ||
			    !are_parts(f, t, a, b))
				continue;
			if ((whole ^ b->value) & ((1ULL << b->bits) - 1))
				return false;
			b->value = whole;
			b->part = PART_WHOLE;
			b->bits = 0;
		}
	}
	for (size_t i = 0; i < m->n_refs; i++)
		if (m->refs[i].part == PART_WHOLE && m->refs[i].kind != REL_NONE)
			m->refs[n++] = m->refs[i];
	m->n_refs = n;
	return true;
}

void match_free(struct match *m)
{
	free(m->refs);
	free(m->branches);
	free(m->moved);
	free(m->bin_of);
	memset(m, 0, sizeof(*m));
}

uint64_t match_place(const struct match_func *f, const struct match *m, uint64_t off)
{
	ssize_t i = insn_index(f, off);

	return i < 0 ? 0 : m->bin_of[i];
}

bool match_leads(const struct match_func *f, const struct match *m, const struct target *t, const uint8_t *bin,
		 size_t n, uint64_t obj_target, uint64_t bin_target)
{
	const struct branch br = {.obj_target = obj_target, .bin_target = bin_target};

	return target_maps(f, m->bin_of, &br, bin, n, m->addr, t);
}

struct table {		/* of branch targets, which the instruction before it uses */
	uint32_t form;	/* insn.cond; 0: there is none */
	uint64_t obj, bin;
};

static bool is_wide(uint32_t form)
{
	return form == TABLE_WIDE || form == INSN_TABLE_ISA;
}

static uint64_t entry_at(const uint8_t *p, uint32_t width)
{
	if (width == TABLE_WIDE)
		return (uint64_t)distance_at(p);
	return width == 1 ? p[0] : (uint64_t)p[0] | (uint64_t)p[1] << 8;
}

/* Entries are distances: they change with the sizes of the branches that they lead across. */
static bool match_table(const struct table *tb, const struct insn *in, const uint8_t *obj, const uint8_t *bin,
			size_t n, uint64_t at, const struct target *t, struct walk *w)
{
	uint32_t width = is_wide(tb->form) ? TABLE_WIDE : tb->form;
	uint64_t unit = is_wide(tb->form) ? 1 : t->insn_min, isa = tb->form == INSN_TABLE_ISA ? t->isa_mask : 0;

	if (!width || n < in->len || in->len % width)
		return false;
	for (size_t k = 0; k < in->len; k += width) {
		uint64_t x = entry_at(obj + k, width), y = entry_at(bin + k, width);

		if ((x ^ y) & isa)
			return false;
		*VEC_PUSH(w->branches, w->n_branches, w->cap_branches) = (struct branch){
			tb->obj + unit * (x & ~isa), tb->bin + unit * (y & ~isa), at, in->isa};
	}
	return true;
}

/* Is what stands here something else from the first instructions on? Padding may come before each but the first. */
static bool head_differs(const struct match_func *f, const struct target *t, const uint8_t *bin, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; at < f->head_len; at += f->insns[i++].len)
		for (size_t k = at; k < at + f->insns[i].len; k++)
			if ((bin[k] ^ f->head[k]) & f->head_mask[k])
				return !i || !t->pad_len(bin + at, n - at, f->insns[i].isa);
	return false;
}

/*
 * The assembler's own nop between those of a patchable entry and a first instruction that would cross a line.
 * Where it stands in the program depends on where the function lies.
 */
static size_t line_pad(const struct target *t, const struct insn *first, const uint8_t *bin, size_t n, uint64_t addr)
{
	if (!t->long_line || first->len <= t->insn_min || (addr + t->insn_min) % t->long_line)
		return 0;
	return t->pad_len(bin, n, first->isa);
}

/* Where the linker moved the instruction that stands at @addr in the object's code; 0: nowhere. */
static uint64_t moved_to(struct target_dis *dis, const struct insn *in, const uint8_t *bin, size_t n, uint64_t addr,
			 uint8_t out[TARGET_MAX_JUMP])
{
	return dis->t->moved && in->kind == INSN_OTHER ? dis->t->moved(dis, bin, n, addr, out) : 0;
}

bool match_at(const struct match_func *f, struct target_dis *dis, const uint8_t *bin, size_t n,
	      uint64_t addr, struct match *ret)
{
	const struct target *t = dis->t;
	const struct elf_sec *s = f->sec;
	size_t b = 0, r = f->first_rel, rel_end = f->first_rel + f->n_rels;
	struct table tb = {0};
	struct walk w = {0};
	bool good = false, begun = false;

	memset(ret, 0, sizeof(*ret));
	if (n < f->head_len || (t->isa_mask && !f->isa && addr % 4))
		return false;
	if (head_differs(f, t, bin, n))
		return false;
	w.bin_of = xcalloc(f->n_insns, sizeof(*w.bin_of));
	for (size_t i = 0; i < f->n_insns;) {
		const struct insn *in = &f->insns[i];
		uint8_t word[TARGET_MAX_JUMP];
		struct insn bi;
		uint64_t away;

		if (in->kind == INSN_NOP) {
			w.bin_of[i++] = addr + b;
			/* Of a jump that a tool made a nop of (objtool, for static branches) this is left. */
			while (r < rel_end && s->rels[r].offset < in->addr + in->len &&
			       target_rel(t, s->rels[r].type)->kind == REL_NONE)
				r++;
			/* A function may begin with nops on purpose (patchable entries): just those,
			 * or any of them could be its first. */
			if (begun)
				continue;
			if (n - b < in->len || memcmp(bin + b, s->data + in->addr, in->len))
				goto out;
			b += in->len;
			continue;
		}
		bool has_rel = r < rel_end && s->rels[r].offset < in->addr + in->len;
		size_t unpadded = b, padded;

		/* A TLS descriptor's call may have become a nop, which is then no padding. Nor is what
		 * stands in front of the whole function. */
		if (!(has_rel && target_rel(t, s->rels[r].type)->kind == REL_TLS_DESC_CALL) && begun &&
		    may_be_padded(f, i))
			skip_pads(t, bin, n, in->isa, &b);
		padded = b;
		if (b >= n)
			goto out;
		if (!begun && i)
			b += line_pad(t, in, bin + b, n - b, addr + b);
		if (b >= n)
			goto out;
		w.bin_of[i] = addr + b;
		away = moved_to(dis, in, bin + b, n - b, addr + b, word);
		if (away)
			*VEC_PUSH(ret->moved, ret->n_moved, ret->cap_moved) = away;
		if (away && has_rel) {
			size_t next, len = 0;

			if (!match_one_rel(f, dis, i, &r, word, in->len, addr + b, &len, &next, &w, ret) || len != in->len)
				goto out;
			begun = true;
			b += len;
			i++;
			continue;
		}
		if (away) {
			if (memcmp(word, s->data + in->addr, in->len))
				goto out;
			begun = true;
			b += in->len;
			i++;
			continue;
		}
		if (has_rel) {
			size_t next;

			/* A linker may have made a nop of it, which then is no padding: the first that
			 * may be it, as the next instruction may have become one, too. */
			while (!match_one_rel(f, dis, i, &r, bin, n, addr, &b, &next, &w, ret)) {
				if (b == padded)
					b = unpadded;
				else
					b += t->insn_min;
				if (b >= padded)
					goto out;
				w.bin_of[i] = addr + b;
			}
			/* What a linker left out at the very start begins nothing. */
			begun |= addr + b > w.bin_of[i];
			/* A rewritten sequence covers several instructions of the object. */
			while (i < f->n_insns && f->insns[i].addr < next) {
				if (!w.bin_of[i])
					w.bin_of[i] = addr + b;
				i++;
			}
			continue;
		}
		begun = true;
		if (in->kind != INSN_DATA)
			tb.form = 0;
		if (in->kind == INSN_DATA && in->cond) {
			/* What is aligned begins where it lies, which is where its address is taken. */
			if (in->cond == INSN_TABLE_ISA && in[-1].kind != INSN_DATA)
				tb = (struct table){tb.form, in->addr, addr + b};
			if (!match_table(&tb, in, s->data + in->addr, bin + b, n - b, addr + b, t, &w))
				goto out;
			b += in->len;
			i++;
			continue;
		}
		if (n - b >= in->len && !memcmp(bin + b, s->data + in->addr, in->len) &&
		    !is_branch(in)) {
			b += in->len;
			i++;
			if (in->kind == INSN_JUMP_IND && in->cond)
				tb = (struct table){in->cond, in->addr + in->len, addr + b};
			continue;
		}
		dis->isa = in->isa;
		if (!is_branch(in) || t->decode(dis, bin + b, n - b, addr + b, &bi) < 0 ||
		    bi.kind != in->kind || bi.cond != in->cond)
			goto out;
		*VEC_PUSH(w.branches, w.n_branches, w.cap_branches) =
			(struct branch){in->target & ~t->isa_mask, bi.target & ~t->isa_mask, addr + b, in->isa};
		b += bi.len;
		i++;
	}
	for (size_t k = 0; k < w.n_branches; k++)
		if (!target_maps(f, w.bin_of, &w.branches[k], bin, n, addr, t))
			goto out;
	ret->addr = addr;
	ret->size = b;
	good = forms_agree(f, t, ret) && add_anchors(f, &w, ret) && join_parts(f, t, ret);
	ret->branches = good ? xcalloc(w.n_branches + 1, sizeof(*ret->branches)) : NULL;
	for (size_t k = 0; k < w.n_branches && good; k++)
		ret->branches[ret->n_branches++] = (struct match_branch){
			w.branches[k].bin_at, w.branches[k].bin_target, w.branches[k].isa};
out:
	ret->bin_of = w.bin_of;
	free(w.branches);
	if (!good)
		match_free(ret);
	return good;
}
