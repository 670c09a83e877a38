// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/elfobj.h"
#include "elf/note.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gelf.h>
#include <libelf.h>

static int bad(struct elf_obj *o, struct sut_err *err, const char *what)
{
	const char *why = elf_errmsg(-1);

	return sut_fail(err, SUT_E_ELF, o->path, "%s%s%s", what, why ? ": " : "", why ? why : "");
}

static int cmp_rel(const void *a, const void *b)
{
	const struct elf_rel *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return 0;
}

static int read_sections(struct elf_obj *o, Elf *elf, struct sut_err *err)
{
	size_t n, shstrndx;
	Elf_Scn *scn;

	if (elf_getshdrnum(elf, &n) < 0 || elf_getshdrstrndx(elf, &shstrndx) < 0)
		return bad(o, err, "cannot read its section headers");
	o->n_secs = n ? n : 1;
	o->secs = xcalloc(o->n_secs, sizeof(*o->secs));
	o->secs[0].name = "";
	for (size_t i = 1; i < n; i++) {
		struct elf_sec *s = &o->secs[i];
		GElf_Shdr sh;
		Elf_Data *d;

		scn = elf_getscn(elf, i);
		if (!scn || !gelf_getshdr(scn, &sh))
			return bad(o, err, "cannot read a section header");
		s->idx = (uint32_t)i;
		s->name = elf_strptr(elf, shstrndx, sh.sh_name);
		if (!s->name)
			s->name = "";
		s->type = sh.sh_type;
		s->flags = sh.sh_flags;
		s->addr = sh.sh_addr;
		s->offset = sh.sh_offset;
		s->size = sh.sh_size;
		s->align = sh.sh_addralign ? sh.sh_addralign : 1;
		s->entsize = sh.sh_entsize;
		s->link = sh.sh_link;
		s->info = sh.sh_info;
		if (s->type == SHT_NOBITS || !s->size)
			continue;
		if (s->flags & SHF_COMPRESSED)
			continue; /* debug sections: libdw reads those by itself */
		/* Raw: the bytes as they are in the file, whatever the section's type. */
		d = elf_rawdata(scn, NULL);
		if (!d || !d->d_buf || d->d_size < s->size)
			return bad(o, err, "a section lies outside the file");
		s->data = d->d_buf;
	}
	return 0;
}

static int read_symbols(struct elf_obj *o, Elf *elf, struct sut_err *err)
{
	for (size_t i = 1; i < o->n_secs; i++) {
		Elf_Data *d, *xd = NULL;
		Elf_Scn *scn;
		size_t n;

		if (o->secs[i].type != SHT_SYMTAB)
			continue;
		scn = elf_getscn(elf, i);
		d = elf_getdata(scn, NULL);
		if (!d)
			return bad(o, err, "cannot read its symbol table");
		for (size_t k = 1; k < o->n_secs; k++)
			if (o->secs[k].type == SHT_SYMTAB_SHNDX && o->secs[k].link == i)
				xd = elf_getdata(elf_getscn(elf, k), NULL);
		n = d->d_size / gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
		o->syms = xcalloc(n ? n : 1, sizeof(*o->syms));
		o->n_syms = n;
		for (size_t k = 0; k < n; k++) {
			struct elf_sym *s = &o->syms[k];
			Elf32_Word x = 0;
			GElf_Sym g;

			if (!gelf_getsymshndx(d, xd, (int)k, &g, &x))
				return bad(o, err, "cannot read a symbol");
			s->name = elf_strptr(elf, o->secs[i].link, g.st_name);
			if (!s->name)
				s->name = "";
			s->idx = (uint32_t)k;
			s->value = g.st_value;
			s->size = g.st_size;
			s->type = GELF_ST_TYPE(g.st_info);
			s->bind = GELF_ST_BIND(g.st_info);
			s->other = g.st_other;
			s->vis = GELF_ST_VISIBILITY(g.st_other);
			s->shndx = g.st_shndx == SHN_XINDEX ? x : g.st_shndx;
			if (s->shndx >= o->n_secs && s->shndx < SHN_LORESERVE)
				return bad(o, err, "a symbol names a section that does not exist");
			/* Compilers leave section symbols nameless; a reader wants a name. */
			if (s->type == STT_SECTION && !*s->name && s->shndx < o->n_secs)
				s->name = o->secs[s->shndx].name;
		}
		return 0;
	}
	return 0;
}

static int read_relocations(struct elf_obj *o, Elf *elf, struct sut_err *err)
{
	if (o->type != ET_REL)
		return 0;
	for (size_t i = 1; i < o->n_secs; i++) {
		struct elf_sec *r = &o->secs[i], *t;
		Elf_Data *d;
		size_t n;

		if (r->type != SHT_RELA && r->type != SHT_REL)
			continue;
		if (!r->info || r->info >= o->n_secs)
			return bad(o, err, "a relocation section names no section");
		t = &o->secs[r->info];
		d = elf_getdata(elf_getscn(elf, i), NULL);
		if (!d)
			return bad(o, err, "cannot read its relocations");
		if (t->rels)
			return bad(o, err, "two relocation sections for one section");
		n = d->d_size / gelf_fsize(elf, r->type == SHT_RELA ? ELF_T_RELA : ELF_T_REL, 1,
					   EV_CURRENT);
		t->rels = xcalloc(n ? n : 1, sizeof(*t->rels));
		t->n_rels = n;
		t->rel_idx = (uint32_t)i;
		for (size_t k = 0; k < n; k++) {
			struct elf_rel *e = &t->rels[k];
			GElf_Rela a = {0};
			GElf_Rel g;

			if (r->type == SHT_RELA) {
				if (!gelf_getrela(d, (int)k, &a))
					return bad(o, err, "cannot read a relocation");
			} else {
				if (!gelf_getrel(d, (int)k, &g))
					return bad(o, err, "cannot read a relocation");
				a.r_offset = g.r_offset;
				a.r_info = g.r_info;
			}
			e->offset = a.r_offset;
			e->type = (uint32_t)GELF_R_TYPE(a.r_info);
			e->sym = (uint32_t)GELF_R_SYM(a.r_info);
			e->addend = a.r_addend;
			if (e->sym && e->sym >= o->n_syms)
				return bad(o, err, "a relocation names a symbol that does not exist");
			if (e->offset >= t->size)
				return bad(o, err, "a relocation lies outside its section");
		}
		qsort(t->rels, n, sizeof(*t->rels), cmp_rel);
	}
	return 0;
}

static int read_segments(struct elf_obj *o, Elf *elf, struct sut_err *err)
{
	size_t n;

	if (elf_getphdrnum(elf, &n) < 0)
		return bad(o, err, "cannot read its program headers");
	o->segs = xcalloc(n ? n : 1, sizeof(*o->segs));
	o->n_segs = n;
	for (size_t i = 0; i < n; i++) {
		struct elf_seg *s = &o->segs[i];
		GElf_Phdr p;

		if (!gelf_getphdr(elf, (int)i, &p))
			return bad(o, err, "cannot read a program header");
		s->type = p.p_type;
		s->flags = p.p_flags;
		s->offset = p.p_offset;
		s->vaddr = p.p_vaddr;
		s->filesz = p.p_filesz;
		s->memsz = p.p_memsz;
		s->align = p.p_align;
		if (s->type == PT_LOAD &&
		    (s->offset > o->file_size || s->filesz > o->file_size - s->offset ||
		     s->filesz > s->memsz))
			return bad(o, err, "a segment lies outside the file");
	}
	return 0;
}

/*
 * libelf takes a file whose section headers lie beyond its end for one that has none, and a file cut
 * off in the middle of a download would pass for a stripped one.
 */
static bool is_cut_off(const GElf_Ehdr *eh, size_t size)
{
	return eh->e_shoff > size || (uint64_t)eh->e_shnum * eh->e_shentsize > size - eh->e_shoff ||
	       eh->e_phoff > size || (uint64_t)eh->e_phnum * eh->e_phentsize > size - eh->e_phoff;
}

static void take_build_id(struct elf_obj *o, const uint8_t *id, size_t n)
{
	if (!id || o->build_id)
		return;
	o->build_id = xmemdup(id, n);
	o->build_id_size = n;
}

/* Modules of the kernel are relocatable: they have sections only. */
static void find_build_id(struct elf_obj *o)
{
	const uint8_t *id;
	size_t n;

	for (size_t i = 1; i < o->n_secs && !o->n_segs; i++) {
		const struct elf_sec *s = &o->secs[i];

		id = s->type == SHT_NOTE && s->data ? note_build_id(s->data, s->size, s->align, &n) : NULL;
		take_build_id(o, id, n);
	}
	for (size_t i = 0; i < o->n_segs && !o->build_id; i++) {
		const struct elf_seg *s = &o->segs[i];

		if (s->type != PT_NOTE || s->offset > o->file_size ||
		    s->filesz > o->file_size - s->offset)
			continue;
		id = note_build_id(o->file + s->offset, s->filesz, s->align, &n);
		take_build_id(o, id, n);
	}
}

struct elf_obj *elf_obj_open_mem(const char *name, uint8_t *data, size_t size, struct sut_err *err)
{
	struct elf_obj *o = xcalloc(1, sizeof(*o));
	GElf_Ehdr eh;
	Elf *elf;

	o->path = xstrdup(name);
	o->file = data;
	o->file_size = size;
	elf_version(EV_CURRENT);
	if (size < EI_NIDENT || memcmp(data, ELFMAG, SELFMAG)) {
		sut_fail(err, SUT_E_ELF, name, "it does not begin with the ELF magic number");
		goto fail;
	}
	elf = elf_memory((char *)data, size);
	o->elf = elf;
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &eh)) {
		bad(o, err, "cannot read its header");
		goto fail;
	}
	if (eh.e_ident[EI_DATA] != ELFDATA2LSB) {
		sut_fail(err, SUT_E_ARCH, name, "it is big-endian");
		goto fail;
	}
	if (is_cut_off(&eh, size)) {
		sut_fail(err, SUT_E_ELF, name, "it is cut off: its headers lie beyond its end");
		goto fail;
	}
	o->machine = eh.e_machine;
	o->type = eh.e_type;
	o->elf_class = eh.e_ident[EI_CLASS];
	o->e_flags = eh.e_flags;
	o->entry = eh.e_entry;
	if (read_sections(o, elf, err) < 0 || read_segments(o, elf, err) < 0 ||
	    read_symbols(o, elf, err) < 0 || read_relocations(o, elf, err) < 0)
		goto fail;
	find_build_id(o);
	return o;
fail:
	elf_obj_free(o);
	return NULL;
}

struct elf_obj *elf_obj_open(const char *path, struct sut_err *err)
{
	uint8_t *data;
	size_t size;

	if (read_file(path, &data, &size) < 0) {
		sut_fail(err, SUT_E_IO, path, "cannot read it: %s", strerror(errno));
		return NULL;
	}
	return elf_obj_open_mem(path, data, size, err);
}

void elf_obj_free(struct elf_obj *o)
{
	if (!o)
		return;
	if (o->elf)
		elf_end(o->elf);
	for (size_t i = 0; o->secs && i < o->n_secs; i++) {
		free(o->secs[i].rels);
		free(o->secs[i].marks);
	}
	free(o->secs);
	free(o->syms);
	free(o->segs);
	free(o->build_id);
	free(o->file);
	free(o->path);
	free(o);
}

const struct elf_sec *elf_obj_sec(const struct elf_obj *o, const char *name)
{
	for (size_t i = 1; i < o->n_secs; i++)
		if (!strcmp(o->secs[i].name, name))
			return &o->secs[i];
	return NULL;
}

const struct elf_seg *elf_obj_load_seg(const struct elf_obj *o, uint64_t vaddr)
{
	for (size_t i = 0; i < o->n_segs; i++) {
		const struct elf_seg *s = &o->segs[i];

		if (s->type == PT_LOAD && vaddr >= s->vaddr && vaddr - s->vaddr < s->memsz)
			return s;
	}
	return NULL;
}

const struct elf_seg *elf_obj_seg(const struct elf_obj *o, uint32_t type)
{
	for (size_t i = 0; i < o->n_segs; i++)
		if (o->segs[i].type == type)
			return &o->segs[i];
	return NULL;
}

size_t elf_sec_first_rel(const struct elf_sec *s, uint64_t off)
{
	size_t lo = 0, hi = s->n_rels;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->rels[mid].offset < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct elf_rel *elf_sec_rel_at(const struct elf_sec *s, uint64_t off)
{
	size_t i = elf_sec_first_rel(s, off);

	return i < s->n_rels && s->rels[i].offset == off ? &s->rels[i] : NULL;
}

const uint8_t *elf_obj_at(const struct elf_obj *o, uint64_t vaddr, uint64_t len)
{
	const struct elf_seg *s = elf_obj_load_seg(o, vaddr);
	uint64_t at;

	if (!s)
		return NULL;
	at = vaddr - s->vaddr;
	if (at > s->filesz || len > s->filesz - at)
		return NULL;
	return o->file + s->offset + at;
}

char *elf_obj_soname(const struct elf_obj *o)
{
	const struct elf_seg *dyn = elf_obj_seg(o, PT_DYNAMIC);
	uint64_t strtab = 0, strsz = 0, soname = 0;
	bool have = false;
	size_t ent = o->elf_class == ELFCLASS64 ? 16 : 8;

	for (uint64_t at = 0; dyn && at + ent <= dyn->filesz; at += ent) {
		const uint8_t *p = elf_obj_at(o, dyn->vaddr + at, ent);
		uint64_t tag, val;

		if (!p)
			break;
		if (ent == 16) {
			memcpy(&tag, p, 8);
			memcpy(&val, p + 8, 8);
		} else {
			uint32_t t, v;

			memcpy(&t, p, 4);
			memcpy(&v, p + 4, 4);
			tag = t;
			val = v;
		}
		if (tag == DT_NULL)
			break;
		if (tag == DT_STRTAB)
			strtab = val;
		if (tag == DT_STRSZ)
			strsz = val;
		if (tag == DT_SONAME) {
			soname = val;
			have = true;
		}
	}
	if (have && soname < strsz) {
		const char *s = (const char *)elf_obj_at(o, strtab + soname, strsz - soname);

		if (s && memchr(s, 0, strsz - soname))
			return xstrdup(s);
	}
	return xstrdup(path_base(o->path));
}
