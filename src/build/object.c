// SPDX-License-Identifier: GPL-2.0-or-later
/* The linked object that a unit is proved against: its executable bytes and function starts. */
#include "build/prove.h"
#include "elf/dynamic.h"
#include "elf/note.h"
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

/* Where relocations have no addend of their own the place holds it. A slot of the PLT holds something
 * else, and one of the GOT nothing that counts. */
static void fill_addends(struct prove_object *po)
{
	size_t w = po->o->elf_class == ELFCLASS64 ? 8 : 4;

	for (size_t i = 0; i < po->dyn->n_rels; i++) {
		struct dyn_rel *r = &po->dyn->rels[i];
		const uint8_t *p = elf_obj_at(po->o, r->offset, w);
		int32_t v;

		if (r->has_addend || !p || r->type == po->target->rel_glob_dat ||
		    r->type == po->target->rel_jump_slot)
			continue;
		memcpy(&v, p, 4);
		r->addend = v;
		if (w == 8)
			memcpy(&r->addend, p, 8);
	}
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

	if (po->target->gp_is_pltgot)
		return po->dyn->pltgot;
	if (po->target->start_gp)
		return po->target->start_gp(po->o);
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
	qsort(v, n, sizeof(*v), cmp_u64);
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
	struct elf_obj *o = target_obj_open(path, err);

	return o ? prove_object_from(o, err) : NULL;
}

static int cmp_sym_name(const void *a, const void *b, void *syms)
{
	const struct elf_sym *v = syms;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int r = strcmp(v[x].name, v[y].name);

	return r ? r : x < y ? -1 : x > y;
}

void prove_object_use_names(struct prove_object *po)
{
	free(po->by_name);
	po->n_by_name = 0;
	po->by_name = xcalloc(po->o->n_syms + 1, sizeof(*po->by_name));
	for (uint32_t i = 1; i < po->o->n_syms; i++)
		if (po->o->syms[i].type == STT_FUNC && po->o->syms[i].shndx != SHN_UNDEF)
			po->by_name[po->n_by_name++] = i;
	qsort_r(po->by_name, po->n_by_name, sizeof(*po->by_name), cmp_sym_name, po->o->syms);
}

static bool is_guarded(const struct prove_object *po)
{
	const struct elf_sec *s = elf_obj_sec(po->o, ".note.gnu.property");
	const struct target *t = po->target;

	return t->lands && s && s->data &&
	       note_property(s->data, s->size, t->elf_class == ELFCLASS64 ? 8 : 4, t->guard_property) &
		       t->guard_bits;
}

struct prove_object *prove_object_from(struct elf_obj *o, struct sut_err *err)
{
	struct prove_object *po = xcalloc(1, sizeof(*po));
	const struct elf_seg *tls, *interp;
	const char *path = o->path;

	po->o = o;
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
	fill_addends(po);
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
	po->is_guarded = is_guarded(po);
	find_starts(po);
	po->gp = find_gp(po);
	return po;
fail:
	prove_object_free(po);
	return NULL;
}

int64_t prove_tls_start(const struct prove_object *po)
{
	const struct target *t = po->target;
	uint64_t align = MAX(po->tls_align, 1ull);

	if (t->tls_variant2)
		return -(int64_t)ALIGN_UP(po->tls_size, align);
	/* In front of the thread pointer there is nothing to keep clear of. */
	return t->thread_ptr_gap > 0 ? (int64_t)ALIGN_UP((uint64_t)t->thread_ptr_gap, align) :
				       t->thread_ptr_gap;
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
	free(po->by_name);
	free(po);
}

char *prove_object_compiler(const struct prove_object *po)
{
	const struct elf_sec *c = elf_obj_sec(po->o, ".comment");

	if (!c || !c->data || !memchr(c->data, 0, c->size))
		return NULL;
	return xstrdup((const char *)c->data);
}

const uint8_t *prove_code_at(const struct prove_object *po, uint64_t addr, uint64_t *ret_left)
{
	for (size_t i = 0; i < po->n_exec; i++) {
		if (addr < po->exec[i].lo || addr >= po->exec[i].hi)
			continue;
		*ret_left = po->exec[i].hi - addr;
		return elf_obj_at(po->o, addr, *ret_left);
	}
	return NULL;
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

/* How far nops go from @end on, no farther than to @stop and 64 bytes from @at. */
static uint64_t nops_end(const struct prove_object *po, uint64_t at, uint64_t end, uint64_t stop,
			 unsigned int isa)
{
	for (;;) {
		const uint8_t *p = elf_obj_at(po->o, end, 1);
		uint64_t left = 0;
		size_t n;

		if (!p || is_start(po, end))
			break;
		for (size_t i = 0; i < po->n_exec; i++)
			if (end >= po->exec[i].lo && end < po->exec[i].hi)
				left = po->exec[i].hi - end;
		n = left ? po->target->pad_len(p, left, isa) : 0;
		if (!n || end + n - at > 64 || end + n > stop)
			break;
		end += n;
	}
	return end;
}

uint64_t prove_room(const struct prove_object *po, uint64_t at, uint64_t addr, uint64_t size,
		    unsigned int isa)
{
	uint64_t end = addr + size, stop = UINT64_MAX, all;
	bool patchable = elf_obj_sec(po->o, "__patchable_function_entries") != NULL;

	/*
	 * Without unwind records nothing says that the nops are not the first of the next function:
	 * those of a patchable entry. No other function begins with one, and none that is aligned to
	 * a word has them before it further than that.
	 */
	if (po->target->insn_min == 2 && (isa ? !po->n_starts : !po->target->isa_mask))
		stop = patchable ? end : ALIGN_UP(end, 4);
	all = nops_end(po, at, end, UINT64_MAX, isa);
	/* Some objects have records of a part of their code alone: here of what is before and behind them. */
	if (stop == UINT64_MAX || (!patchable && is_start(po, addr) && is_start(po, all)))
		end = all;
	else
		end = nops_end(po, at, end, stop, isa);
	/* Nobody needs more; a small number says that it is about the entry. */
	return end > at ? MIN(end - at, (uint64_t)64) : 0;
}
