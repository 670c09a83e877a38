// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stacks that no thread runs on.
 *
 * A program with coroutines keeps stacks that belong to no thread for the moment. One of them may hold a
 * frame of a function that is about to change, and no walk of any thread would see it. Where such
 * stacks lie only the program knows, so the search is conservative: every aligned word of writable
 * memory that points into an affected function counts as a return address. A suspended frame has its
 * return address in memory as it is, so nothing is missed, with one exception: a function that leaves
 * its stack by sigsetjmp itself has only a mangled address in the jump buffer. Its callers are seen.
 *
 * A word that only looks like one (stale bytes, a number) makes the answer "not now", never "clear".
 * The first byte of a function is left out: that is what a function pointer looks like, and no return
 * address points there.
 *
 * Reading all memory of a process takes time that all of its threads stand still, so it is done only
 * where a known way of switching stacks is linked in, and never longer than the pause may last.
 *
 * Not searched: a thread's own stack, which was walked. That is the mapping called [stack] for the main
 * thread, and for the others the part of the mapping of their stack pointer up to their thread pointer,
 * as C libraries put the thread's descriptor at the top of its stack.
 */
#include "apply/dormant.h"
#include "proc/dynamic.h"

#include <stdlib.h>
#include <string.h>

/* Functions that exist to run on another stack. libcrypto imports some of them for asynchronous jobs,
 * which nearly no program starts; looking through gigabytes for its sake would be felt by everybody. */
static const char *const switchers[] = {
	"swapcontext",	 "setcontext",	  "makecontext",   "jump_fcontext", "ontop_fcontext",
	"coro_transfer", "co_switch",	  "uv_coro_swap",  "pth_spawn",	    "st_thread_create",
	"task_switch",	 "aco_resume",	  "co_resume",
};
static const char *const exempt[] = {"libc.so.6", "libcrypto.so.3", "libcrypto.so.1.1"};

/* The names of a module's dynamic symbols, imports and exports alike, end in its string table. */
static const char *uses_switcher(struct proc_modules *ms, struct proc_module *m)
{
	const struct proc_dyn *d = proc_module_dyn(ms, m);
	const char *found = NULL;
	char *names;

	if (!d || !d->strtab || !d->strsz || d->strsz > 64u << 20)
		return NULL;
	for (size_t i = 0; d->soname && i < ARRAY_SIZE(exempt); i++)
		if (!strcmp(d->soname, exempt[i]))
			return NULL;
	names = xmalloc(d->strsz);
	if (proc_mem_try_read(&ms->mem, d->strtab, names, d->strsz) == 0)
		for (size_t i = 0; i < ARRAY_SIZE(switchers) && !found; i++) {
			size_t n = strlen(switchers[i]) + 1;
			const char *p = names, *end = names + d->strsz;

			while (p < end && (p = memmem(p, (size_t)(end - p), switchers[i], n))) {
				/* A whole name, not the tail of another. */
				if (p > names && p[-1] == '\0') {
					found = switchers[i];
					break;
				}
				p++;
			}
		}
	free(names);
	return found;
}

char *dormant_reason(struct proc_modules *ms)
{
	for (size_t i = 0; i < ms->n; i++) {
		struct proc_module *m = &ms->v[i];
		const char *name = m->is_vdso || m->is_interp ? NULL : uses_switcher(ms, m);

		if (name)
			return xasprintf("'%s' uses %s", path_base(m->path), name);
	}
	return NULL;
}

/* End of the part of @m that is the own stack of some stopped thread, or 0. */
static uint64_t own_stack_end(struct session *s, const struct proc_map *m)
{
	if (!strcmp(m->path, "[stack]"))
		return m->hi;
	for (size_t i = 0; i < s->ts.n; i++) {
		struct native_regs *r = tracee_regs(&s->ts.v[i]);
		uint64_t sp = r ? native_sp(r) : 0, tp = r ? native_tp(r) : 0;

		if (r && sp >= m->lo && sp < tp && tp < m->hi)
			return tp & ~(uint64_t)7;
	}
	return 0;
}

static const struct switch_range *points_into(const struct switch_ranges *rs, uint64_t v)
{
	for (size_t i = 0; i < rs->n; i++)
		if (v > rs->v[i].lo && v <= rs->v[i].hi)
			return &rs->v[i];
	return NULL;
}

int dormant_scan(struct session *s, const struct switch_ranges *rs, uint64_t deadline_ns,
		 uint64_t *ret_at, const struct switch_range **ret_in)
{
	enum { CHUNK = 1 << 20 };
	size_t w = native_unw_arch->addr_size;
	uint8_t *buf = xmalloc(CHUNK);
	uint64_t lo = UINT64_MAX, hi = 0;
	struct proc_maps maps = {0};
	struct sut_err err = {0};
	int result = 0;

	for (size_t i = 0; i < rs->n; i++) {
		lo = MIN(lo, rs->v[i].lo);
		hi = MAX(hi, rs->v[i].hi);
	}
	/* Read again: the program may have mapped a stack since the plan was made. */
	if (proc_maps_read(&maps, s->pid, &err) < 0) {
		sut_err_free(&err);
		free(buf);
		return -1;
	}
	for (size_t i = 0; i < maps.n && !result; i++) {
		const struct proc_map *m = &maps.v[i];
		uint64_t at = m->lo;

		if (!(m->perms & PROC_W) || !(m->perms & PROC_R) || str_starts(m->path, "/memfd:suture:"))
			continue;
		at = MAX(at, own_stack_end(s, m));
		while (at < m->hi && !result) {
			size_t n = proc_mem_read_some(&s->ms.mem, at, buf, MIN(CHUNK, m->hi - at));

			if (now_ns() > deadline_ns) {
				result = -1;
				break;
			}
			for (size_t k = 0; k + w <= n && !result; k += w) {
				uint64_t v = 0;

				memcpy(&v, buf + k, w);
				/* One range around all of them settles nearly every word. */
				if (v <= lo || v > hi || !(*ret_in = points_into(rs, v)))
					continue;
				*ret_at = at + k;
				result = 1;
			}
			/* A page that cannot be read (a hole of a device) holds no stack. */
			at += n ? n : NATIVE_PAGE;
		}
	}
	proc_maps_free(&maps);
	free(buf);
	return result;
}
