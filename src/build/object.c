// SPDX-License-Identifier: GPL-2.0-or-later
/* The linked object that a unit is proved against: its executable bytes and function starts. */
#include "build/prove.h"
#include "elf/dynamic.h"
#include "unwind/cfi.h"

#include <stdlib.h>
#include <string.h>

static int add_start(void *ctx, const struct cfi_fde *fde)
{
	struct prove_object *po = ctx;
	size_t cap = po->cap_starts;

	*VEC_PUSH(po->starts, po->n_starts, po->cap_starts) = fde->pc_begin;
	if (po->cap_starts != cap)
		po->ends = xrealloc(po->ends, po->cap_starts * sizeof(*po->ends));
	po->ends[po->n_starts - 1] = fde->pc_begin + fde->pc_range;
	return 0;
}

struct span {
	uint64_t lo, hi;
};

static int cmp_span(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* Unwind records name every function that a compiler wrote, also in a stripped object. */
static void find_starts(struct prove_object *po)
{
	const struct elf_sec *eh = elf_obj_sec(po->o, ".eh_frame");
	struct cfi_section s = {0};
	struct span *v;

	if (!eh || !eh->data)
		return;
	s.data = eh->data;
	s.size = eh->size;
	s.addr = eh->addr;
	s.addr_size = po->o->elf_class == ELFCLASS64 ? 8 : 4;
	/* Entries before a damaged one have been reported, and a missing start only costs a match. */
	cfi_for_each_fde(&s, add_start, po);
	v = xcalloc(po->n_starts, sizeof(*v));
	for (size_t i = 0; i < po->n_starts; i++)
		v[i] = (struct span){po->starts[i], po->ends[i]};
	qsort(v, po->n_starts, sizeof(*v), cmp_span);
	for (size_t i = 0; i < po->n_starts; i++) {
		po->starts[i] = v[i].lo;
		po->ends[i] = v[i].hi;
	}
	free(v);
}

static int cmp_addr(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/*
 * Linkers put it 32 KB into .got, and functions compute it themselves: what most of them say is asked
 * where there are no section headers. (Records of patchable entries begin behind their nops, so some
 * may seem to say something else.) A function that has another one matches nothing.
 */
static uint64_t find_gp(const struct prove_object *po)
{
	const struct elf_sec *got = elf_obj_sec(po->o, ".got");
	uint64_t *v, gp = 0;
	size_t n = 0, best = 0;

	if (!po->target->code_gp)
		return 0;
	if (got && got->type == SHT_PROGBITS)
		return (got->addr & ~255ULL) + 0x8000;
	v = xcalloc(po->n_starts + 1, sizeof(*v));
	for (size_t i = 0; i < po->n_starts; i++) {
		uint64_t size = po->ends[i] - po->starts[i];
		const uint8_t *p = elf_obj_at(po->o, po->starts[i], size);

		v[n] = p ? po->target->code_gp(p, size, po->starts[i]) : 0;
		n += v[n] != 0;
	}
	qsort(v, n, sizeof(*v), cmp_addr);
	for (size_t i = 0, run = 0; i < n; i++) {
		run = i && v[i] == v[i - 1] ? run + 1 : 1;
		if (run > best) {
			best = run;
			gp = v[i];
		}
	}
	free(v);
	return gp;
}

struct prove_object *prove_object_open(const char *path, struct sut_err *err)
{
	struct prove_object *po = xcalloc(1, sizeof(*po));
	const struct elf_seg *tls, *interp;

	po->o = elf_obj_open(path, err);
	if (!po->o)
		goto fail;
	if (po->o->type != ET_EXEC && po->o->type != ET_DYN) {
		sut_fail(err, SUT_E_ELF, path, "it is neither an executable nor a shared library");
		goto fail;
	}
	po->target = target_find(po->o->machine);
	if (!po->target || po->target->elf_class != po->o->elf_class) {
		sut_fail(err, SUT_E_ARCH, path, "its ELF machine is %u", po->o->machine);
		goto fail;
	}
	po->dyn = object_dyn_read(po->o, err);
	if (!po->dyn)
		goto fail;
	po->name = elf_obj_soname(po->o);
	for (size_t i = 0; i < po->o->n_segs; i++) {
		const struct elf_seg *s = &po->o->segs[i];

		if (s->type == PT_LOAD && s->flags & PF_X)
			*VEC_PUSH(po->exec, po->n_exec, po->cap_exec) =
				(struct code_range){s->vaddr, s->vaddr + s->filesz};
	}
	tls = elf_obj_seg(po->o, PT_TLS);
	if (tls) {
		po->tls_size = tls->memsz;
		po->tls_align = tls->align ? tls->align : 1;
	}
	interp = elf_obj_seg(po->o, PT_INTERP);
	/* A static PIE has no interpreter, but an entry point and no soname. */
	po->is_exec = po->o->type == ET_EXEC || interp ||
		      (po->o->entry && !po->dyn->needed.n && !elf_obj_sec(po->o, ".gnu.version_d"));
	find_starts(po);
	po->gp = find_gp(po);
	return po;
fail:
	prove_object_free(po);
	return NULL;
}

void prove_object_free(struct prove_object *po)
{
	if (!po)
		return;
	elf_obj_free(po->o);
	object_dyn_free(po->dyn);
	free(po->name);
	free(po->exec);
	free(po->starts);
	free(po->ends);
	free(po);
}

char *prove_object_compiler(const struct prove_object *po)
{
	const struct elf_sec *c = elf_obj_sec(po->o, ".comment");

	if (!c || !c->data || !memchr(c->data, 0, c->size))
		return NULL;
	return xstrdup((const char *)c->data);
}

static bool is_start(const struct prove_object *po, uint64_t addr)
{
	size_t lo = 0, hi = po->n_starts;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (po->starts[mid] < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < po->n_starts && po->starts[lo] == addr;
}

uint64_t prove_room(const struct prove_object *po, uint64_t at, uint64_t addr, uint64_t size)
{
	uint64_t end = addr + size;

	for (;;) {
		const uint8_t *p = elf_obj_at(po->o, end, 1);
		uint64_t left = 0;
		size_t n;

		if (!p || is_start(po, end))
			break;
		for (size_t i = 0; i < po->n_exec; i++)
			if (end >= po->exec[i].lo && end < po->exec[i].hi)
				left = po->exec[i].hi - end;
		n = left ? po->target->pad_len(p, left) : 0;
		if (!n || end + n - at > 64)
			break;
		end += n;
	}
	/* Nobody needs more; a small number says that it is about the entry. */
	return end > at ? MIN(end - at, (uint64_t)64) : 0;
}
