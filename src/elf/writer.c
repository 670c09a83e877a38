// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/writer.h"
#include "elf/wire.h"

#include <stdlib.h>
#include <string.h>

void elf_out_init(struct elf_out *o, uint16_t machine, uint8_t elf_class, uint32_t e_flags)
{
	memset(o, 0, sizeof(*o));
	o->machine = machine;
	o->elf_class = elf_class;
	o->e_flags = e_flags;
	/* Of the four, the 32-bit one keeps addends in the places themselves. */
	o->rela = elf_class == ELFCLASS64;
	VEC_PUSH(o->secs, o->n_secs, o->cap_secs)->name = xstrdup("");
	VEC_PUSH(o->syms, o->n_syms, o->cap_syms)->name = xstrdup("");
}

uint32_t elf_out_sec(struct elf_out *o, const char *name, uint32_t type, uint64_t flags, uint64_t align)
{
	struct elf_out_sec *s = VEC_PUSH(o->secs, o->n_secs, o->cap_secs);

	s->name = xstrdup(name);
	s->type = type;
	s->flags = flags;
	s->align = align ? align : 1;
	return (uint32_t)o->n_secs - 1;
}

uint32_t elf_out_find(const struct elf_out *o, const char *name)
{
	for (uint32_t i = 1; i < o->n_secs; i++)
		if (o->secs[i].type != SHT_NULL && !strcmp(o->secs[i].name, name))
			return i;
	return 0;
}

uint32_t elf_out_sym(struct elf_out *o, const char *name, uint32_t shndx, uint64_t value, uint64_t size,
		     uint8_t type, uint8_t bind)
{
	struct elf_out_sym *y = VEC_PUSH(o->syms, o->n_syms, o->cap_syms);

	y->name = xstrdup(name);
	y->shndx = shndx;
	y->value = value;
	y->size = size;
	y->type = type;
	y->bind = bind;
	return (uint32_t)o->n_syms - 1;
}

uint32_t elf_out_sec_sym(struct elf_out *o, uint32_t sec)
{
	for (uint32_t i = 1; i < o->n_syms; i++)
		if (o->syms[i].type == STT_SECTION && o->syms[i].shndx == sec && !o->syms[i].dropped)
			return i;
	return elf_out_sym(o, "", sec, 0, 0, STT_SECTION, STB_LOCAL);
}

struct elf_out_rels *elf_out_rels(struct elf_out *o, uint32_t sec, const char *name, uint64_t flags)
{
	struct elf_out_rels *r;

	for (size_t i = 0; i < o->n_rels; i++)
		if (o->rels[i].sec == sec && (name ? o->rels[i].name && !strcmp(o->rels[i].name, name)
						   : !o->rels[i].name))
			return &o->rels[i];
	r = VEC_PUSH(o->rels, o->n_rels, o->cap_rels);
	r->name = name ? xstrdup(name) : NULL;
	r->sec = sec;
	r->flags = flags;
	return r;
}

void elf_out_rel(struct elf_out *o, uint32_t sec, uint64_t offset, uint32_t type, uint32_t sym, int64_t addend)
{
	struct elf_out_rels *r = elf_out_rels(o, sec, NULL, 0);

	*VEC_PUSH(r->v, r->n, r->cap) = (struct elf_out_rel){offset, type, sym, addend};
}

static bool is_table(uint32_t type)
{
	return type == SHT_RELA || type == SHT_REL || type == SHT_SYMTAB || type == SHT_STRTAB ||
	       type == SHT_SYMTAB_SHNDX || type == SHT_GROUP;
}

void elf_out_copy(struct elf_out *o, const struct elf_obj *from)
{
	elf_out_init(o, from->machine, from->elf_class, from->e_flags);
	for (size_t i = 1; i < from->n_secs; i++) {
		const struct elf_sec *s = &from->secs[i];
		uint32_t k = elf_out_sec(o, s->name, is_table(s->type) ? SHT_NULL : s->type, s->flags, s->align);

		o->secs[k].entsize = s->entsize;
		o->secs[k].link = s->link;
		o->secs[k].info = s->info;
		if (is_table(s->type))
			continue;
		if (s->type == SHT_NOBITS)
			o->secs[k].bss = s->size;
		else
			buf_add(&o->secs[k].data, s->data, s->size);
	}
	for (size_t i = 1; i < from->n_syms; i++) {
		const struct elf_sym *y = &from->syms[i];
		uint32_t k = elf_out_sym(o, y->type == STT_SECTION ? "" : y->name, y->shndx, y->value | y->isa,
					 y->size, y->type, y->bind);

		o->syms[k].other = y->other;
	}
	for (size_t i = 1; i < from->n_secs; i++)
		for (size_t k = 0; k < from->secs[i].n_rels; k++) {
			const struct elf_rel *r = &from->secs[i].rels[k];

			elf_out_rel(o, (uint32_t)i, r->offset, r->type, r->sym, r->addend);
		}
}

/* What is known of one section header while the file is laid out. */
struct header {
	uint32_t name, type, link, info;
	uint64_t flags, offset, size, align, entsize;
};

struct layout {
	struct elf_out *o;
	struct buf *out;
	struct buf names;	/* .shstrtab */
	struct header *v;
	size_t n, cap;
	uint32_t *sec_to;	/* [elf_out section] -> index in the file */
	uint32_t *sym_to;	/* [elf_out symbol] -> index in the file */
};

static struct header *header(struct layout *l, const char *name, uint32_t type, uint64_t align)
{
	struct header *h = VEC_PUSH(l->v, l->n, l->cap);

	h->name = (uint32_t)buf_addstr(&l->names, name);
	h->type = type;
	h->align = align;
	buf_align(l->out, align, 0);
	h->offset = l->out->n;
	return h;
}

static void write_rels(struct layout *l, const struct elf_out_rels *r, uint32_t symtab)
{
	const struct elf_out *o = l->o;
	char *name = r->name ? xstrdup(r->name)
			     : xasprintf("%s%s", o->rela ? ".rela" : ".rel", o->secs[r->sec].name);
	struct header *h = header(l, name, o->rela ? SHT_RELA : SHT_REL, wire_word(o->elf_class));

	free(name);
	h->flags = SHF_INFO_LINK | r->flags;
	h->link = symtab;
	h->info = l->sec_to[r->sec];
	h->entsize = wire_size(o->rela ? WIRE_RELA : WIRE_REL, o->elf_class);
	h->size = r->n * h->entsize;
	for (size_t i = 0; i < r->n; i++) {
		const struct elf_out_rel *e = &r->v[i];
		uint32_t sym = l->sym_to[e->sym];

		if (o->elf_class == ELFCLASS64) {
			Elf64_Rela x = {e->offset, ELF64_R_INFO((uint64_t)sym, e->type), e->addend};

			buf_add(l->out, &x, h->entsize);
		} else {
			Elf32_Rela x = {(uint32_t)e->offset, ELF32_R_INFO(sym, e->type),
					(int32_t)e->addend};

			buf_add(l->out, &x, h->entsize);
		}
	}
}

static void write_symbols(struct layout *l, uint32_t symtab)
{
	struct elf_out *o = l->o;
	struct buf strings = {0};
	struct header *h = header(l, ".symtab", SHT_SYMTAB, wire_word(o->elf_class));
	uint8_t raw[sizeof(Elf64_Sym)];
	uint32_t n = 0, locals = 0;

	h->link = symtab + 1;
	h->entsize = wire_size(WIRE_SYM, o->elf_class);
	buf_addstr(&strings, "");
	for (int global = 0; global < 2; global++) {
		for (size_t i = 0; i < o->n_syms; i++) {
			const struct elf_out_sym *y = &o->syms[i];
			Elf64_Sym e = {.st_value = y->value, .st_size = y->size, .st_other = y->other,
				       .st_info = ELF64_ST_INFO(y->bind, y->type)};

			if (y->dropped || (y->bind != STB_LOCAL) != global)
				continue;
			e.st_name = *y->name ? (uint32_t)buf_addstr(&strings, y->name) : 0;
			e.st_shndx = (uint16_t)(y->shndx < o->n_secs ? l->sec_to[y->shndx] : y->shndx);
			l->sym_to[i] = n++;
			buf_add(l->out, raw, wire_put_sym(raw, o->elf_class, &e));
		}
		locals = global ? locals : n;
	}
	h = &l->v[symtab];
	h->info = locals;
	h->size = l->out->n - h->offset;
	h = header(l, ".strtab", SHT_STRTAB, 1);
	h->size = strings.n;
	buf_add(l->out, strings.p, strings.n);
	buf_free(&strings);
}

static void write_headers(struct layout *l)
{
	const struct elf_out *o = l->o;
	Elf64_Ehdr eh = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, o->elf_class, ELFDATA2LSB, EV_CURRENT},
			 .e_type = ET_REL, .e_machine = o->machine, .e_version = EV_CURRENT,
			 .e_flags = o->e_flags};
	uint8_t raw[sizeof(Elf64_Shdr)];
	struct header *h = header(l, ".shstrtab", SHT_STRTAB, 1);

	h->size = l->names.n;
	buf_add(l->out, l->names.p, l->names.n);
	buf_align(l->out, 8, 0);
	eh.e_shoff = l->out->n;
	eh.e_ehsize = (uint16_t)wire_size(WIRE_EHDR, o->elf_class);
	eh.e_shentsize = (uint16_t)wire_size(WIRE_SHDR, o->elf_class);
	eh.e_shnum = (uint16_t)l->n;
	eh.e_shstrndx = (uint16_t)(l->n - 1);
	for (size_t i = 0; i < l->n; i++) {
		const struct header *s = &l->v[i];
		Elf64_Shdr e = {s->name, s->type, s->flags, 0, s->offset, s->size, s->link, s->info, s->align,
				s->entsize};

		buf_add(l->out, raw, wire_put_shdr(raw, o->elf_class, &e));
	}
	wire_put_ehdr(raw, o->elf_class, &eh);
	memcpy(l->out->p, raw, eh.e_ehsize);
}

void elf_out_write(struct elf_out *o, struct buf *ret)
{
	struct layout l = {.o = o, .out = ret};
	uint32_t symtab;

	l.sec_to = xcalloc(o->n_secs, sizeof(*l.sec_to));
	l.sym_to = xcalloc(o->n_syms, sizeof(*l.sym_to));
	buf_add(ret, NULL, wire_size(WIRE_EHDR, o->elf_class));
	buf_addstr(&l.names, "");
	VEC_PUSH(l.v, l.n, l.cap);
	for (size_t i = 1; i < o->n_secs; i++) {
		const struct elf_out_sec *s = &o->secs[i];
		struct header *h;

		if (s->type == SHT_NULL)
			continue;
		h = header(&l, s->name, s->type, s->align ? s->align : 1);
		h->flags = s->flags & ~(uint64_t)SHF_GROUP;
		h->entsize = s->entsize;
		h->info = s->info;
		h->size = s->type == SHT_NOBITS ? s->bss : s->data.n;
		l.sec_to[i] = (uint32_t)l.n - 1;
		buf_add(ret, s->data.p, s->type == SHT_NOBITS ? 0 : s->data.n);
	}
	/* A section may name one that comes later. */
	for (size_t i = 1; i < o->n_secs; i++)
		if (l.sec_to[i] && o->secs[i].link < o->n_secs)
			l.v[l.sec_to[i]].link = l.sec_to[o->secs[i].link];
	symtab = (uint32_t)l.n;
	write_symbols(&l, symtab);
	for (size_t i = 0; i < o->n_rels; i++)
		if (o->rels[i].n && l.sec_to[o->rels[i].sec])
			write_rels(&l, &o->rels[i], symtab);
	write_headers(&l);
	buf_free(&l.names);
	free(l.v);
	free(l.sec_to);
	free(l.sym_to);
}

void elf_out_free(struct elf_out *o)
{
	for (size_t i = 0; i < o->n_secs; i++) {
		free(o->secs[i].name);
		buf_free(&o->secs[i].data);
	}
	for (size_t i = 0; i < o->n_rels; i++) {
		free(o->rels[i].name);
		free(o->rels[i].v);
	}
	for (size_t i = 0; i < o->n_syms; i++)
		free(o->syms[i].name);
	free(o->secs);
	free(o->rels);
	free(o->syms);
	memset(o, 0, sizeof(*o));
}
