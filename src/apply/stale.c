// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Words of a stack that lead nowhere.
 *
 * The dynamic linker leaves addresses of mappings that it has undone in frames that live as long as the
 * process, and the nearest gap to an object is often just there. Where no metadata tells what the words of
 * a stack are, the scan takes each that leads into an image for a return address: nobody could be inside
 * of the patch, and it could never be reverted (seen with programs of Debian's armhf). Before the image
 * is there such a word is known for what it is. So the pages that they lead to count as taken, as long as
 * there is room elsewhere.
 *
 * Nothing relies on it: a word that is missed, of a thread that runs or deeper than is read, may block a
 * revert and never lets one through.
 */
#include "apply/stale.h"
#include "proc/native/native.h"
#include "proc/status.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 256 << 10, LEAST = 65536 };	/* what is less is a number */

struct pages {
	uint64_t *v;
	size_t n, cap;
};

/* Where a thread that waits has its stack pointer: the last number but one. 0: it runs. */
static uint64_t waiting_sp(pid_t pid, pid_t tid)
{
	char *text = proc_syscall_text(pid, tid), *last = text ? strrchr(text, ' ') : NULL, *p = NULL;
	uint64_t sp = 0;

	if (last) {
		*last = '\0';
		p = strrchr(text, ' ');
	}
	if (p)
		sp = strtoull(p + 1, NULL, 16);
	free(text);
	return sp;
}

static uint64_t main_stack(const struct proc_maps *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (!strcmp(m->v[i].path, "[stack]"))
			return m->v[i].hi - MIN((uint64_t)DEPTH, m->v[i].hi - m->v[i].lo);
	return 0;
}

static void look(const struct proc_maps *m, const struct proc_mem *mem, uint64_t sp, uint8_t *buf,
		 struct pages *out)
{
	const struct unw_arch *a = native_unw_arch;
	const struct proc_map *map = proc_maps_find(m, sp);
	size_t n;

	if (!map || !(map->perms & PROC_W))
		return;
	n = proc_mem_read_some(mem, sp, buf, MIN((uint64_t)DEPTH, map->hi - sp));
	for (size_t i = 0; i + a->addr_size <= n; i += a->addr_size) {
		uint64_t v = 0;

		memcpy(&v, buf + i, a->addr_size);
		v &= a->addr_mask & ~a->signed_bits;
		if (v >= LEAST && v < NATIVE_USER_TOP && !proc_maps_find(m, v))
			*VEC_PUSH(out->v, out->n, out->cap) = v & ~(uint64_t)(NATIVE_PAGE - 1);
	}
}

static int cmp_page(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int cmp_map(const void *a, const void *b)
{
	const struct proc_map *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

void stale_take(struct proc_maps *m, pid_t pid, const struct proc_mem *mem)
{
	uint8_t *buf = xmalloc(DEPTH);
	struct pages p = {0};
	struct dirent *d;
	char path[40];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		pid_t tid = atoi(d->d_name);
		uint64_t sp = tid > 0 ? waiting_sp(pid, tid) : 0;

		if (!sp && tid == pid)
			sp = main_stack(m);
		if (sp)
			look(m, mem, sp & ~(uint64_t)(native_unw_arch->addr_size - 1), buf, &p);
	}
	if (dir)
		closedir(dir);
	if (p.n)
		qsort(p.v, p.n, sizeof(*p.v), cmp_page);
	for (size_t i = 0; i < p.n; i++) {
		struct proc_map *r;

		if (i && p.v[i] == p.v[i - 1])
			continue;
		r = VEC_PUSH(m->v, m->n, m->cap);
		r->lo = p.v[i];
		r->hi = p.v[i] + NATIVE_PAGE;
		r->path = xstrdup("");
	}
	qsort(m->v, m->n, sizeof(*m->v), cmp_map);
	free(p.v);
	free(buf);
}
