// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing a patch as an ELF relocatable.
 *
 * By hand, not through libelf: the same patch has to give the same bytes with every version of
 * every library, because the digest (and later the signature) covers each of them. format.h has
 * the layout. Both ELF classes come from one path: the fields are the same, their widths are not.
 */
#include "patch/format.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

struct writer {
	struct buf *out;
	bool is64;
	struct buf shdrs, strtab, shstrtab, syms;
	uint32_t n_shdrs;
};

static void put(struct buf *b, uint64_t v, size_t n)
{
	uint8_t p[8];

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
	buf_add(b, p, n);
}

/* A field that is as wide as an address of the class. */
static void put_addr(struct writer *w, struct buf *b, uint64_t v)
{
	put(b, v, w->is64 ? 8 : 4);
}

static void put_shdr(struct writer *w, const char *name, uint32_t type, uint64_t flags,
		     uint64_t offset, uint64_t size, uint32_t link, uint32_t info, uint64_t align,
		     uint64_t entsize)
{
	struct buf *b = &w->shdrs;

	put(b, *name ? buf_addstr(&w->shstrtab, name) : 0, 4);
	put(b, type, 4);
	put_addr(w, b, flags);
	put_addr(w, b, 0);
	put_addr(w, b, offset);
	put_addr(w, b, size);
	put(b, link, 4);
	put(b, info, 4);
	put_addr(w, b, align);
	put_addr(w, b, entsize);
	w->n_shdrs++;
}

/* Adds content and its header. */
static void put_section(struct writer *w, const char *name, uint32_t type, uint64_t flags,
			const void *data, size_t n, uint32_t link, uint32_t info, uint64_t align,
			uint64_t entsize)
{
	uint64_t at;

	buf_align(w->out, align ? align : 1, 0);
	at = w->out->n;
	if (n)
		buf_add(w->out, data, n);
	put_shdr(w, name, type, flags, at, n, link, info, align, entsize);
}

static void put_sym(struct writer *w, const char *name, uint64_t value, uint64_t size, uint8_t info,
		    uint8_t other, uint16_t shndx)
{
	struct buf *b = &w->syms;
	uint32_t at = *name ? (uint32_t)buf_addstr(&w->strtab, name) : 0;

	put(b, at, 4);
	if (w->is64) {
		put(b, info, 1);
		put(b, other, 1);
		put(b, shndx, 2);
		put(b, value, 8);
		put(b, size, 8);
	} else {
		put(b, value, 4);
		put(b, size, 4);
		put(b, info, 1);
		put(b, other, 1);
		put(b, shndx, 2);
	}
}

char *patch_sec_name(const struct patch *p, size_t obj, const char *name)
{
	return p->n_objects > 1 ? xasprintf(".o%zu%s", obj, name) : xstrdup(name);
}

uint64_t patch_sec_flags(enum patch_sec_kind kind)
{
	switch (kind) {
	case PSEC_TEXT:
		return SHF_ALLOC | SHF_EXECINSTR;
	case PSEC_DATA:
	case PSEC_BSS:
		return SHF_ALLOC | SHF_WRITE;
	case PSEC_RODATA:
	case PSEC_EHFRAME:
		break;
	}
	return SHF_ALLOC;
}

uint32_t patch_sec_type(enum patch_sec_kind kind)
{
	return kind == PSEC_BSS ? SHT_NOBITS : SHT_PROGBITS;
}

static void put_symbols(struct writer *w, const struct patch *p, uint32_t **map,
			uint32_t *ret_locals)
{
	uint32_t next = 1, base = 1;

	put_sym(w, "", 0, 0, 0, STV_DEFAULT, SHN_UNDEF);
	for (size_t i = 0; i < p->n_objects; i++) {
		const struct patch_object *o = &p->objects[i];

		map[i] = xcalloc(o->n_syms, sizeof(**map));
		for (size_t k = 1; k < o->n_syms; k++) {
			const struct patch_sym *y = &o->syms[k];

			if (y->kind != PSYM_DEF)
				continue;
			map[i][k] = next++;
			put_sym(w, y->name, y->value | y->isa, y->size,
				ELF64_ST_INFO(STB_LOCAL, y->is_func ? STT_FUNC : STT_OBJECT), y->other,
				(uint16_t)(base + y->sec));
		}
		base += (uint32_t)o->n_secs;
	}
	*ret_locals = next;
	for (size_t i = 0; i < p->n_objects; i++) {
		const struct patch_object *o = &p->objects[i];

		for (size_t k = 1; k < o->n_syms; k++) {
			const struct patch_sym *y = &o->syms[k];
			bool abs = y->kind == PSYM_OBJECT || y->kind == PSYM_ABS;

			if (y->kind == PSYM_DEF)
				continue;
			map[i][k] = next++;
			/* A slot's value is not the symbol's: only the manifest has it. */
			put_sym(w, y->name, abs ? y->value : 0, abs ? y->size : 0,
				ELF64_ST_INFO(y->is_weak ? STB_WEAK : STB_GLOBAL,
					      y->is_func ? STT_FUNC : STT_NOTYPE),
				STV_DEFAULT, abs ? SHN_ABS : SHN_UNDEF);
		}
	}
}

static void put_relocs(struct writer *w, const struct patch *p, uint32_t *const *map,
		       uint32_t symtab)
{
	uint32_t base = 1;

	for (size_t i = 0; i < p->n_objects; i++) {
		const struct patch_object *o = &p->objects[i];

		for (size_t k = 0; k < o->n_secs; k++) {
			const struct patch_sec *s = &o->secs[k];
			char *name, *rela;
			struct buf b = {0};

			if (!s->n_rels)
				continue;
			for (size_t j = 0; j < s->n_rels; j++) {
				const struct patch_rel *r = &s->rels[j];
				uint64_t sym = map[i][r->sym];

				put_addr(w, &b, r->offset);
				put_addr(w, &b, w->is64 ? sym << 32 | r->type : sym << 8 | r->type);
				put_addr(w, &b, (uint64_t)r->addend);
			}
			name = patch_sec_name(p, i, s->name);
			rela = xasprintf(".rela%s", name);
			put_section(w, rela, SHT_RELA, SHF_INFO_LINK, b.p, b.n, symtab,
				    base + (uint32_t)k, w->is64 ? 8 : 4, w->is64 ? 24 : 12);
			free(name);
			free(rela);
			buf_free(&b);
		}
		base += (uint32_t)o->n_secs;
	}
}

static void put_ehdr(struct writer *w, struct buf *b, uint16_t machine, uint64_t shoff,
		     uint32_t shstrndx)
{
	uint8_t ident[EI_NIDENT] = {0x7f, 'E', 'L', 'F', 0, ELFDATA2LSB, EV_CURRENT};

	ident[EI_CLASS] = w->is64 ? ELFCLASS64 : ELFCLASS32;
	buf_add(b, ident, sizeof(ident));
	put(b, ET_REL, 2);
	put(b, machine, 2);
	put(b, EV_CURRENT, 4);
	put_addr(w, b, 0);
	put_addr(w, b, 0);
	put_addr(w, b, shoff);
	put(b, target_find(machine)->e_flags, 4);
	put(b, w->is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr), 2);
	put(b, 0, 2);
	put(b, 0, 2);
	put(b, w->is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr), 2);
	put(b, w->n_shdrs, 2);
	put(b, shstrndx, 2);
}

void patch_format(const struct patch *p, struct buf *out)
{
	const struct target *t = target_find(patch_machine(p));
	struct writer w = {.out = out, .is64 = t->elf_class == ELFCLASS64};
	uint32_t **map = xcalloc(p->n_objects, sizeof(*map)), locals, symtab, shstr;
	size_t ehdr = w.is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	uint8_t zero[SHA256_SIZE] = {0};
	struct buf x = {0}, head = {0};
	uint64_t shoff, names;
	char *text;

	buf_add(out, NULL, ehdr); /* filled in when the offsets are known */
	buf_add(&w.strtab, NULL, 1);
	buf_add(&w.shstrtab, NULL, 1);
	put_shdr(&w, "", SHT_NULL, 0, 0, 0, 0, 0, 0, 0);
	symtab = 1 + 3;
	for (size_t i = 0; p->kernel && i < p->kernel->n_files; i++) {
		const struct patch_file *f = &p->kernel->files[i];
		char *name = xasprintf(PATCH_SEC_FILE "%s", f->name);

		symtab++;
		put_section(&w, name, SHT_PROGBITS, 0, f->data, f->size, 0, 0, 8, 0);
		free(name);
	}
	for (size_t i = 0; i < p->n_objects; i++) {
		const struct patch_object *o = &p->objects[i];

		symtab += (uint32_t)o->n_secs;
		for (size_t k = 0; k < o->n_secs; k++) {
			const struct patch_sec *s = &o->secs[k];
			char *name = patch_sec_name(p, i, s->name);

			symtab += s->n_rels != 0;
			if (s->kind == PSEC_BSS)
				put_shdr(&w, name, SHT_NOBITS, patch_sec_flags(s->kind), out->n, s->size,
					 0, 0, s->align, 0);
			else
				put_section(&w, name, patch_sec_type(s->kind), patch_sec_flags(s->kind),
					    s->data, s->size, 0, 0, s->align, 0);
			free(name);
		}
	}
	put_symbols(&w, p, map, &locals);
	put_relocs(&w, p, map, symtab);
	for (size_t i = 0; i < p->n_objects; i++) {
		for (size_t k = 0; k < p->objects[i].n_expects; k++) {
			const struct patch_expect *e = &p->objects[i].expects[k];

			buf_add(&x, e->bytes, e->size);
			if (e->mask)
				buf_add(&x, e->mask, e->size);
		}
		free(map[i]);
	}
	free(map);
	put_section(&w, PATCH_SEC_EXPECT, SHT_PROGBITS, 0, x.p, x.n, 0, 0, 1, 0);
	text = patch_manifest_encode(p);
	put_section(&w, PATCH_SEC_MANIFEST, SHT_PROGBITS, 0, text, strlen(text), 0, 0, 1, 0);
	free(text);
	put_section(&w, PATCH_SEC_DIGEST, SHT_PROGBITS, 0, zero, sizeof(zero), 0, 0, 1, 0);
	put_section(&w, ".symtab", SHT_SYMTAB, 0, w.syms.p, w.syms.n, symtab + 1, locals,
		    w.is64 ? 8 : 4, w.is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym));
	put_section(&w, ".strtab", SHT_STRTAB, 0, w.strtab.p, w.strtab.n, 0, 0, 1, 0);
	/* Its own name must be in it before its size is known. */
	shstr = w.n_shdrs;
	names = w.shstrtab.n + sizeof(".shstrtab");
	put_shdr(&w, ".shstrtab", SHT_STRTAB, 0, out->n, names, 0, 0, 1, 0);
	buf_add(out, w.shstrtab.p, w.shstrtab.n);
	buf_align(out, 8, 0);
	shoff = out->n;
	buf_add(out, w.shdrs.p, w.shdrs.n);
	put_ehdr(&w, &head, t->machine, shoff, shstr);
	memcpy(out->p, head.p, ehdr);
	patch_seal(out->p, out->n);
	buf_free(&head);
	buf_free(&x);
	buf_free(&w.shdrs);
	buf_free(&w.syms);
	buf_free(&w.strtab);
	buf_free(&w.shstrtab);
}

static uint64_t get(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

size_t patch_digest_offset(const uint8_t *data, size_t n)
{
	bool is64;
	uint64_t shoff, num, entsize, strndx, stroff, strsize;

	if (n < sizeof(Elf64_Ehdr) || memcmp(data, ELFMAG, SELFMAG))
		return 0;
	is64 = data[EI_CLASS] == ELFCLASS64;
	shoff = is64 ? get(data + 40, 8) : get(data + 32, 4);
	entsize = get(data + (is64 ? 58 : 46), 2);
	num = get(data + (is64 ? 60 : 48), 2);
	strndx = get(data + (is64 ? 62 : 50), 2);
	if (entsize != (is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr)) || shoff > n ||
	    num > (n - shoff) / entsize || strndx >= num)
		return 0;
	stroff = is64 ? get(data + shoff + strndx * entsize + 24, 8)
		      : get(data + shoff + strndx * entsize + 16, 4);
	strsize = is64 ? get(data + shoff + strndx * entsize + 32, 8)
		       : get(data + shoff + strndx * entsize + 20, 4);
	if (stroff > n || strsize > n - stroff)
		return 0;
	for (uint64_t i = 1; i < num; i++) {
		const uint8_t *sh = data + shoff + i * entsize;
		uint64_t name = get(sh, 4), off = is64 ? get(sh + 24, 8) : get(sh + 16, 4);
		uint64_t size = is64 ? get(sh + 32, 8) : get(sh + 20, 4);

		if (name >= strsize || strsize - name < sizeof(PATCH_SEC_DIGEST) ||
		    memcmp(data + stroff + name, PATCH_SEC_DIGEST, sizeof(PATCH_SEC_DIGEST)))
			continue;
		if (size != SHA256_SIZE || off < sizeof(Elf32_Ehdr) || off > n || n - off < size)
			return 0;
		return off;
	}
	return 0;
}

bool patch_seal(uint8_t *data, size_t n)
{
	size_t at = patch_digest_offset(data, n);
	uint8_t d[SHA256_SIZE];

	if (!at)
		return false;
	memset(data + at, 0, SHA256_SIZE);
	sha256(data, n, d);
	memcpy(data + at, d, SHA256_SIZE);
	return true;
}
