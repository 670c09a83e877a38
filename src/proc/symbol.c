// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The dynamic linker's own tables, read where it left them.
 *
 * glibc writes run-time addresses back into _DYNAMIC on most architectures; musl, the vdso, and
 * read-only dynamic sections keep link-time ones. A value inside the module's run-time range is
 * taken as an address, any other one gets the bias added and must then lie inside.
 *
 * The tables may be damaged by the program itself; chains are bounded by the number of symbols
 * that could fit, and nothing read is trusted as a size for memory of ours.
 * References: gABI "Hash Table"; the GNU hash layout as in binutils' elflink.c; LSB 10.7 versions.
 */
#include "proc/symbol.h"
#include "target/target.h"
#include "proc/dynamic.h"
#include "elf/wire.h"
#include "proc/native/native.h"
#include "target/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHAIN_MAX = 1 << 20, VERDEFS_MAX = 4096, NAME_MAX_LEN = 4096, DYN_MAX = 1024 };

static uint64_t runtime(const struct proc_module *m, uint64_t v)
{
	if (v >= m->lo && v < m->hi)
		return v;
	v += m->bias;
	return v >= m->lo && v < m->hi ? v : 0;
}

const struct proc_dyn *proc_module_dyn(struct proc_modules *ms, struct proc_module *m)
{
	size_t w = wire_size(WIRE_DYN, m->elf_class), n = MIN(m->dynamic_size / w, DYN_MAX);
	uint8_t *raw;
	struct proc_dyn *d;
	uint64_t soname = UINT64_MAX;

	if (m->dyn || !m->dynamic)
		return m->dyn;
	raw = xcalloc(n + 1, w);
	n = proc_mem_read_some(&ms->mem, m->dynamic, raw, n * w) / w;
	d = xcalloc(1, sizeof(*d));
	for (size_t i = 0; i < n; i++) {
		Elf64_Dyn v;
		uint64_t val;

		wire_get_dyn(raw + i * w, m->elf_class, &v);
		val = v.d_un.d_val;
		if (v.d_tag == DT_NULL)
			break;
		switch (v.d_tag) {
		case DT_SYMTAB: d->symtab = runtime(m, val); break;
		case DT_STRTAB: d->strtab = runtime(m, val); break;
		case DT_STRSZ: d->strsz = val; break;
		case DT_GNU_HASH: d->gnu_hash = runtime(m, val); break;
		case DT_HASH: d->hash = runtime(m, val); break;
		case DT_VERSYM: d->versym = runtime(m, val); break;
		case DT_VERDEF: d->verdef = runtime(m, val); break;
		case DT_VERDEFNUM: d->verdef_num = val; break;
		case DT_RELA: d->rela = runtime(m, val); break;
		case DT_RELASZ: d->rela_size = val; break;
		case DT_REL: d->rel = runtime(m, val); break;
		case DT_RELSZ: d->rel_size = val; break;
		case DT_PLTREL: d->jmprel_is_rel = val == DT_REL; break;
		case DT_JMPREL: d->jmprel = runtime(m, val); break;
		case DT_PLTRELSZ: d->jmprel_size = val; break;
		case DT_SONAME: soname = val; break;
		}
	}
	free(raw);
	if (d->strtab && soname != UINT64_MAX)
		d->soname = proc_mem_read_str(&ms->mem, d->strtab + soname, NAME_MAX_LEN);
	m->dyn = d;
	return d;
}

void proc_dyn_free(struct proc_dyn *d)
{
	if (d)
		free(d->soname);
	free(d);
}

struct query {
	struct proc_modules *ms;
	struct proc_module *m;
	const struct proc_dyn *d;
	const char *name, *version;
	size_t name_len;
	Elf64_Sym best;
	bool found, best_hidden;
	unsigned int n_hidden;
	char best_version[64];
};

static int rd(const struct query *q, uint64_t addr, void *p, size_t n)
{
	return proc_mem_try_read(&q->ms->mem, addr, p, n);
}

static int rd_sym(const struct query *q, uint64_t idx, Elf64_Sym *ret)
{
	size_t w = wire_size(WIRE_SYM, q->m->elf_class);
	uint8_t raw[sizeof(*ret)];

	if (rd(q, q->d->symtab + idx * w, raw, w))
		return -1;
	wire_get_sym(raw, q->m->elf_class, ret);
	return 0;
}

/* Name of version index @want in DT_VERDEF; "" where there is none. */
static void version_name(const struct query *q, unsigned int want, char *buf, size_t n)
{
	uint64_t at = q->d->verdef;
	Elf64_Verdef vd;
	Elf64_Verdaux va;
	char *s;

	buf[0] = '\0';
	if (want < 2)
		return;
	for (unsigned int i = 0; at && i < VERDEFS_MAX; i++) {
		if (rd(q, at, &vd, sizeof(vd)))
			return;
		if ((vd.vd_ndx & 0x7fff) == want && !rd(q, at + vd.vd_aux, &va, sizeof(va))) {
			s = proc_mem_read_str(&q->ms->mem, q->d->strtab + va.vda_name, n - 1);
			if (s)
				snprintf(buf, n, "%s", s);
			free(s);
			return;
		}
		if (!vd.vd_next)
			return;
		at += vd.vd_next;
	}
}

static bool same_name(const struct query *q, uint32_t off)
{
	char *s;
	bool same;

	if (q->d->strsz && off >= q->d->strsz)
		return false;
	s = proc_mem_read_str(&q->ms->mem, q->d->strtab + off, q->name_len + 1);
	same = s && !strcmp(s, q->name);
	free(s);
	return same;
}

/* Considers symbol @idx. True: it is the one, stop. */
static bool consider(struct query *q, uint32_t idx)
{
	Elf64_Sym sym;
	uint16_t ver = 1;
	char name[64];
	bool hidden;

	if (rd_sym(q, idx, &sym) ||
	    sym.st_shndx == SHN_UNDEF || ELF64_ST_BIND(sym.st_info) == STB_LOCAL ||
	    ELF64_ST_TYPE(sym.st_info) == STT_SECTION || ELF64_ST_TYPE(sym.st_info) == STT_FILE ||
	    !same_name(q, sym.st_name))
		return false;
	if (q->d->versym && rd(q, q->d->versym + 2ULL * idx, &ver, sizeof(ver)))
		return false;
	hidden = ver & 0x8000;
	version_name(q, ver & 0x7fff, name, sizeof(name));
	if (q->version && *q->version) {
		/* An object without versions satisfies any. */
		if (q->d->versym && q->d->verdef && strcmp(name, q->version))
			return false;
	} else if (hidden) {
		q->n_hidden++;
		if (q->found)
			return false;
	}
	q->best = sym;
	q->best_hidden = hidden;
	q->found = true;
	memcpy(q->best_version, name, sizeof(name));
	return !hidden || (q->version && *q->version);
}

static int search_gnu(struct query *q)
{
	uint32_t head[4], h = 5381, bucket, v;
	size_t w = wire_word(q->m->elf_class), bits = 8 * w;
	uint64_t word = 0, buckets, chain;

	for (const char *p = q->name; *p; p++)
		h = h * 33 + (uint8_t)*p;
	if (rd(q, q->d->gnu_hash, head, sizeof(head)) || !head[0] || !head[2])
		return -1;
	if (rd(q, q->d->gnu_hash + 16 + (uint64_t)(h / bits % head[2]) * w, &word, w))
		return -1;
	if (!(word >> (h % bits) & 1) || !(word >> ((h >> head[3]) % bits) & 1))
		return 0;
	buckets = q->d->gnu_hash + 16 + (uint64_t)head[2] * w;
	chain = buckets + (uint64_t)head[0] * 4;
	if (rd(q, buckets + (uint64_t)(h % head[0]) * 4, &bucket, 4))
		return -1;
	if (bucket == 0)
		return 0;
	if (bucket < head[1])
		return -1;
	for (uint32_t i = bucket; i - bucket < CHAIN_MAX; i++) {
		if (rd(q, chain + (uint64_t)(i - head[1]) * 4, &v, 4))
			return -1;
		if ((v | 1) == (h | 1) && consider(q, i))
			return 0;
		if (v & 1)
			return 0;
	}
	return -1;
}

static int search_sysv(struct query *q)
{
	uint32_t head[2], h = 0, i, g;

	for (const char *p = q->name; *p; p++) {
		h = (h << 4) + (uint8_t)*p;
		g = h & 0xf0000000;
		h = (h ^ g >> 24) & ~g;
	}
	if (rd(q, q->d->hash, head, sizeof(head)) || !head[0])
		return -1;
	if (rd(q, q->d->hash + 8 + (uint64_t)(h % head[0]) * 4, &i, 4))
		return -1;
	for (unsigned int n = 0; i; n++) {
		if (i >= head[1] || n > head[1])
			return -1;
		if (consider(q, i))
			return 0;
		if (rd(q, q->d->hash + 8 + (uint64_t)head[0] * 4 + (uint64_t)i * 4, &i, 4))
			return -1;
	}
	return 0;
}

int proc_module_lookup_symbol(struct proc_modules *ms, struct proc_module *m, const char *name,
			      const char *version, struct proc_symbol *ret, struct sut_err *err)
{
	struct query q = {
		.ms = ms, .m = m, .d = proc_module_dyn(ms, m), .name = name,
		.version = version, .name_len = strlen(name),
	};
	int r;

	memset(ret, 0, sizeof(*ret));
	if (!q.d || !q.d->symtab || !q.d->strtab || (!q.d->gnu_hash && !q.d->hash) ||
	    q.name_len >= NAME_MAX_LEN)
		return 1;
	r = q.d->gnu_hash ? search_gnu(&q) : search_sysv(&q);
	if (r)
		return sut_fail(err, SUT_P_MODULE, m->path, "its symbol hash table is damaged");
	/* Several old versions and no default: which one was meant cannot be told. */
	if (!q.found || (q.best_hidden && q.n_hidden > 1 && !(version && *version)))
		return 1;
	ret->module = m;
	ret->type = ELF64_ST_TYPE(q.best.st_info);
	ret->bind = ELF64_ST_BIND(q.best.st_info);
	ret->size = q.best.st_size;
	ret->addr = ret->type == STT_TLS || q.best.st_shndx == SHN_ABS ? q.best.st_value :
									 m->bias + q.best.st_value;
	memcpy(ret->version, q.best_version, sizeof(ret->version));
	ret->version_default = !q.best_hidden;
	return 0;
}

int proc_resolve(struct proc_modules *ms, const char *name, const char *version,
		 struct proc_symbol *ret, struct sut_err *err)
{
	for (size_t i = 0; i < ms->n; i++) {
		struct proc_module *m = &ms->v[ms->by_order[i]];
		int r;

		if (m->is_vdso || (ms->have_link_map && !m->dynamic))
			continue;
		r = proc_module_lookup_symbol(ms, m, name, version, ret, err);
		if (r <= 0)
			return r;
	}
	return 1;
}

/* Calls @fn for each relocation of @m until it returns true. */
static bool each_rela(struct proc_modules *ms, struct proc_module *m,
		      bool (*fn)(void *ctx, struct proc_module *m, const Elf64_Rela *r), void *ctx)
{
	const struct proc_dyn *d = proc_module_dyn(ms, m);
	const struct {
		uint64_t at, size;
		bool rela;
	} t[3] = {
		{d ? d->rela : 0, d ? d->rela_size : 0, true},
		{d ? d->rel : 0, d ? d->rel_size : 0, false},
		{d ? d->jmprel : 0, d ? d->jmprel_size : 0, d && !d->jmprel_is_rel},
	};
	uint8_t buf[256 * sizeof(Elf64_Rela)];

	for (size_t k = 0; k < ARRAY_SIZE(t); k++) {
		size_t w = wire_size(t[k].rela ? WIRE_RELA : WIRE_REL, m->elf_class);
		uint64_t off = 0;

		if (!t[k].at || t[k].size > m->hi - m->lo)
			continue;
		while (off + w <= t[k].size) {
			size_t n = MIN(t[k].size - off, sizeof(buf)) / w;

			n = proc_mem_read_some(&ms->mem, t[k].at + off, buf, n * w) / w;
			if (!n)
				break;
			for (size_t i = 0; i < n; i++) {
				Elf64_Rela r;

				wire_get_rel(buf + i * w, m->elf_class, t[k].rela, &r);
				if (fn(ctx, m, &r))
					return true;
			}
			off += n * w;
		}
	}
	return false;
}

struct slot_query {
	struct query q;			/* of the module whose table is being read */
	struct proc_module *def;
	uint64_t want;			/* the resolver */
	uint64_t value;
};

static bool names_symbol(struct slot_query *s, struct proc_module *m, const Elf64_Rela *r)
{
	Elf64_Sym sym;

	s->q.m = m;
	s->q.d = m->dyn;
	return s->q.name && ELF64_R_SYM(r->r_info) && m->dyn->symtab && m->dyn->strtab &&
	       !rd_sym(&s->q, ELF64_R_SYM(r->r_info), &sym) && same_name(&s->q, sym.st_name);
}

static bool ifunc_slot(void *ctx, struct proc_module *m, const Elf64_Rela *r)
{
	struct slot_query *s = ctx;
	const struct target *t = target_find(m->machine);
	uint32_t type = ELF64_R_TYPE(r->r_info);
	bool mine = false;

	/* Where the addend was in the slot itself (REL), the result has overwritten it. */
	if (type == t->rel_irelative)
		mine = r->r_addend && m->bias + (uint64_t)r->r_addend == s->want;
	else if (type == t->rel_jump_slot || type == t->rel_glob_dat ||
		 (type == t->rel_abs && r->r_addend == 0))
		mine = names_symbol(s, m, r);
	if (!mine || rd(&s->q, m->bias + r->r_offset, &s->value, wire_word(m->elf_class)))
		return false;
	/* A slot not bound yet points into its own object's PLT or to the resolver. */
	if (s->value == s->want)
		return false;
	for (size_t i = 0; i < s->def->n_exec; i++)
		if (s->value >= s->def->exec[i].lo && s->value < s->def->exec[i].hi)
			return type == t->rel_irelative || m != s->def;
	return false;
}

int proc_ifunc_target(struct proc_modules *ms, const struct proc_symbol *sym, const char *name,
		      uint64_t *ret)
{
	struct slot_query s = {
		.q = {.ms = ms, .name = name, .name_len = name ? strlen(name) : 0},
		.def = sym->module, .want = sym->addr,
	};

	for (size_t i = 0; i < ms->n; i++) {
		if (ms->v[i].machine != native_elf_machine || !each_rela(ms, &ms->v[i], ifunc_slot, &s))
			continue;
		*ret = s.value;
		return 0;
	}
	return 1;
}
