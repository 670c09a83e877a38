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
		v = unw_pc(a, a->signed_bits, v);
		if (v >= LEAST && v < NATIVE_USER_TOP && !proc_maps_find(m, v))
			*VEC_PUSH(out->v, out->n, out->cap) = v & ~(uint64_t)(NATIVE_PAGE - 1);
	}
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
		uint64_t sp = 0, pc;
		long nr;

		if (tid > 0 && !proc_waiting_at(pid, tid, &nr, &sp, &pc) && tid == pid)
			sp = main_stack(m);
		if (sp)
			look(m, mem, sp & ~(uint64_t)(native_unw_arch->addr_size - 1), buf, &p);
	}
	if (dir)
		closedir(dir);
	if (p.n)
		qsort(p.v, p.n, sizeof(*p.v), cmp_u64);
	for (size_t i = 0; i < p.n; i++)
		if (!i || p.v[i] != p.v[i - 1])
			proc_maps_add(m, p.v[i], p.v[i] + NATIVE_PAGE);
	proc_maps_sort(m);
	free(p.v);
	free(buf);
}
