// SPDX-License-Identifier: GPL-2.0-or-later
/* Ranges of the patched objects' sections, as they go into the module. */
#include "kernel/mlink.h"

#include <string.h>

/* Where the next thing begins that anything loaded refers to: the end of an anonymous piece. */
static uint64_t cut_after(const struct elf_obj *o, uint32_t sec, uint64_t off)
{
	uint64_t end = o->secs[sec].size;

	for (size_t i = 1; i < o->n_secs; i++) {
		const struct elf_sec *s = &o->secs[i];

		for (size_t k = 0; s->flags & SHF_ALLOC && k < s->n_rels; k++) {
			uint32_t to;
			uint64_t at;

			if (!special_place(o, s, &s->rels[k], &to, &at) || to != sec)
				continue;
			/* Fields of instructions are four bytes before the end that they count from. */
			at += s->flags & SHF_EXECINSTR && o->machine == EM_X86_64 ? 4 : 0;
			if (at > off && at < end)
				end = at;
		}
	}
	return end;
}

/* ppc64le: the distance to the TOC stands before functions that begin with `ld r2,-8(r12)`. */
static bool has_toc_word(const struct elf_obj *o, const struct elf_sec *s, uint64_t func)
{
	const struct elf_rel *r = o->machine == EM_PPC64 && func >= 8 ? elf_sec_rel_at(s, func - 8) : NULL;

	return r && !strcmp(o->syms[r->sym].name, ".TOC.");
}

/* The range of a section that is one thing with the byte at @off. */
static void piece_range(const struct elf_obj *o, uint32_t sec, uint64_t off, uint64_t *from, uint64_t *to)
{
	const struct elf_sec *s = &o->secs[sec];
	const struct special *k = special_find(s->name, o->machine);
	uint64_t w = s->entsize ? s->entsize : 1;
	uint32_t first = 0, cover;
	bool several = false;

	*from = 0;
	*to = s->size;
	if (k && k->role == SPECIAL_PIECES) {
		*from = MIN(off, s->size);
		*to = cut_after(o, sec, *from);
		return;
	}
	if (s->flags & SHF_MERGE && s->data) {
		*from = MIN(off, s->size) / w * w;
		if (!(s->flags & SHF_STRINGS)) {
			*to = MIN(*from + w, s->size);
			return;
		}
		for (*to = *from + w; *to <= s->size; *to += w) {
			static const uint8_t zero[8];

			if (w > sizeof(zero) || !memcmp(s->data + *to - w, zero, w))
				break;
		}
		*to = MIN(*to, s->size);
		return;
	}
	for (uint32_t i = 1; i < o->n_syms && !several; i++) {
		const struct elf_sym *y = &o->syms[i];

		if (y->shndx != sec || (y->type != STT_FUNC && y->type != STT_OBJECT))
			continue;
		several = first && o->syms[first].value != y->value;
		first = first ? first : i;
	}
	cover = several ? sym_covering(o, sec, off) : 0;
	if (cover && o->syms[cover].size) {
		*from = o->syms[cover].value;
		*to = *from + o->syms[cover].size;
		if (has_toc_word(o, s, *from))
			*from -= 8;
	}
}

struct piece *piece_find(struct mlink *l, size_t u, uint32_t sec, uint64_t off)
{
	for (size_t i = 0; i < l->n_pieces; i++) {
		struct piece *p = &l->pieces[i];

		if (p->unit == u && p->sec == sec && off >= p->from &&
		    (off < p->to || (off == p->to && (p->whole || p->from == p->to))))
			return p;
	}
	return NULL;
}

/*
 * Of a module only the section of this very name has a copy for each CPU. What code of vmlinux has in others beside it,
 * which the kernel's linker script puts together (for alignment, or as it is mostly read), goes there.
 */
static const char *name_of_section(const char *name)
{
	static const char per_cpu[] = ".data..percpu";

	return str_starts(name, per_cpu) ? per_cpu : name;
}

struct piece *piece_take(struct mlink *l, size_t u, uint32_t sec, uint64_t off)
{
	struct kbuild_unit *ku = unit_of(l, u);
	const struct elf_sec *s = &ku->new->secs[sec];
	struct piece *p = piece_find(l, u, sec, off);
	struct elf_out *out = &l->m->out;
	struct elf_out_sec *os;
	bool shared;

	if (p)
		return p;
	p = VEC_PUSH(l->pieces, l->n_pieces, l->cap_pieces);
	p->unit = u;
	p->sec = sec;
	piece_range(ku->new, sec, off, &p->from, &p->to);
	p->whole = !p->from && p->to == s->size;
	/* Small things of one kind lie together; functions and variables have sections of their own. */
	shared = s->flags & SHF_MERGE || special_find(s->name, ku->new->machine);
	p->out = shared ? elf_out_find(out, s->name) : 0;
	if (!p->out) {
		p->out = elf_out_sec(out, name_of_section(s->name), s->type,
				     s->flags & (SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR | SHF_MERGE | SHF_STRINGS),
				     s->align);
		out->secs[p->out].entsize = s->entsize;
	}
	os = &out->secs[p->out];
	os->align = MAX(os->align, s->align);
	if (s->type == SHT_NOBITS) {
		p->at = ALIGN_UP(os->bss, s->align ? s->align : 1);
		os->bss = p->at + (p->to - p->from);
	} else {
		uint64_t a = s->align ? s->align : 1;

		/* The alignment that it had, whatever it was within its section. */
		while (p->from && a > 1 && p->from % a)
			a /= 2;
		buf_align(&os->data, a, s->flags & SHF_EXECINSTR ? 0x90 : 0);
		p->at = buf_add(&os->data, s->data + p->from, p->to - p->from);
	}
	for (uint32_t i = 1; i < ku->new->n_syms; i++) {
		const struct elf_sym *y = &ku->new->syms[i];

		if (y->shndx == sec && (y->type == STT_FUNC || y->type == STT_OBJECT) && *y->name &&
		    y->value >= p->from && y->value < p->to)
			elf_out_sym(out, y->name, p->out, p->at + (y->value | y->isa) - p->from, y->size, y->type,
				    STB_LOCAL);
	}
	return p;
}
