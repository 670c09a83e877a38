// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions with a section attribute (__sched, __kprobes, __cpuidle, __softirq_entry, noinstr) share that
 * section, whatever -ffunction-sections says, and the assembler resolves calls among them by itself. Such a
 * function could not be taken out: nothing says what its calls lead to, and with every insertion before them
 * all of them would look changed. So the relocation that the assembler saved is put back.
 *
 * Not on arm: its assembler leaves all of them, as calls may have to change the instruction set.
 */
#include "kernel/explicit.h"
#include "build/diff/ref.h"
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

struct branch {			/* of an architecture with instructions of four bytes */
	uint16_t machine;
	uint32_t mask, bits;	/* which instruction */
	uint32_t field;		/* its displacement */
	uint32_t type;		/* what an assembler writes */
};

static const struct branch branches[] = {
	{EM_AARCH64, 0xfc000000, 0x14000000, 0x03ffffff, R_AARCH64_JUMP26},   /* b */
	{EM_AARCH64, 0xfc000000, 0x94000000, 0x03ffffff, R_AARCH64_CALL26},   /* bl */
	{EM_AARCH64, 0xff000010, 0x54000000, 0x00ffffe0, R_AARCH64_CONDBR19}, /* b.cond */
	{EM_AARCH64, 0x7e000000, 0x34000000, 0x00ffffe0, R_AARCH64_CONDBR19}, /* cbz, cbnz */
	{EM_PPC64, 0xfc000002, 0x48000000, 0x03fffffc, R_PPC64_REL24},	      /* b, bl */
};

/*
 * What the assembler would have written for the branch at @p, whose displacement is cleared then: so it is in
 * objects. 0: none that could be moved.
 */
static uint32_t take_branch(uint16_t machine, const struct insn *in, uint8_t *p)
{
	uint32_t word;

	if (machine == EM_X86_64) {
		if (in->field_len != 4)
			return 0;
		memset(p + in->field_off, 0, 4);
		return R_X86_64_PLT32;
	}
	memcpy(&word, p, sizeof(word));
	for (size_t i = 0; i < ARRAY_SIZE(branches); i++) {
		if (branches[i].machine != machine || (word & branches[i].mask) != branches[i].bits)
			continue;
		word &= ~branches[i].field;
		memcpy(p, &word, sizeof(word));
		return branches[i].type;
	}
	return 0;
}

static bool is_branch(const struct insn *in)
{
	return in->kind == INSN_CALL || in->kind == INSN_JUMP || in->kind == INSN_COND;
}

static void add_rel(struct elf_sec *s, const struct elf_rel *r)
{
	s->rels = xrealloc(s->rels, (s->n_rels + 1) * sizeof(*s->rels));
	s->rels[s->n_rels++] = *r;
}

static int by_offset(const void *a, const void *b)
{
	const struct elf_rel *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static bool has_rel(const struct elf_sec *s, size_t n, uint64_t from, uint64_t to)
{
	/* The first @n are the section's own, in order. */
	for (size_t lo = 0, hi = n; lo < hi;) {
		size_t mid = (lo + hi) / 2;

		if (s->rels[mid].offset >= to)
			hi = mid;
		else if (s->rels[mid].offset < from)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

static void walk_function(struct elf_obj *o, struct elf_sec *s, size_t n_own, const struct elf_sym *y,
			  struct target_dis *dis, const struct target *t)
{
	uint64_t to = MIN(y->value + y->size, s->size);

	for (uint64_t at = y->value; at < to;) {
		struct elf_rel r = {.offset = at};
		struct insn in;

		if (t->decode(dis, s->data + at, to - at, at, &in) < 0 || !in.len) {
			at += t->insn_min;
			continue;
		}
		r.offset += in.field_off;
		at += in.len;
		if (!is_branch(&in) || !in.has_target || !in.field_len || in.target >= s->size ||
		    (in.target >= y->value && in.target < to) ||
		    has_rel(s, n_own, r.offset, r.offset + in.field_len))
			continue;
		r.sym = sym_covering(o, s->idx, in.target);
		/* The file in memory is the object's own. */
		r.type = r.sym ? take_branch(o->machine, &in, (uint8_t *)s->data + in.addr) : 0;
		if (!r.type)
			continue;
		r.addend = (int64_t)(in.target - o->syms[r.sym].value);
		/* The psABI counts from the field, the processor from behind the instruction. */
		if (o->machine == EM_X86_64)
			r.addend -= (int64_t)(at - r.offset);
		add_rel(s, &r);
	}
}

void explicit_branches(struct elf_obj *o)
{
	const struct target *t = target_find(o->machine);
	struct target_dis *dis = target_dis_open(t);
	size_t *n = xcalloc(o->n_secs, sizeof(*n)), *own = xcalloc(o->n_secs, sizeof(*own));

	for (size_t i = 1; i < o->n_secs; i++)
		own[i] = o->secs[i].n_rels;
	for (size_t i = 1; i < o->n_syms && dis; i++)
		if (o->syms[i].type == STT_FUNC && o->syms[i].shndx < o->n_secs)
			n[o->syms[i].shndx]++;
	for (size_t i = 1; i < o->n_syms && dis; i++) {
		const struct elf_sym *y = &o->syms[i];
		struct elf_sec *s = y->type == STT_FUNC && y->shndx < o->n_secs ? &o->secs[y->shndx] : NULL;

		/* Two names of one place are walked once. */
		if (!s || n[y->shndx] < 2 || !s->data || sym_covering(o, s->idx, y->value) != i)
			continue;
		dis->sec = s;
		walk_function(o, s, own[y->shndx], y, dis, t);
	}
	for (size_t i = 1; i < o->n_secs; i++)
		if (o->secs[i].n_rels > own[i])
			qsort(o->secs[i].rels, o->secs[i].n_rels, sizeof(*o->secs[i].rels), by_offset);
	if (dis)
		target_dis_close(dis);
	free(own);
	free(n);
}
