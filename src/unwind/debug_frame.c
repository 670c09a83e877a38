// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The entries of .debug_frame are those of .eh_frame but for their heads (cfi.c reads both), and so
 * are the programs in them (row.c). What differs is how one is found: there is no table like
 * .eh_frame_hdr, so the section is read once and a sorted index is made.
 *
 * Linkers keep the entries of functions that they threw away (a second copy of an inline function, a
 * section that nobody uses) and put 0, -1, or an offset that is left over into their address. An
 * entry therefore counts only inside executable memory. One that is left over may still overlap
 * another by chance, and then nobody can tell which is right: both are refused. The same function
 * described twice with the same words (two names for one piece of code, folded by the linker) is
 * no such case.
 *
 * One damaged entry spoils all: what follows it cannot be found for certain.
 *
 * References: DWARF 5, 6.4.1.
 */
#include "unwind/debug_frame.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	uint64_t lo, hi;
	size_t offset;
	bool disputed;
};

struct debug_frame {
	struct cfi_section sec;
	uint8_t *data;
	bool calls_only;
	struct entry *v;	/* sorted by lo */
	size_t n, cap;
};

struct making {
	struct debug_frame *df;
	const struct unw_range *code;
	size_t n_code;
	uint64_t isa_bit;
};

static int add_entry(void *ctx, const struct cfi_fde *f)
{
	struct making *m = ctx;
	uint64_t lo = f->pc_begin & ~m->isa_bit, hi = lo + f->pc_range;

	for (size_t i = 0; i < m->n_code; i++)
		if (lo >= m->code[i].lo && hi <= m->code[i].hi) {
			*VEC_PUSH(m->df->v, m->df->n, m->df->cap) =
				(struct entry){.lo = lo, .hi = hi, .offset = f->offset};
			break;
		}
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->lo != y->lo)
		return x->lo < y->lo ? -1 : 1;
	return x->hi < y->hi ? -1 : x->hi > y->hi;
}

static bool same_bytes(const uint8_t *a, const uint8_t *a_end, const uint8_t *b, const uint8_t *b_end)
{
	return a_end - a == b_end - b && !memcmp(a, b, (size_t)(a_end - a));
}

static bool same_words(const struct debug_frame *df, const struct entry *x, const struct entry *y)
{
	struct cfi_fde a, b;
	size_t next;

	return x->lo == y->lo && x->hi == y->hi && !cfi_fde_at(&df->sec, x->offset, &a, &next) &&
	       !cfi_fde_at(&df->sec, y->offset, &b, &next) && a.code_align == b.code_align &&
	       a.data_align == b.data_align && a.ra_reg == b.ra_reg && a.is_signal == b.is_signal &&
	       same_bytes(a.cie_insn, a.cie_insn_end, b.cie_insn, b.cie_insn_end) &&
	       same_bytes(a.fde_insn, a.fde_insn_end, b.fde_insn, b.fde_insn_end);
}

/* Whatever overlaps an earlier entry overlaps the one of them that reaches furthest. */
static void find_disputes(struct debug_frame *df)
{
	size_t top = 0;

	for (size_t i = 1; i < df->n; i++) {
		struct entry *e = &df->v[i], *t = &df->v[top];

		if (e->lo < t->hi && !same_words(df, t, e))
			e->disputed = t->disputed = true;
		/* Of equal ones the last is found, so it has to know what was found out of the first. */
		if (e->lo == t->lo && e->hi == t->hi)
			e->disputed |= t->disputed;
		if (e->hi >= t->hi)
			top = i;
	}
}

struct debug_frame *debug_frame_new(uint8_t *data, size_t size, const struct unw_arch *arch,
				    const struct unw_range *code, size_t n_code, bool calls_only)
{
	struct debug_frame *df = xcalloc(1, sizeof(*df));
	struct making m = {.df = df, .code = code, .n_code = n_code, .isa_bit = arch->thumb_bit};

	df->data = data;
	df->calls_only = calls_only;
	df->sec = (struct cfi_section){
		.data = data, .size = size, .addr_size = arch->addr_size, .is_debug_frame = true,
	};
	if (cfi_for_each_fde(&df->sec, add_entry, &m) || !df->n) {
		debug_frame_free(df);
		return NULL;
	}
	qsort(df->v, df->n, sizeof(*df->v), by_address);
	find_disputes(df);
	return df;
}

void debug_frame_free(struct debug_frame *df)
{
	if (!df)
		return;
	free(df->data);
	free(df->v);
	free(df);
}

int debug_frame_row(const struct debug_frame *df, uint64_t pc, const struct unw_arch *arch,
		    struct cfi_row *ret)
{
	size_t lo = 0, hi = df->n, next;
	const struct entry *e;
	struct cfi_fde f;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (df->v[mid].lo <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || pc >= df->v[lo - 1].hi)
		return 1;
	e = &df->v[lo - 1];
	if (e->disputed || cfi_fde_at(&df->sec, e->offset, &f, &next))
		return -1;
	f.pc_begin = e->lo;
	if (cfi_row(&df->sec, &f, pc, arch, ret))
		return -1;
	ret->method = UNW_DEBUG_FRAME;
	ret->calls_only = df->calls_only;
	return 0;
}
