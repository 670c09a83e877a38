// SPDX-License-Identifier: GPL-2.0-or-later
/* Sections, symbols, slots and stubs of the patch that is being linked. */
#include "build/linker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t psec_new(struct linker *l, const char *name, enum patch_sec_kind kind, uint64_t align)
{
	struct patch_sec *s = VEC_PUSH(l->out->secs, l->out->n_secs, l->out->cap_secs);

	s->name = xstrdup(name);
	s->kind = kind;
	s->align = align ? align : 1;
	return (uint32_t)l->out->n_secs - 1;
}

void psec_rel(struct patch_sec *s, uint64_t off, uint32_t type, uint32_t sym, int64_t addend)
{
	*VEC_PUSH(s->rels, s->n_rels, s->cap_rels) =
		(struct patch_rel){.offset = off, .type = type, .sym = sym, .addend = addend};
}

uint32_t psym_new(struct linker *l, const char *name, enum patch_sym_kind kind, uint64_t value)
{
	struct patch_sym *s;

	if (!l->out->n_syms) /* [0] stays unused, as in ELF */
		VEC_PUSH(l->out->syms, l->out->n_syms, l->out->cap_syms);
	s = VEC_PUSH(l->out->syms, l->out->n_syms, l->out->cap_syms);
	s->name = xstrdup(name);
	s->kind = kind;
	s->value = value;
	return (uint32_t)l->out->n_syms - 1;
}

uint32_t psym_def(struct linker *l, const char *name, uint32_t psec, uint64_t value, uint64_t size,
		  bool is_func)
{
	uint32_t i = psym_new(l, name, PSYM_DEF, value);
	struct patch_sym *s = &l->out->syms[i];

	s->sec = psec;
	s->size = size;
	s->is_func = is_func;
	return i;
}

uint32_t psym_copy(struct linker *l, const char *name, uint32_t psec, const struct elf_sym *y)
{
	uint32_t i = psym_def(l, name, psec, y->value, y->size, y->type == STT_FUNC);

	if (y->type == STT_FUNC)
		l->out->syms[i].isa = y->isa;
	return i;
}

uint32_t psym_object(struct linker *l, const char *name, uint64_t addr)
{
	for (uint32_t i = 1; i < l->out->n_syms; i++) {
		const struct patch_sym *s = &l->out->syms[i];

		if (s->kind == PSYM_OBJECT && s->value == addr && !strcmp(s->name, name))
			return i;
	}
	return psym_new(l, name, PSYM_OBJECT, addr);
}

static struct patch_sec *fixed_sec(struct linker *l, uint32_t *idx, const char *name,
				   enum patch_sec_kind kind, uint64_t align)
{
	if (!*idx)
		*idx = psec_new(l, name, kind, align) + 1;
	return &l->out->secs[*idx - 1];
}

static size_t grow(struct patch_sec *s, const void *p, size_t n, size_t align)
{
	size_t at = ALIGN_UP(s->size, align);

	s->data = xrealloc(s->data, at + n);
	memset(s->data + s->size, 0, at - s->size);
	if (p)
		memcpy(s->data + at, p, n);
	else
		memset(s->data + at, 0, n);
	s->size = at + n;
	return at;
}

static uint32_t new_slots(struct linker *l, uint32_t target, int64_t add, uint32_t second)
{
	struct patch_sec *s;
	struct slot *slot;
	char *name;
	size_t at, w = l->t->elf_class == ELFCLASS64 ? 8 : 4;

	for (size_t i = 0; i < l->n_got; i++)
		if (l->got[i].target == target && l->got[i].add == add && l->got[i].second == second)
			return l->got[i].sym;
	/* Read-only: the values are final before the image is mapped. */
	s = fixed_sec(l, &l->got_sec, ".got", PSEC_RODATA, 8);
	at = grow(s, NULL, second ? 2 * w : w, w);
	psec_rel(s, at, l->t->rel_abs, target, add);
	if (second)
		psec_rel(s, at + w, l->t->rel_abs, second, 0);
	name = xasprintf("got.%s", l->out->syms[second ? second : target].name);
	slot = VEC_PUSH(l->got, l->n_got, l->cap_got);
	slot->target = target;
	slot->add = add;
	slot->second = second;
	slot->sym = psym_def(l, name, l->got_sec - 1, at, second ? 2 * w : w, false);
	free(name);
	return slot->sym;
}

uint32_t got_slot(struct linker *l, uint32_t target, int64_t add)
{
	return new_slots(l, target, add, 0);
}

uint32_t got_pair(struct linker *l, uint32_t first, uint32_t second)
{
	return new_slots(l, first, 0, second);
}

uint32_t own_code(struct linker *l, const char *name, const uint8_t *code, size_t n)
{
	struct patch_sec *s = fixed_sec(l, &l->plt_sec, ".text.plt", PSEC_TEXT, 16);

	for (uint32_t i = 1; i < l->out->n_syms; i++) {
		const struct patch_sym *y = &l->out->syms[i];

		if (y->kind == PSYM_DEF && y->sec == l->plt_sec - 1 && !strcmp(y->name, name))
			return i;
	}
	return psym_def(l, name, l->plt_sec - 1, grow(s, code, n, 16), n, true);
}

/*
 * A compiler leaves the landing pad out where a function is only called directly, and a patch may be the
 * first to take its address. Its entry in the object stays without one; the patch's own pages are not guarded.
 */
uint32_t landing(struct linker *l, uint32_t sym)
{
	const struct patch_sym *y = &l->out->syms[sym];
	uint64_t left = 0;
	const uint8_t *p = l->po->is_guarded ? prove_code_at(l->po, y->value, &left) : NULL;
	uint8_t code[4];
	size_t n_rels;
	char *name;
	uint32_t i;

	if (!p || l->t->lands(p, left))
		return sym;
	name = xasprintf("landing.%s.%llx", y->name, (unsigned long long)y->value);
	put32(code, l->t->branch);
	i = own_code(l, name, code, sizeof(code));
	free(name);
	n_rels = l->out->secs[l->out->syms[i].sec].n_rels;
	for (size_t k = 0; k < n_rels; k++)
		if (l->out->secs[l->out->syms[i].sec].rels[k].offset == l->out->syms[i].value)
			return i;
	psec_rel(&l->out->secs[l->out->syms[i].sec], l->out->syms[i].value, l->t->rel_branch, sym, 0);
	return i;
}

uint32_t plt_stub(struct linker *l, uint32_t call, uint32_t slot_sym, const char *name)
{
	struct match_rel rels[TARGET_STUB_RELS];
	uint8_t code[TARGET_MAX_JUMP];
	struct patch_sec *s;
	struct slot *stub;
	char *stub_name;
	size_t at, n, n_rels;

	s = fixed_sec(l, &l->plt_sec, ".text.plt", PSEC_TEXT, 16);
	n = l->t->encode_stub(call, code, rels, &n_rels);
	for (size_t i = 0; i < l->n_plt; i++) {
		const struct patch_sym *y = &l->out->syms[l->plt[i].sym];

		if (l->plt[i].target == slot_sym && y->size == n && !memcmp(s->data + y->value, code, n))
			return l->plt[i].sym;
	}
	at = grow(s, code, n, 16);
	for (size_t i = 0; i < n_rels; i++)
		psec_rel(s, at + rels[i].offset, rels[i].type, slot_sym, rels[i].addend);
	stub_name = xasprintf("%s@plt", name);
	stub = VEC_PUSH(l->plt, l->n_plt, l->cap_plt);
	stub->target = slot_sym;
	stub->sym = psym_def(l, stub_name, l->plt_sec - 1, at, n, true);
	if (l->t->isa_mask)
		l->out->syms[stub->sym].isa = l->t->branch_isa(call) != 0;
	free(stub_name);
	return stub->sym;
}

static enum patch_sec_kind kind_of(const struct elf_sec *s)
{
	if (s->flags & SHF_EXECINSTR)
		return PSEC_TEXT;
	if (s->type == SHT_NOBITS)
		return PSEC_BSS;
	/* .data.rel.ro is written only by relocation, and ours is done before it is mapped. */
	if (!(s->flags & SHF_WRITE) || str_starts(s->name, ".data.rel.ro"))
		return PSEC_RODATA;
	return PSEC_DATA;
}

uint32_t include_section(struct linker *l, struct lunit *u, enum side side, uint32_t sec)
{
	const struct elf_obj *o = side_obj(u, side);
	const struct elf_sec *s = &o->secs[sec];
	struct patch_sec *ps;
	uint32_t psec;
	char *name;

	if (u->sec_of[side][sec])
		return u->sec_of[side][sec] - 1;
	name = xasprintf("%s%s", s->name, side == SIDE_NEW ? "" : ".old");
	psec = psec_new(l, name, kind_of(s), s->align);
	free(name);
	ps = &l->out->secs[psec];
	ps->size = s->size;
	if (ps->kind != PSEC_BSS)
		ps->data = xmemdup(s->data, s->size);
	u->sec_of[side][sec] = psec + 1;
	*VEC_PUSH(l->todo, l->n_todo, l->cap_todo) = (struct pending){u, side, sec, psec};
	/* Its symbols come along, so that tools can name what they see. */
	for (uint32_t i = 1; i < o->n_syms; i++) {
		const struct elf_sym *y = &o->syms[i];
		bool func = y->type == STT_FUNC;
		uint32_t at;

		if (y->shndx != sec || (!func && y->type != STT_OBJECT) || !*y->name)
			continue;
		name = xasprintf("%s%s", y->name, side == SIDE_NEW ? "" : ".old");
		at = psym_copy(l, name, psec, y);
		l->out->syms[at].other = y->other & 0xe0;
		free(name);
	}
	return psec;
}

static uint32_t constant_sym(struct linker *l, uint32_t psec, uint64_t at, uint64_t n)
{
	for (uint32_t i = 1; i < l->out->n_syms; i++) {
		const struct patch_sym *y = &l->out->syms[i];

		if (y->kind == PSYM_DEF && y->sec == psec && y->value == at && y->size == n)
			return i;
	}
	return psym_def(l, ".LC", psec, at, n, false);
}

uint32_t include_constant(struct linker *l, struct lunit *u, enum side side, const struct ref *r,
			  int64_t *ret_off)
{
	const struct elf_sec *s = &side_obj(u, side)->secs[r->sec];
	uint64_t from, n, w = s->entsize ? s->entsize : 1;
	char name[64];
	uint32_t psec;
	size_t at;

	/* The piece begins at the label that the code used, wherever in or near it it points. */
	if (r->base < 0 || (uint64_t)r->base >= s->size || !s->data)
		return 0;
	from = (uint64_t)r->base;
	if (s->flags & SHF_STRINGS) {
		static const uint8_t zero[8];

		for (n = w; from + n <= s->size && w <= 8; n += w)
			if (!memcmp(s->data + from + n - w, zero, w))
				break;
		n = MIN(n, s->size - from);
		*ret_off = r->off - (int64_t)from;
	} else {
		from -= from % w;
		n = MIN(w, s->size - from);
		*ret_off = r->off - (int64_t)from;
	}
	snprintf(name, sizeof(name), ".rodata.%s%u.%u", s->flags & SHF_STRINGS ? "str" : "cst",
		 (unsigned)w, (unsigned)s->align);
	/* Equal constants share one place: strings repeat a lot (assertions, file names). */
	for (uint32_t i = 0; i < l->out->n_secs; i++) {
		struct patch_sec *ps = &l->out->secs[i];

		if (strcmp(ps->name, name))
			continue;
		for (at = 0; at + n <= ps->size; at += s->align)
			if (!memcmp(ps->data + at, s->data + from, n))
				return constant_sym(l, i, at, n);
		at = grow(ps, s->data + from, n, s->align);
		return constant_sym(l, i, at, n);
	}
	psec = psec_new(l, name, PSEC_RODATA, s->align);
	at = grow(&l->out->secs[psec], s->data + from, n, s->align);
	return constant_sym(l, psec, at, n);
}

bool points_into_patch(struct linker *l, struct lunit *u, enum side side, uint32_t sec)
{
	const struct elf_obj *o = side_obj(u, side);
	const struct ref *refs = side_refs(u, side, sec);
	const struct elf_sec *s = &o->secs[sec];

	for (size_t i = 0; refs && i < s->n_rels; i++) {
		uint32_t to = refs[i].sec;

		if (!to || !(o->secs[to].flags & SHF_EXECINSTR) || !u->sec_of[side][to])
			continue;
		/* A whole function's address stays the original's; a label inside is the copy's own. */
		if (refs[i].info->kind == REL_PC || refs[i].off != 0)
			return true;
	}
	return false;
}
