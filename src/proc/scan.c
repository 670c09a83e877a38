// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whose stack is what.
 *
 * The stack that a thread was born with is known by two facts. The main thread's is the mapping that
 * the kernel calls [stack]. C libraries put a thread's descriptor at the top of its stack, inside of
 * the same mapping, whether they made the mapping or the program gave it; the thread pointer leads
 * there. So a thread is on its own stack where its stack pointer lies in the mapping of its thread
 * pointer and below it. Whatever is arranged otherwise (musl with a stack of the program's and much
 * thread-local data, threads made by hand, the main thread of a process that a thread forked) is just
 * not recognized; then all writable memory is searched.
 *
 * A stack may consist of several neighbouring mappings (locked in part, or named in part): they are
 * taken as one.
 */
#include "proc/scan.h"
#include "proc/maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int stacks_read(struct stacks *st, pid_t pid, const struct proc_mem *mem, uint64_t deadline_ns,
		struct sut_err *err)
{
	struct proc_maps maps = {0};
	uint64_t top = 0;

	memset(st, 0, sizeof(*st));
	st->mem = mem;
	st->deadline_ns = deadline_ns;
	if (proc_maps_read(&maps, pid, err) < 0)
		return -1;
	for (size_t i = 0; i < maps.n; i++) {
		const struct proc_map *m = &maps.v[i];

		if (!(m->perms & (PROC_R | PROC_W | PROC_X)))
			*VEC_PUSH(st->guards, st->n_guards, st->cap_guards) = m->hi;
		if (!(m->perms & PROC_W) || !(m->perms & PROC_R) || str_starts(m->path, "/memfd:suture:"))
			continue;
		if (!strcmp(m->path, "[stack]"))
			top = m->hi;
		if (st->n && st->spans[st->n - 1].hi == m->lo)
			st->spans[st->n - 1].hi = m->hi;
		else
			*VEC_PUSH(st->spans, st->n, st->cap) = (struct unw_range){m->lo, m->hi};
	}
	for (size_t i = 0; i < st->n; i++)
		if (top > st->spans[i].lo && top <= st->spans[i].hi)
			st->main = (struct unw_range){st->spans[i].lo, top};
	proc_maps_free(&maps);
	return 0;
}

void stacks_free(struct stacks *st)
{
	free(st->spans);
	free(st->guards);
	memset(st, 0, sizeof(*st));
}

/* The stack that the thread began on; empty where that is not known. */
static struct unw_range home_of(const struct stacks *st, const struct threads *ts,
				const struct tracee *t, const struct native_regs *r)
{
	uint64_t tp = native_tp(r);

	if (t->tid == ts->pid)
		return st->main;
	for (size_t i = 0; i < st->n; i++)
		if (tp > st->spans[i].lo && tp < st->spans[i].hi)
			return (struct unw_range){st->spans[i].lo, tp};
	return (struct unw_range){0, 0};
}

bool stacks_at_home(const struct stacks *st, const struct threads *ts, struct tracee *t, uint64_t addr)
{
	struct native_regs *r = tracee_regs(t);
	struct unw_range h = r ? home_of(st, ts, t, r) : (struct unw_range){0, 0};

	return addr >= h.lo && addr <= h.hi && h.lo < h.hi;
}

static int read_stack(void *ctx, uint64_t addr, void *buf, size_t len)
{
	const struct stacks *st = ctx;

	return now_ns() > st->deadline_ns ? -1 : proc_mem_try_read(st->mem, addr, buf, len);
}

static uint64_t signed_bits(const struct threads *ts)
{
	return ts->know_signed ? ts->signed_bits : native_unw_arch->signed_bits;
}

bool tracee_scan(const struct stacks *st, const struct threads *ts, struct tracee *t,
		 const struct unw_range *code, size_t n_code, struct unw_scan_out *out)
{
	struct native_regs *r = tracee_regs(t);
	struct unw_mem mem = {read_stack, (void *)st};
	struct unw_scan_in in = {
		.arch = native_unw_arch, .signed_bits = signed_bits(ts), .mem = &mem, .code = code, .n_code = n_code,
		.spans = st->spans, .n_spans = st->n,
	};
	struct unw_regs g = {.valid = {0}};

	if (!r && (t->state != TRACEE_STOPPED || errno == ESRCH))
		return false;
	/* Registers that could not be read are none: the scan says so. */
	if (r) {
		in.home = home_of(st, ts, t, r);
		native_to_unw(r, &g);
	}
	unw_scan(&in, &g, out);
	return true;
}

/* Is [lo, hi) a mapping of a stack alone: a guard below, and the thread's descriptor near its end? */
static bool is_pure_stack(const struct stacks *st, const struct unw_range *span, uint64_t tp)
{
	enum { TOP = 65536 };

	for (size_t i = 0; i < st->n_guards; i++)
		if (st->guards[i] == span->lo)
			return span->hi - tp <= TOP;
	return false;
}

/*
 * The stale part of the stack of thread @i: from its lowest address to below sp. Not where the lowest
 * address is in doubt, as a program may carve stacks out of one block, and there what lies below is
 * not this thread's.
 */
static struct unw_range stale_of(const struct stacks *st, struct threads *ts, size_t i)
{
	const struct unw_range none = {0, 0};
	struct native_regs *r = tracee_regs(&ts->v[i]), *o;
	struct unw_range h, span = none;
	uint64_t sp;

	if (!r)
		return none;
	h = home_of(st, ts, &ts->v[i], r);
	sp = native_sp(r);
	if (sp < h.lo || sp >= h.hi || sp - h.lo <= native_unw_arch->red_zone)
		return none;
	for (size_t k = 0; k < st->n; k++)
		if (st->spans[k].lo == h.lo)
			span = st->spans[k];
	if (ts->v[i].tid != ts->pid && !is_pure_stack(st, &span, native_tp(r)))
		return none;
	for (size_t k = 0; k < ts->n; k++) {
		o = k == i ? NULL : tracee_regs(&ts->v[k]);
		if (o && ((native_sp(o) >= span.lo && native_sp(o) < span.hi) ||
			  (native_tp(o) >= span.lo && native_tp(o) < span.hi)))
			return none;
	}
	return (struct unw_range){h.lo, sp - native_unw_arch->red_zone};
}

/* One piece of memory that may hold waiting stacks. */
static void scan_piece(const struct stacks *st, const struct unw_scan_in *in, uint64_t lo, uint64_t hi,
		       uint8_t *buf, size_t chunk, struct unw_scan_out *out)
{
	while (lo < hi && out->verdict == UNW_SCAN_CLEAR) {
		size_t n, own;

		if (now_ns() > st->deadline_ns) {
			out->verdict = UNW_SCAN_FAILED;
			return;
		}
		n = proc_mem_read_some(st->mem, lo, buf, MIN(chunk + UNW_SCAN_CONTEXT, hi - lo));
		own = MIN(n, chunk) / in->arch->addr_size * in->arch->addr_size;
		if (own)
			unw_scan_buffer(in, buf, own, n, lo, out);
		/* A page that cannot be read (a hole of a device) holds no stack. */
		lo += own ? own : NATIVE_PAGE;
	}
}

void stacks_scan_all(const struct stacks *st, struct threads *ts, const struct unw_range *code,
		     size_t n_code, struct unw_scan_out *out)
{
	enum { CHUNK = 1 << 20 };
	struct unw_mem mem = {read_stack, (void *)st};
	struct unw_scan_in in = {
		.arch = native_unw_arch, .signed_bits = signed_bits(ts), .mem = &mem, .code = code, .n_code = n_code,
	};
	struct unw_range *stale = xcalloc(ts->n + 1, sizeof(*stale));
	uint8_t *buf = xmalloc(CHUNK + UNW_SCAN_CONTEXT);

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < ts->n; i++)
		stale[i] = stale_of(st, ts, i);
	for (size_t i = 0; i < st->n && out->verdict == UNW_SCAN_CLEAR; i++) {
		uint64_t lo = st->spans[i].lo;

		for (size_t k = 0; k < ts->n; k++)
			if (stale[k].lo == lo && stale[k].hi)
				lo = stale[k].hi;
		scan_piece(st, &in, lo, st->spans[i].hi, buf, CHUNK, out);
	}
	free(stale);
	free(buf);
}
