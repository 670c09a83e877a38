// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mostly PT_GNU_EH_FRAME leads to .eh_frame_hdr and that to .eh_frame. Statically linked programs
 * often have no such header (their start code registers .eh_frame by its address), and section
 * headers are not in memory. Then the section is searched: its first entry is a CIE, entries follow
 * each other without a gap, each FDE covers executable memory of the module, and a zero ends it.
 * A run of bytes that is all of that is the section; one that only looks so at its start fails a
 * few entries on. A sorted table is made for it, in the form of an .eh_frame_hdr.
 *
 * .sframe and .ARM.exidx have program headers of their own, PT_GNU_SFRAME and PT_ARM_EXIDX.
 */
#include "proc/debugframe.h"
#include "proc/ehframe.h"
#include "proc/native/native.h"
#include "unwind/cfi.h"
#include "unwind/exidx.h"

#include <stdlib.h>
#include <string.h>

#define UNWIND_MAX (256ULL << 20)	/* no object has more metadata than this */
enum { FDES_MIN = 8, SEARCH_ALIGN = 4 };

/* Fresh copy of what is readable of [addr, addr + len). */
static uint8_t *fetch(const struct proc_mem *mem, uint64_t addr, uint64_t len, size_t *ret_n)
{
	uint8_t *p;

	*ret_n = 0;
	if (!len || len > UNWIND_MAX)
		return NULL;
	p = xmalloc(len);
	*ret_n = proc_mem_read_some(mem, addr, p, len);
	if (!*ret_n) {
		free(p);
		return NULL;
	}
	return p;
}

struct entry {
	uint64_t pc, fde;
};

struct index {
	const struct proc_module *m;
	uint64_t section;
	struct entry *v;
	size_t n, cap;
};

static int index_one(void *ctx, const struct cfi_fde *f)
{
	struct index *ix = ctx;
	const struct proc_module *m = ix->m;

	for (size_t i = 0; i < m->n_exec; i++) {
		if (f->pc_begin >= m->exec[i].lo && f->pc_begin + f->pc_range <= m->exec[i].hi) {
			*VEC_PUSH(ix->v, ix->n, ix->cap) =
				(struct entry){f->pc_begin, ix->section + f->offset};
			return 0;
		}
	}
	return 1;
}

static int by_pc(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->pc < y->pc ? -1 : x->pc > y->pc;
}

/* A table in the form of .eh_frame_hdr, to be read as if it lay at the section's address. */
static void make_table(struct index *ix, struct unw_module *u)
{
	const uint8_t head[8] = {1, 0xff, 0x03, 0x3b};
	uint8_t *p = xmalloc(sizeof(head) + ix->n * 8);
	uint32_t n = (uint32_t)ix->n;

	memcpy(p, head, sizeof(head));
	memcpy(p + 4, &n, 4);
	qsort(ix->v, ix->n, sizeof(*ix->v), by_pc);
	for (size_t i = 0; i < ix->n; i++) {
		int32_t pair[2] = {(int32_t)(ix->v[i].pc - ix->section),
				   (int32_t)(ix->v[i].fde - ix->section)};

		memcpy(p + sizeof(head) + i * 8, pair, 8);
	}
	u->hdr = p;
	u->hdr_size = sizeof(head) + ix->n * 8;
	u->hdr_addr = ix->section;
}

/* Whether a CIE of the usual kind starts here: length, id 0, version, augmentation "z...". */
static bool looks_like_cie(const uint8_t *p, size_t n)
{
	uint32_t len, id;

	if (n < 16)
		return false;
	memcpy(&len, p, 4);
	memcpy(&id, p + 4, 4);
	return len >= 8 && len < 256 && len % 4 == 0 && id == 0 && (p[8] == 1 || p[8] == 3) &&
	       p[9] == 'z' && p[10] == 'R';
}

static bool search_segment(const struct proc_module *m, const uint8_t *data, size_t n,
			   uint64_t addr, struct unw_module *u)
{
	for (size_t off = 0; off + 16 <= n; off += SEARCH_ALIGN) {
		struct cfi_section s = {
			.data = data + off, .size = n - off, .addr = addr + off,
			.addr_size = m->elf_class == ELFCLASS64 ? 8 : 4,
		};
		struct index ix = {.m = m, .section = addr + off};

		if (!looks_like_cie(data + off, n - off))
			continue;
		if (cfi_for_each_fde(&s, index_one, &ix) == 0 && ix.n >= FDES_MIN) {
			u->eh_frame = xmemdup(data + off, n - off);
			u->eh_frame_size = n - off;
			u->eh_frame_addr = addr + off;
			make_table(&ix, u);
			free(ix.v);
			return true;
		}
		free(ix.v);
	}
	return false;
}

static void search(struct proc_modules *ms, const struct proc_module *m, struct unw_module *u)
{
	bool found = false;

	for (size_t i = 0; i < m->n_phdrs && !found; i++) {
		const Elf64_Phdr *ph = &m->phdrs[i];
		uint8_t *data;
		size_t n;

		if (ph->p_type != PT_LOAD || (ph->p_flags & PF_W))
			continue;
		data = fetch(&ms->mem, m->bias + ph->p_vaddr, ph->p_filesz, &n);
		if (data)
			found = search_segment(m, data, n, m->bias + ph->p_vaddr, u);
		free(data);
	}
}

#ifndef PT_GNU_SFRAME
#define PT_GNU_SFRAME 0x6474e554
#endif

static void load_sframe(struct proc_modules *ms, const struct proc_module *m, struct unw_module *u)
{
	for (size_t i = 0; i < m->n_phdrs && !u->sframe; i++) {
		const Elf64_Phdr *ph = &m->phdrs[i];

		if (ph->p_type != PT_GNU_SFRAME)
			continue;
		u->sframe_addr = m->bias + ph->p_vaddr;
		u->sframe = fetch(&ms->mem, u->sframe_addr, ph->p_memsz, &u->sframe_size);
	}
}

#ifndef PT_ARM_EXIDX
#define PT_ARM_EXIDX 0x70000001
#endif

static void load_exidx(struct proc_modules *ms, const struct proc_module *m, struct unw_module *u)
{
	for (size_t i = 0; m->machine == EM_ARM && i < m->n_phdrs && !u->exidx; i++) {
		const Elf64_Phdr *ph = &m->phdrs[i];
		struct exidx x;
		uint64_t lo, hi;

		if (ph->p_type != PT_ARM_EXIDX)
			continue;
		u->exidx_addr = m->bias + ph->p_vaddr;
		u->exidx = fetch(&ms->mem, u->exidx_addr, ph->p_memsz, &u->exidx_size);
		x = (struct exidx){
			.index = u->exidx, .index_size = u->exidx_size, .index_addr = u->exidx_addr,
		};
		exidx_table_bounds(&x, &lo, &hi);
		/* The index may be damaged: nothing outside of the object is looked at. */
		if (lo >= m->lo && hi <= m->hi && lo < hi) {
			u->extab_addr = lo;
			u->extab = fetch(&ms->mem, lo, MIN(hi + EXIDX_ENTRY_MAX, m->hi) - lo, &u->extab_size);
		}
	}
}

static void load_eh_frame(struct proc_modules *ms, const struct proc_module *m, struct unw_module *u)
{
	uint64_t eh;

	if (!m->eh_frame_hdr) {
		search(ms, m, u);
		return;
	}
	u->hdr_addr = m->eh_frame_hdr;
	u->hdr = fetch(&ms->mem, m->eh_frame_hdr, m->eh_frame_hdr_size, &u->hdr_size);
	if (!u->hdr || cfi_hdr_eh_frame(u->hdr, u->hdr_size, u->hdr_addr,
					m->elf_class == ELFCLASS64 ? 8 : 4, &eh) || !eh)
		return;
	for (size_t i = 0; i < m->n_phdrs; i++) {
		const Elf64_Phdr *ph = &m->phdrs[i];
		uint64_t lo = m->bias + ph->p_vaddr;

		/* Its size is not known: a terminator or the end of the segment ends it. */
		if (ph->p_type == PT_LOAD && eh >= lo && eh < lo + ph->p_filesz && !u->eh_frame) {
			u->eh_frame_addr = eh;
			u->eh_frame = fetch(&ms->mem, eh, lo + ph->p_filesz - eh, &u->eh_frame_size);
		}
	}
}

void proc_ehframe_load(struct proc_modules *ms, const struct proc_module *m, struct unw_module *u)
{
	load_eh_frame(ms, m, u);
	load_sframe(ms, m, u);
	load_exidx(ms, m, u);
	proc_debug_frame_load(ms, m, u);
}
