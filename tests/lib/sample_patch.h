/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Patches made by hand, for tests. */
#ifndef SUTURE_TESTS_SAMPLE_PATCH_H
#define SUTURE_TESTS_SAMPLE_PATCH_H

#include "patch/patch.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline struct patch_object *sample_object(struct patch *p, const char *name,
						 const uint8_t *id, size_t id_n)
{
	struct patch_object *o = VEC_PUSH(p->objects, p->n_objects, p->cap_objects);

	o->name = xstrdup(name);
	o->machine = EM_X86_64;
	o->build_id = xmemdup(id, id_n);
	o->build_id_size = id_n;
	VEC_PUSH(o->syms, o->n_syms, o->cap_syms);
	return o;
}

static inline uint32_t sample_sec(struct patch_object *o, const char *name,
				  enum patch_sec_kind kind, const void *data, size_t n)
{
	struct patch_sec *s = VEC_PUSH(o->secs, o->n_secs, o->cap_secs);

	s->name = xstrdup(name);
	s->kind = kind;
	s->align = kind == PSEC_TEXT ? 16 : 8;
	s->size = n;
	s->data = data ? xmemdup(data, n) : NULL;
	return (uint32_t)(o->n_secs - 1);
}

static inline uint32_t sample_sym(struct patch_object *o, const char *name,
				  enum patch_sym_kind kind, uint32_t sec, uint64_t value,
				  uint64_t size)
{
	struct patch_sym *y = VEC_PUSH(o->syms, o->n_syms, o->cap_syms);

	y->name = xstrdup(name);
	y->kind = kind;
	y->sec = sec;
	y->value = value;
	y->size = size;
	y->is_func = kind == PSYM_DEF && o->secs[sec].kind == PSEC_TEXT;
	return (uint32_t)(o->n_syms - 1);
}

static inline void sample_rel(struct patch_object *o, uint32_t sec, uint64_t offset, uint32_t type,
			      uint32_t sym, int64_t addend)
{
	struct patch_sec *s = &o->secs[sec];
	struct patch_rel *r = VEC_PUSH(s->rels, s->n_rels, s->cap_rels);

	r->offset = offset;
	r->type = type;
	r->sym = sym;
	r->addend = addend;
}

static inline void sample_expect(struct patch_object *o, const char *name, uint64_t addr,
				 const void *bytes, size_t n)
{
	struct patch_expect *x = VEC_PUSH(o->expects, o->n_expects, o->cap_expects);

	x->name = xstrdup(name);
	x->addr = addr;
	x->size = n;
	x->bytes = xmemdup(bytes, n);
}

/* A func whose old bytes are @old and whose new code is @code, both position-independent. */
static inline struct patch_func *sample_func(struct patch_object *o, const char *name,
					     uint64_t addr, const uint8_t *old, size_t old_n,
					     const uint8_t *code, size_t code_n)
{
	struct patch_func *f;
	char *n = xasprintf(".text.new.%s", name), *d = xasprintf(".text.old.%s", name);
	uint32_t ns = sample_sec(o, n, PSEC_TEXT, code, code_n);
	uint32_t os = sample_sec(o, d, PSEC_TEXT, old, old_n);

	f = VEC_PUSH(o->funcs, o->n_funcs, o->cap_funcs);
	f->name = xstrdup(name);
	f->addr = addr;
	f->size = old_n;
	f->entry = old_n >= 4 && !memcmp(old, "\xf3\x0f\x1e\xfa", 4) ? 4 : 0;
	f->jump = 5;
	f->room = (uint32_t)old_n - f->entry;
	f->new_sym = sample_sym(o, name, PSYM_DEF, ns, 0, code_n);
	f->old_sym = sample_sym(o, d, PSYM_DEF, os, 0, old_n);
	f->file = xstrdup("src/victim.c");
	f->line = 12;
	f->why = xstrdup("edited");
	sample_expect(o, name, addr, old, old_n);
	free(n);
	free(d);
	return f;
}

/* One of everything; never applied. */
static inline struct patch *sample_patch(size_t n_objects)
{
	static const uint8_t old[24] = {0x55, 0x48, 0x89, 0xe5, 0x31, 0xc0, 0x5d, 0xc3};
	static const uint8_t new[32] = {0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xe8, 0, 0, 0, 0, 0xc3};
	struct patch *p = xcalloc(1, sizeof(*p));

	p->name = xstrdup("fix-one");
	p->version = xstrdup("1.2-3");
	p->description = xstrdup("Two lines,\nof which the second has an \xc3\xa9.");
	strvec_push(&p->cves, "CVE-2026-0001");
	strvec_push(&p->sources, "one.patch");
	p->toolchain = xstrdup("cc (Test) 1.0");
	for (size_t i = 0; i < n_objects; i++) {
		uint8_t id[20] = {1, 2, 3, (uint8_t)i};
		char name[64];
		struct patch_object *o;
		struct patch_func *f;
		struct patch_range *part;
		uint32_t ro, got, imp, slot;

		snprintf(name, sizeof(name), "libvictim%zu.so.1", i);
		o = sample_object(p, name, id, sizeof(id));
		f = sample_func(o, "alpha", 0x1000, old, sizeof(old), new, sizeof(new));
		part = VEC_PUSH(f->parts, f->n_parts, f->cap_parts);
		part->addr = 0x3000;
		part->size = 17;
		strvec_push(&f->why_chain, "edited in one.patch");
		sample_func(o, "beta", 0x2000, old, sizeof(old), new, sizeof(new));
		ro = sample_sec(o, ".rodata.str1.1", PSEC_RODATA, "hello", 6);
		got = sample_sec(o, ".got", PSEC_RODATA, NULL, 0);
		o->secs[got].size = 16;
		o->secs[got].data = xcalloc(1, 16);
		sample_sec(o, ".data.counter", PSEC_DATA, "\1\0\0\0", 4);
		o->secs[sample_sec(o, ".bss.table", PSEC_BSS, NULL, 100)].align = 64;
		imp = sample_sym(o, "puts", PSYM_IMPORT, 0, 0, 0);
		o->syms[imp].version = xstrdup("GLIBC_2.2.5");
		slot = sample_sym(o, "tls module", PSYM_SLOT, 0, 0x4ff0, 0);
		o->syms[slot].add = -8;
		sample_rel(o, 0, 3, R_X86_64_PC32,
			   sample_sym(o, ".LC0", PSYM_DEF, ro, 0, 6), -4);
		sample_rel(o, 0, 8, R_X86_64_PLT32,
			   sample_sym(o, "helper", PSYM_OBJECT, 0, 0x1500, 8), -4);
		sample_rel(o, got, 0, R_X86_64_64, imp, 0);
		sample_rel(o, got, 8, R_X86_64_64, slot, 0);
		sample_sym(o, "absolute", PSYM_ABS, 0, 0xffffffffff600000, 0);
		o->expects[0].mask = xmalloc(24);
		memset(o->expects[0].mask, 0xff, 24);
		o->expects[0].mask[5] = 0;
		strvec_push(&o->new_funcs, "helper2");
		strvec_push(&o->new_data, "counter");
	}
	return p;
}

#endif
