// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/dynamic.h"

#include <stdlib.h>
#include <string.h>

struct tables {
	uint64_t symtab, strtab, strsz, hash, gnu_hash, versym, verneed, verdef;
	uint64_t rel[3], relsz[3]; /* DT_RELA, DT_REL, DT_JMPREL */
	uint64_t pltrel, pltgot, n_verneed, n_verdef, runpath;
	bool have_runpath;
	struct {
		uint64_t v[64];
		size_t n;
	} needed;
	bool symbolic;
};

static uint64_t word(const struct elf_obj *o, const uint8_t *p)
{
	uint64_t v = 0;

	memcpy(&v, p, o->elf_class == ELFCLASS64 ? 8 : 4);
	return v;
}

static void read_tags(const struct elf_obj *o, const struct elf_seg *dyn, struct tables *t)
{
	size_t w = o->elf_class == ELFCLASS64 ? 8 : 4;

	for (uint64_t at = 0; at + 2 * w <= dyn->filesz; at += 2 * w) {
		const uint8_t *p = elf_obj_at(o, dyn->vaddr + at, 2 * w);
		uint64_t tag, v;

		if (!p)
			return;
		tag = word(o, p);
		v = word(o, p + w);
		switch (tag) {
		case DT_NULL:
			return;
		case DT_NEEDED:
			if (t->needed.n < ARRAY_SIZE(t->needed.v))
				t->needed.v[t->needed.n++] = v;
			break;
		case DT_SYMBOLIC:
			t->symbolic = true;
			break;
		case DT_FLAGS:
			t->symbolic |= (v & DF_SYMBOLIC) != 0;
			break;
		case DT_RPATH:
		case DT_RUNPATH:
			t->runpath = v;
			t->have_runpath = true;
			break;
		case DT_SYMTAB:
			t->symtab = v;
			break;
		case DT_STRTAB:
			t->strtab = v;
			break;
		case DT_STRSZ:
			t->strsz = v;
			break;
		case DT_HASH:
			t->hash = v;
			break;
		case DT_GNU_HASH:
			t->gnu_hash = v;
			break;
		case DT_VERSYM:
			t->versym = v;
			break;
		case DT_VERNEED:
			t->verneed = v;
			break;
		case DT_VERNEEDNUM:
			t->n_verneed = v;
			break;
		case DT_VERDEF:
			t->verdef = v;
			break;
		case DT_VERDEFNUM:
			t->n_verdef = v;
			break;
		case DT_RELA:
			t->rel[0] = v;
			break;
		case DT_RELASZ:
			t->relsz[0] = v;
			break;
		case DT_REL:
			t->rel[1] = v;
			break;
		case DT_RELSZ:
			t->relsz[1] = v;
			break;
		case DT_JMPREL:
			t->rel[2] = v;
			break;
		case DT_PLTRELSZ:
			t->relsz[2] = v;
			break;
		case DT_PLTGOT:
			t->pltgot = v;
			break;
		case DT_PLTREL:
			t->pltrel = v;
			break;
		default:
			break;
		}
	}
}

static const char *str_at(const struct elf_obj *o, const struct tables *t, uint64_t off)
{
	const char *s;

	if (off >= t->strsz)
		return NULL;
	s = (const char *)elf_obj_at(o, t->strtab + off, t->strsz - off);
	return s && memchr(s, 0, t->strsz - off) ? s : NULL;
}

/* There is no count of dynamic symbols: it follows from the hash tables, and from relocations. */
static size_t count_syms(const struct elf_obj *o, const struct tables *t)
{
	size_t w = o->elf_class == ELFCLASS64 ? 8 : 4;
	uint32_t h[4], max = 0;
	uint64_t buckets, chains;
	const uint8_t *p;

	if (t->hash) {
		p = elf_obj_at(o, t->hash, 8);
		if (!p)
			return 0;
		memcpy(h, p, 8);
		return h[1];
	}
	if (!t->gnu_hash)
		return 0;
	p = elf_obj_at(o, t->gnu_hash, 16);
	if (!p)
		return 0;
	memcpy(h, p, 16); /* nbuckets, symoffset, bloom words, shift */
	buckets = t->gnu_hash + 16 + (uint64_t)h[2] * w;
	chains = buckets + 4 * (uint64_t)h[0];
	max = h[1];
	for (uint32_t i = 0; i < h[0]; i++) {
		uint32_t b, c;

		p = elf_obj_at(o, buckets + 4 * (uint64_t)i, 4);
		if (!p)
			return 0;
		memcpy(&b, p, 4);
		if (b < h[1])
			continue;
		for (;; b++) {
			p = elf_obj_at(o, chains + 4 * (uint64_t)(b - h[1]), 4);
			if (!p)
				return 0;
			memcpy(&c, p, 4);
			max = MAX(max, b + 1);
			if (c & 1)
				break;
		}
	}
	return max;
}

/* Names of versions by index: what is needed from others and what is defined here. */
static const char **read_versions(const struct elf_obj *o, const struct tables *t, size_t *ret_n)
{
	const char **v = NULL;
	size_t n = 0;
	uint64_t at = t->verneed;

#define VERSION(idx, str) \
	do { \
		size_t i_ = (idx) & 0x7fff; \
		if (i_ >= n) { \
			v = xrealloc(v, (i_ + 1) * sizeof(*v)); \
			memset(v + n, 0, (i_ + 1 - n) * sizeof(*v)); \
			n = i_ + 1; \
		} \
		v[i_] = (str); \
	} while (0)

	for (uint64_t i = 0; at && i < t->n_verneed && i < 65536; i++) {
		const uint8_t *p = elf_obj_at(o, at, sizeof(Elf64_Verneed));
		Elf64_Verneed vn;
		uint64_t aux;

		if (!p)
			break;
		memcpy(&vn, p, sizeof(vn));
		aux = at + vn.vn_aux;
		for (unsigned k = 0; k < vn.vn_cnt; k++) {
			Elf64_Vernaux va;

			p = elf_obj_at(o, aux, sizeof(va));
			if (!p)
				break;
			memcpy(&va, p, sizeof(va));
			VERSION(va.vna_other, str_at(o, t, va.vna_name));
			if (!va.vna_next)
				break;
			aux += va.vna_next;
		}
		if (!vn.vn_next)
			break;
		at += vn.vn_next;
	}
	at = t->verdef;
	for (uint64_t i = 0; at && i < t->n_verdef && i < 65536; i++) {
		const uint8_t *p = elf_obj_at(o, at, sizeof(Elf64_Verdef));
		Elf64_Verdef vd;
		Elf64_Verdaux va;

		if (!p)
			break;
		memcpy(&vd, p, sizeof(vd));
		p = elf_obj_at(o, at + vd.vd_aux, sizeof(va));
		if (!p)
			break;
		memcpy(&va, p, sizeof(va));
		if (!(vd.vd_flags & VER_FLG_BASE))
			VERSION(vd.vd_ndx, str_at(o, t, va.vda_name));
		if (!vd.vd_next)
			break;
		at += vd.vd_next;
	}
#undef VERSION
	*ret_n = n;
	return v;
}

static void read_syms(const struct elf_obj *o, const struct tables *t, struct object_dyn *d)
{
	bool is64 = o->elf_class == ELFCLASS64;
	size_t ent = is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym), n = count_syms(o, t), n_ver = 0;
	const char **versions;

	/* What is only imported may be beyond what the hash table tells of: it is for what others import. */
	for (size_t i = 0; i < d->n_rels && t->symtab; i++)
		if (d->rels[i].sym >= n && elf_obj_at(o, t->symtab, (d->rels[i].sym + 1ull) * ent))
			n = d->rels[i].sym + 1ull;
	if (!t->symtab || !n || !elf_obj_at(o, t->symtab, n * ent))
		return;
	versions = read_versions(o, t, &n_ver);
	d->syms = xcalloc(n, sizeof(*d->syms));
	d->n_syms = n;
	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = elf_obj_at(o, t->symtab + i * ent, ent), *q;
		struct dyn_sym *s = &d->syms[i];
		uint64_t name;
		uint16_t ver;

		if (is64) {
			Elf64_Sym e;

			memcpy(&e, p, sizeof(e));
			name = e.st_name;
			s->value = e.st_value;
			s->size = e.st_size;
			s->type = ELF64_ST_TYPE(e.st_info);
			s->bind = ELF64_ST_BIND(e.st_info);
			s->shndx = e.st_shndx;
		} else {
			Elf32_Sym e;

			memcpy(&e, p, sizeof(e));
			name = e.st_name;
			s->value = e.st_value;
			s->size = e.st_size;
			s->type = ELF32_ST_TYPE(e.st_info);
			s->bind = ELF32_ST_BIND(e.st_info);
			s->shndx = e.st_shndx;
		}
		s->name = str_at(o, t, name);
		if (!s->name)
			s->name = "";
		q = t->versym ? elf_obj_at(o, t->versym + 2 * i, 2) : NULL;
		if (q) {
			memcpy(&ver, q, 2);
			s->hidden = ver & 0x8000;
			ver &= 0x7fff;
			s->version = ver >= 2 && ver < n_ver ? versions[ver] : NULL;
		}
	}
	free(versions);
}

static int cmp_rel(const void *a, const void *b)
{
	const struct dyn_rel *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void read_rels(const struct elf_obj *o, const struct tables *t, struct object_dyn *d)
{
	bool is64 = o->elf_class == ELFCLASS64;

	for (int k = 0; k < 3; k++) {
		bool rela = k == 0 || (k == 2 && t->pltrel == DT_RELA);
		size_t ent = is64 ? (rela ? 24 : 16) : (rela ? 12 : 8), w = is64 ? 8 : 4;

		for (uint64_t at = 0; t->rel[k] && at + ent <= t->relsz[k]; at += ent) {
			const uint8_t *p = elf_obj_at(o, t->rel[k] + at, ent);
			struct dyn_rel r;
			uint64_t info;

			if (!p)
				break;
			r.offset = word(o, p);
			info = word(o, p + w);
			r.type = is64 ? (uint32_t)ELF64_R_TYPE(info) : ELF32_R_TYPE((uint32_t)info);
			r.sym = is64 ? (uint32_t)ELF64_R_SYM(info) : ELF32_R_SYM((uint32_t)info);
			r.has_addend = rela;
			r.addend = rela ? (int64_t)word(o, p + 2 * w) : 0;
			*VEC_PUSH(d->rels, d->n_rels, d->cap_rels) = r;
		}
	}
	if (d->n_rels)
		qsort(d->rels, d->n_rels, sizeof(*d->rels), cmp_rel);
}

static void check_rels(struct object_dyn *d)
{
	for (size_t i = 0; i < d->n_rels; i++)
		if (d->rels[i].sym >= d->n_syms)
			d->rels[i].sym = 0;
}

/* A static program relocates nothing but its IFUNC slots, by a table that only a section tells of. */
static void read_static_rels(const struct elf_obj *o, struct tables *t, struct object_dyn *d)
{
	for (size_t i = 1; i < o->n_secs; i++) {
		const struct elf_sec *s = &o->secs[i];

		if (!(s->flags & SHF_ALLOC) || (s->type != SHT_RELA && s->type != SHT_REL))
			continue;
		memset(t->rel, 0, sizeof(t->rel));
		t->rel[s->type == SHT_REL] = s->addr;
		t->relsz[s->type == SHT_REL] = s->size;
		read_rels(o, t, d);
	}
}

struct object_dyn *object_dyn_read(const struct elf_obj *o, struct sut_err *err)
{
	const struct elf_seg *dyn = elf_obj_seg(o, PT_DYNAMIC);
	struct object_dyn *d = xcalloc(1, sizeof(*d));
	struct tables t = {0};

	if (!dyn) {
		read_static_rels(o, &t, d);
		check_rels(d);
		return d;
	}
	read_tags(o, dyn, &t);
	d->symbolic = t.symbolic;
	d->pltgot = t.pltgot;
	read_rels(o, &t, d);
	read_syms(o, &t, d);
	check_rels(d);
	if (t.have_runpath && str_at(o, &t, t.runpath))
		d->runpath = xstrdup(str_at(o, &t, t.runpath));
	for (size_t i = 0; i < t.needed.n; i++) {
		const char *s = str_at(o, &t, t.needed.v[i]);

		if (!s) {
			sut_fail(err, SUT_E_ELF, o->path, "a needed library has no name");
			object_dyn_free(d);
			return NULL;
		}
		strvec_push(&d->needed, s);
	}
	return d;
}

void object_dyn_free(struct object_dyn *d)
{
	if (!d)
		return;
	free(d->syms);
	free(d->rels);
	strvec_free(&d->needed);
	free(d->runpath);
	free(d);
}

const struct dyn_rel *object_dyn_rel_at(const struct object_dyn *d, uint64_t addr)
{
	struct dyn_rel key = {.offset = addr};

	return d->n_rels ? bsearch(&key, d->rels, d->n_rels, sizeof(*d->rels), cmp_rel) : NULL;
}
