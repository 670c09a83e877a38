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
 * Not searched: what lies below the stack pointer on a thread's own stack (see proc/scan.c). The part
 * above it was walked, but a coroutine's stack may be an array in one of its frames. A program that runs
 * a coroutine on such an array of the main thread's, with others waiting below it, is not recognized.
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
