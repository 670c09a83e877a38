// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A module is a relocatable file: nothing in it has an address. Laid out and relocated as the kernel's loader
 * would do it, it is a linked program like any other, and what proves units of the kernel proves those of
 * modules.
 *
 * What other objects define gets a place of its own behind the module, one for each name: a match then tells by
 * its address which name the module's code refers to.
 */
#include "kernel/layout.h"
#include "elf/wire.h"
#include "kernel/kelf.h"
#include "kernel/kmod.h"
#include "kernel/unpack.h"
#include "target/target.h"

#include <errno.h>
#include <stdlib.h>

enum { VERSION_SIZE = 64 };
#define SLOT 64 /* from one outside symbol to the next: less than what code may add to its address */

struct layout {
	struct kimage *k;
	struct elf_obj *o;
	const struct target *t;
	uint64_t base, end;
	uint64_t *addr;		/* [section] */
	uint64_t *value;	/* [symbol] */
};

/* Near the end of the address space of either size, as the kernel has its modules. */
static uint64_t base_of(const struct target *t)
{
	return t->elf_class == ELFCLASS64 ? 0xffffffffc0000000 : 0xbf000000;
}

static void place_sections(struct layout *l)
{
	l->addr = xcalloc(l->o->n_secs, sizeof(*l->addr));
	l->end = l->base;
	for (int code = 1; code >= 0; code--)
		for (size_t i = 1; i < l->o->n_secs; i++) {
			const struct elf_sec *s = &l->o->secs[i];
			uint64_t align = s->align && !(s->align & (s->align - 1)) ? s->align : 1;

			if (!(s->flags & SHF_ALLOC) || !!(s->flags & SHF_EXECINSTR) != !!code)
				continue;
			l->end = ALIGN_UP(l->end, MAX(align, (uint64_t)16));
			l->addr[i] = l->end;
			*VEC_PUSH(l->k->secs, l->k->n_secs, l->k->cap_secs) =
				(struct kimage_sec){l->end, s->size, (uint32_t)i, xstrdup(s->name)};
			l->end += s->size;
		}
	l->end = ALIGN_UP(l->end, 4096);
}

/* ppc64le: the loader's TOC pointer, 32 KB into the .toc section's page of 256 bytes. */
static void place_gp(struct layout *l)
{
	for (size_t i = 1; i < l->o->n_secs && l->t->slot_section; i++)
		if (!strcmp(l->o->secs[i].name, l->t->slot_section) && l->addr[i])
			l->k->gp = (l->addr[i] & ~0xffULL) + 0x8000;
}

static bool is_named(const struct elf_sym *y)
{
	return *y->name && *y->name != '$' && !str_starts(y->name, ".L") && y->type != STT_SECTION &&
	       y->type != STT_FILE;
}

static char type_of(const struct elf_obj *o, const struct elf_sym *y)
{
	const struct elf_sec *s = &o->secs[y->shndx];
	char c = s->flags & SHF_EXECINSTR ? 't' : s->type == SHT_NOBITS ? 'b' : s->flags & SHF_WRITE ? 'd' : 'r';

	return y->bind == STB_LOCAL ? c : (char)(c - 32);
}

static void place_symbols(struct layout *l)
{
	size_t names = 0, at = 0;

	l->value = xcalloc(l->o->n_syms + 1, sizeof(*l->value));
	for (size_t i = 1; i < l->o->n_syms; i++)
		names += strlen(l->o->syms[i].name) + 1;
	l->k->names = xmalloc(names + 1);
	for (size_t i = 1; i < l->o->n_syms; i++) {
		const struct elf_sym *y = &l->o->syms[i];
		char type = 'U';

		if (y->shndx == SHN_UNDEF && !strcmp(y->name, ".TOC.")) {
			l->value[i] = l->k->gp;
			continue;
		} else if (y->shndx == SHN_UNDEF) {
			l->value[i] = l->end;
			l->end += SLOT;
		} else if (y->shndx < l->o->n_secs && l->addr[y->shndx]) {
			l->value[i] = l->addr[y->shndx] + y->value;
			type = type_of(l->o, y);
		} else {
			l->value[i] = y->value;
			continue;
		}
		if (!is_named(y))
			continue;
		*VEC_PUSH(l->k->syms, l->k->n_syms, l->k->cap_syms) =
			(struct ksym){l->k->names + at, l->value[i], y->size, type};
		strcpy(l->k->names + at, y->name);
		at += strlen(y->name) + 1;
	}
}

/* What cannot be stored (a call that needs a detour in the kernel) stays as it is and matches nothing. */
static void relocate(const struct layout *l, const struct elf_sec *s, uint8_t *p)
{
	for (size_t i = 0; i < s->n_rels; i++) {
		const struct elf_rel *r = &s->rels[i];
		const struct rel_info *ri = target_rel(l->t, r->type);
		const struct elf_sym *y = r->sym < l->o->n_syms ? &l->o->syms[r->sym] : NULL;
		size_t size = ri->size;
		/* Calls within the module go behind what callers of its own have no use for. */
		uint64_t entry = ri->kind == REL_PLT && y && y->shndx && l->t->local_entry ?
				 l->t->local_entry(y->other) : 0;

		if (r->offset < s->size && size <= s->size - r->offset && y)
			l->t->apply_rel(r->type, p + r->offset, l->addr[s->idx] + r->offset,
					l->value[r->sym] + (uint64_t)r->addend + entry, l->k->gp);
	}
}

static void write_elf(struct layout *l)
{
	size_t ph = wire_size(WIRE_PHDR, l->o->elf_class), eh_size = wire_size(WIRE_EHDR, l->o->elf_class);
	Elf64_Ehdr eh = {.e_type = ET_EXEC, .e_machine = l->o->machine, .e_version = EV_CURRENT,
			 .e_flags = l->o->e_flags, .e_ehsize = (uint16_t)eh_size, .e_phoff = eh_size,
			 .e_phentsize = (uint16_t)ph, .e_phnum = (uint16_t)l->k->n_secs};
	struct buf out = {0};

	memcpy(eh.e_ident, ELFMAG, SELFMAG);
	eh.e_ident[EI_CLASS] = l->o->elf_class;
	eh.e_ident[EI_DATA] = ELFDATA2LSB;
	eh.e_ident[EI_VERSION] = EV_CURRENT;
	buf_add(&out, NULL, eh_size + ph * l->k->n_secs);
	for (size_t i = 0; i < l->k->n_secs; i++) {
		const struct elf_sec *s = &l->o->secs[l->k->secs[i].idx];
		size_t at;
		Elf64_Phdr h = {.p_type = PT_LOAD, .p_vaddr = l->k->secs[i].addr, .p_memsz = s->size,
				.p_align = 1, .p_flags = PF_R};

		buf_align(&out, 16, 0);
		at = buf_add(&out, s->data, s->data ? s->size : 0);
		h.p_offset = at;
		h.p_filesz = s->data ? s->size : 0;
		h.p_flags |= (s->flags & SHF_EXECINSTR ? PF_X : 0) | (s->flags & SHF_WRITE ? PF_W : 0);
		if (s->data)
			relocate(l, s, out.p + at);
		wire_put_phdr(out.p + eh_size + ph * i, l->o->elf_class, &h);
	}
	kelf_finish(l->k, &out, NULL, l->o->elf_class, &eh);
}

/* struct modversion_info of the kernel: a word with the checksum, and the name fills it up to 64 bytes. */
static void read_imports(struct layout *l)
{
	const struct elf_sec *s = elf_obj_sec(l->o, "__versions");
	size_t word = l->t->elf_class == ELFCLASS64 ? 8 : 4;

	for (size_t at = 0; s && s->data && at + VERSION_SIZE <= s->size; at += VERSION_SIZE)
		*VEC_PUSH(l->k->imports, l->k->n_imports, l->k->cap_imports) =
			(struct kimage_import){xstrndup((const char *)s->data + at + word, VERSION_SIZE - word),
					       get32(s->data + at)};
}

static void read_depends(struct layout *l)
{
	char *list = kmod_info(l->o, "depends="), *save = NULL;

	for (char *w = list ? strtok_r(list, ",", &save) : NULL; w; w = strtok_r(NULL, ",", &save))
		strvec_push(&l->k->depends, kmod_name(w));
	free(list);
}

uint8_t *kimage_read_module(const char *path, size_t *ret_n, struct sut_err *err)
{
	struct buf b;
	uint8_t *p;

	if (read_file(path, &p, ret_n) < 0) {
		sut_fail(err, SUT_E_IO, path, "%s", strerror(errno));
		return NULL;
	}
	if (*ret_n >= SELFMAG && !memcmp(p, ELFMAG, SELFMAG))
		return p;
	if (kernel_decompress(p, *ret_n, &b) < 0) {
		sut_fail(err, SUT_K_MODULE, path, "it is neither an ELF file nor a compressed one");
		free(p);
		return NULL;
	}
	free(p);
	*ret_n = b.n;
	return b.p;
}

struct kimage *kimage_open_module(const char *path, struct sut_err *err)
{
	struct layout l = {0};
	size_t n;
	uint8_t *p = kimage_read_module(path, &n, err);

	l.o = p ? target_obj_open_mem(path, p, n, err) : NULL;
	l.t = l.o ? target_find(l.o->machine) : NULL;
	if (!l.o)
		return NULL;
	if (l.o->type != ET_REL || !l.t || !l.o->n_syms || l.o->n_secs > 4096) {
		sut_fail(err, SUT_K_MODULE, path, "it is no module with a symbol table");
		elf_obj_free(l.o);
		return NULL;
	}
	l.k = xcalloc(1, sizeof(*l.k));
	l.k->path = xstrdup(path);
	l.k->machine = l.o->machine;
	l.base = base_of(l.t);
	place_sections(&l);
	place_gp(&l);
	place_symbols(&l);
	kimage_index(l.k);
	l.k->text = l.base;
	l.k->srcversion = kmod_info(l.o, "srcversion=");
	read_depends(&l);
	read_imports(&l);
	if (l.o->build_id) {
		l.k->build_id = xmemdup(l.o->build_id, l.o->build_id_size);
		l.k->build_id_size = l.o->build_id_size;
	}
	write_elf(&l);
	elf_obj_free(l.o);
	free(l.addr);
	free(l.value);
	return l.k;
}

bool kimage_module_place(const struct kimage *k, uint64_t addr, uint32_t *ret_sec, uint64_t *ret_off)
{
	for (size_t i = 0; i < k->n_secs; i++) {
		if (addr < k->secs[i].addr || addr > k->secs[i].addr + k->secs[i].size)
			continue;
		*ret_sec = k->secs[i].idx;
		*ret_off = addr - k->secs[i].addr;
		if (addr < k->secs[i].addr + k->secs[i].size)
			return true;
	}
	return false;
}
