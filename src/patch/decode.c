// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading a patch. The file comes from anywhere, and what it says is written into live processes.
 *
 * Four fences, in this order: the digest (an accident of copying), the ELF reader's bounds checks,
 * patch_check() on the finished struct, and at last the comparison of the input with what the
 * writer makes of that struct. The last one leaves no byte of the file without a meaning: nothing
 * can hide in padding, in unused headers or in a second spelling of the same thing.
 */
#include "elf/elfobj.h"
#include "patch/format.h"

#include <stdlib.h>
#include <string.h>

struct reader {
	struct patch *p;
	const struct elf_obj *elf;
	const struct target *t;
	const char *subject;
	struct sut_err *err;
	uint32_t **rmap;	/* per object: ELF symbol index -> index in syms */
};

static int corrupt(struct reader *r, const char *what)
{
	return sut_fail(r->err, SUT_F_CORRUPT, r->subject, "%s", what);
}

/* Header fields that can be judged before any library looks at the file. */
static int check_header(const char *subject, const uint8_t *d, size_t n, struct sut_err *err)
{
	Elf64_Ehdr h;
	bool is64;
	uint64_t shoff, shnum, entsize, machine, type;

	if (n > PATCH_MAX_FILE)
		return sut_fail(err, SUT_F_NOT_PATCH, subject, "it is larger than any patch (%zu bytes)", n);
	if (n < SELFMAG || memcmp(d, ELFMAG, SELFMAG))
		return sut_fail(err, n && n < SELFMAG && !memcmp(d, ELFMAG, n) ? SUT_F_TRUNCATED : SUT_F_NOT_PATCH,
				subject, "it does not begin with the ELF magic number");
	if (n < sizeof(h))
		return sut_fail(err, SUT_F_TRUNCATED, subject, "it ends within the ELF header");
	memcpy(&h, d, sizeof(h));
	is64 = d[EI_CLASS] == ELFCLASS64;
	if ((!is64 && d[EI_CLASS] != ELFCLASS32) || d[EI_DATA] != ELFDATA2LSB)
		return sut_fail(err, SUT_F_ARCH, subject, "unknown ELF class or byte order");
	type = h.e_type;
	machine = h.e_machine;
	if (type != ET_REL)
		return sut_fail(err, SUT_F_NOT_PATCH, subject,
				"it is an ELF file, but an executable or a library and no patch");
	if (is64) {
		shoff = h.e_shoff;
		shnum = h.e_shnum;
		entsize = sizeof(Elf64_Shdr);
	} else {
		Elf32_Ehdr s;

		memcpy(&s, d, sizeof(s));
		shoff = s.e_shoff;
		shnum = s.e_shnum;
		entsize = sizeof(Elf32_Shdr);
	}
	if (shoff > n || shnum * entsize > n - shoff)
		return sut_fail(err, SUT_F_TRUNCATED, subject,
				"it has %zu bytes, and its headers speak of %llu", n,
				(unsigned long long)(shoff + shnum * entsize));
	if (!target_find((uint16_t)machine))
		return sut_fail(err, SUT_F_ARCH, subject, "it is for ELF machine %u", (unsigned int)machine);
	return 0;
}

static int check_digest(struct reader *r, const uint8_t *d, size_t n)
{
	size_t at = patch_digest_offset(d, n);
	uint8_t *copy;
	bool same;

	if (!at)
		return corrupt(r, "it has no digest");
	copy = xmemdup(d, n);
	patch_seal(copy, n);
	same = !memcmp(copy + at, d + at, SHA256_SIZE);
	free(copy);
	return same ? 0 : corrupt(r, "its digest does not fit its content");
}

static int read_secs(struct reader *r)
{
	size_t next = 1;

	for (size_t i = 0; i < r->p->n_objects; i++) {
		struct patch_object *o = &r->p->objects[i];

		o->machine = r->elf->machine;
		for (size_t k = 0; k < o->n_secs; k++, next++) {
			struct patch_sec *s = &o->secs[k];
			const struct elf_sec *e;
			char *name;
			bool good;

			if (next >= r->elf->n_secs)
				return corrupt(r, "the manifest names more sections than there are");
			e = &r->elf->secs[next];
			name = patch_sec_name(r->p, i, s->name);
			good = !strcmp(name, e->name) && e->type == patch_sec_type(s->kind) &&
			       e->flags == patch_sec_flags(s->kind) && e->size <= PATCH_MAX_SEC_SIZE;
			free(name);
			if (!good)
				return corrupt(r, "a section is not what the manifest says");
			s->align = e->align;
			s->size = e->size;
			if (s->kind != PSEC_BSS && e->size) {
				if (!e->data)
					return corrupt(r, "a section has no content");
				s->data = xmemdup(e->data, e->size);
			}
		}
	}
	return 0;
}

static int read_files(struct reader *r)
{
	struct patch_kernel *k = r->p->kernel;

	for (size_t i = 0; k && i < k->n_files; i++) {
		const struct elf_sec *e = i + 1 < r->elf->n_secs ? &r->elf->secs[i + 1] : NULL;
		struct patch_file *f = &k->files[i];

		if (!e || !e->data || !str_starts(e->name, PATCH_SEC_FILE) ||
		    strcmp(e->name + strlen(PATCH_SEC_FILE), f->name))
			return corrupt(r, "a file that the manifest names is not there");
		f->size = e->size;
		f->data = xmemdup(e->data, e->size);
	}
	if (k)
		k->machine = r->elf->machine;
	return 0;
}

static int read_syms(struct reader *r)
{
	size_t next = 1;
	uint32_t base = 1;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < r->p->n_objects; i++) {
			struct patch_object *o = &r->p->objects[i];

			if (!pass)
				r->rmap[i] = xcalloc(r->elf->n_syms + 1, sizeof(**r->rmap));
			for (size_t k = 1; k < o->n_syms; k++) {
				struct patch_sym *y = &o->syms[k];
				const struct elf_sym *e;

				if ((y->kind == PSYM_DEF) != (pass == 0))
					continue;
				if (next >= r->elf->n_syms)
					return corrupt(r, "the manifest names more symbols than there are");
				e = &r->elf->syms[next];
				r->rmap[i][next++] = (uint32_t)k;
				y->name = xstrdup(e->name);
				y->is_func = e->type == STT_FUNC;
				y->is_weak = e->bind == STB_WEAK;
				if (y->kind == PSYM_DEF) {
					if (e->shndx < base || e->shndx - base >= o->n_secs)
						return corrupt(r, "a symbol is in a section of another object");
					y->sec = e->shndx - base;
					if (y->is_func)
						y->isa = (uint8_t)(e->value & target_find(o->machine)->isa_mask);
					y->other = e->other & 0xe0;
				}
				if (y->kind == PSYM_DEF || y->kind == PSYM_OBJECT || y->kind == PSYM_ABS) {
					y->value = e->value - y->isa;
					y->size = e->size;
				}
			}
			if (!pass)
				base += (uint32_t)o->n_secs;
		}
	}
	return 0;
}

static int read_rels(struct reader *r)
{
	size_t next = 1;

	for (size_t i = 0; i < r->p->n_objects; i++) {
		struct patch_object *o = &r->p->objects[i];

		for (size_t k = 0; k < o->n_secs; k++, next++) {
			const struct elf_sec *e = &r->elf->secs[next];
			struct patch_sec *s = &o->secs[k];

			if (e->n_rels && r->elf->secs[e->rel_idx].type != SHT_RELA)
				return corrupt(r, "a relocation section has no addends");
			for (size_t j = 0; j < e->n_rels; j++) {
				struct patch_rel *d = VEC_PUSH(s->rels, s->n_rels, s->cap_rels);

				d->offset = e->rels[j].offset;
				d->type = e->rels[j].type;
				d->addend = e->rels[j].addend;
				d->sym = r->rmap[i][e->rels[j].sym];
				if (!d->sym)
					return corrupt(r, "a relocation names a symbol of another object");
			}
		}
	}
	return 0;
}

static int read_expects(struct reader *r)
{
	const struct elf_sec *e = elf_obj_sec(r->elf, PATCH_SEC_EXPECT);
	uint64_t at = 0;

	if (!e || (e->size && !e->data))
		return corrupt(r, "it has no expected bytes");
	for (size_t i = 0; i < r->p->n_objects; i++) {
		struct patch_object *o = &r->p->objects[i];

		for (size_t k = 0; k < o->n_expects; k++) {
			struct patch_expect *x = &o->expects[k];
			uint64_t need = x->mask ? 2 * x->size : x->size;

			if (need > e->size - at)
				return corrupt(r, "expected bytes are missing");
			x->bytes = xmemdup(e->data + at, x->size);
			if (x->mask) {
				free(x->mask);
				x->mask = xmemdup(e->data + at + x->size, x->size);
			}
			at += need;
		}
	}
	return 0;
}

static int decode(struct reader *r, const uint8_t *data, size_t n)
{
	const struct elf_sec *m = elf_obj_sec(r->elf, PATCH_SEC_MANIFEST);
	struct buf again = {0};
	bool same;

	if (!m || !m->data)
		return sut_fail(r->err, SUT_F_NOT_PATCH, r->subject, "it has no manifest");
	if (check_digest(r, data, n) < 0 ||
	    patch_manifest_decode(r->p, (const char *)m->data, m->size, r->subject, r->err) < 0)
		return -1;
	r->rmap = xcalloc(r->p->n_objects, sizeof(*r->rmap));
	if (read_secs(r) < 0 || read_files(r) < 0 || read_syms(r) < 0 || read_rels(r) < 0 || read_expects(r) < 0 ||
	    patch_check(r->p, SUT_F_CORRUPT, r->subject, r->err) < 0)
		return -1;
	patch_format(r->p, &again);
	same = again.n == n && !memcmp(again.p, data, n);
	buf_free(&again);
	return same ? 0 : corrupt(r, "it holds something that no patch has");
}

struct patch *patch_decode(const char *name, const uint8_t *data, size_t n, struct sut_err *err)
{
	struct reader r = {.subject = name, .err = err};
	struct sut_err elf_err = {0};
	struct elf_obj *elf;
	int res;

	if (check_header(name, data, n, err) < 0)
		return NULL;
	elf = elf_obj_open_mem(name, xmemdup(data, n), n, &elf_err);
	if (!elf) {
		sut_fail(err, SUT_F_CORRUPT, name, "%s",
			 elf_err.n ? elf_err.v[0].cause : "its headers contradict each other");
		sut_err_free(&elf_err);
		return NULL;
	}
	r.elf = elf;
	r.p = xcalloc(1, sizeof(*r.p));
	res = decode(&r, data, n);
	for (size_t i = 0; r.rmap && i < r.p->n_objects; i++)
		free(r.rmap[i]);
	free(r.rmap);
	elf_obj_free(elf);
	if (res < 0) {
		patch_free(r.p);
		return NULL;
	}
	sha256(data, n, r.p->digest);
	return r.p;
}
