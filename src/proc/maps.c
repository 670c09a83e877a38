// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where a new mapping may go. A gap is not free only because nothing is mapped there: the heap
 * grows upwards from [heap] (and, before the first brk, from the end of the executable), the main
 * stack grows downwards, and mmap places new mappings right below the lowest one. Margins keep
 * clear of the first two; the third is harmless, it merely goes elsewhere.
 *
 * In 32 bits the kernel begins to map less than 128 MiB below the stack, and thread stacks and heaps fill all
 * that a branch reaches below the libraries. Then room above them is taken that the stack cannot grow to by
 * the limit that the process has.
 */
#include "proc/maps.h"
#include "proc/native/native.h"
#include "proc/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STACK_MARGIN (256ULL << 20)	/* rlimits of more than the usual 8 MiB are common */
#define STACK_MARGIN_LEAST (64ULL << 20)
#define HEAP_MARGIN (64ULL << 20)

static int parse_line(struct proc_maps *m, const char *line, size_t len)
{
	unsigned int maj, min;
	uint64_t lo, hi, off, inode;
	char perms[5];
	int n = 0;
	char *copy = xstrndup(line, len);
	struct proc_map *map;

	if (sscanf(copy, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n", &lo, &hi,
		   perms, &off, &maj, &min, &inode, &n) < 7 || lo >= hi) {
		free(copy);
		return -1;
	}
	map = VEC_PUSH(m->v, m->n, m->cap);
	map->lo = lo;
	map->hi = hi;
	map->offset = off;
	map->dev = (uint64_t)maj << 32 | min;
	map->inode = inode;
	map->perms = (perms[0] == 'r' ? PROC_R : 0) | (perms[1] == 'w' ? PROC_W : 0) |
		     (perms[2] == 'x' ? PROC_X : 0) | (perms[3] == 's' ? PROC_SHARED : 0);
	map->path = xstrdup(n > 0 ? copy + n : "");
	free(copy);
	return 0;
}

int proc_maps_parse(struct proc_maps *m, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len && parse_line(m, text, len))
			return -1;
		text += len + (text[len] == '\n');
	}
	return 0;
}

int proc_maps_read(struct proc_maps *m, pid_t pid, struct sut_err *err)
{
	char path[40], subject[32];
	uint8_t *data;
	size_t size;

	memset(m, 0, sizeof(*m));
	m->pid = pid;
	snprintf(path, sizeof(path), "/proc/%d/maps", proc_live_thread(pid));
	snprintf(subject, sizeof(subject), "pid %d", pid);
	if (read_file(path, &data, &size)) {
		if (errno == ENOENT || errno == ESRCH)
			return sut_fail(err, SUT_P_GONE, subject, "there is no such process");
		if (errno == EACCES || errno == EPERM)
			return sut_fail(err, SUT_P_PERMISSION, subject, "its maps may not be read: %s",
					strerror(errno));
		return sut_fail(err, SUT_E_IO, path, "%s", strerror(errno));
	}
	if (proc_maps_parse(m, (char *)data)) {
		free(data);
		proc_maps_free(m);
		return sut_fail(err, SUT_X_BUG, path, "a line has an unknown form");
	}
	free(data);
	return 0;
}

void proc_maps_free(struct proc_maps *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->v[i].path);
	free(m->v);
	memset(m, 0, sizeof(*m));
}

void proc_maps_add(struct proc_maps *m, uint64_t lo, uint64_t hi)
{
	*VEC_PUSH(m->v, m->n, m->cap) = (struct proc_map){.lo = lo, .hi = hi, .path = xstrdup("")};
}

static int cmp_map(const void *a, const void *b)
{
	const struct proc_map *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

void proc_maps_sort(struct proc_maps *m)
{
	if (m->n)
		qsort(m->v, m->n, sizeof(*m->v), cmp_map);
}

const struct proc_map *proc_maps_find(const struct proc_maps *m, uint64_t addr)
{
	size_t lo = 0, hi = m->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (m->v[mid].hi <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < m->n && m->v[lo].lo <= addr ? &m->v[lo] : NULL;
}

static uint64_t min_addr(void)
{
	uint64_t v = 65536;
	uint8_t *data;
	size_t size;

	if (!read_file("/proc/sys/vm/mmap_min_addr", &data, &size)) {
		v = strtoull((char *)data, NULL, 10);
		free(data);
	}
	return MAX(v, 65536);
}

/* The best start for @size bytes in the free range [glo, ghi), and its distance. False: no fit. */
static bool fit(uint64_t glo, uint64_t ghi, uint64_t lo, uint64_t hi, uint64_t size,
		uint64_t reach, uint64_t page, uint64_t *ret, uint64_t *ret_dist)
{
	uint64_t at, dist;

	glo = ALIGN_UP(glo, page);
	ghi &= ~(page - 1);
	if (ghi <= glo || ghi - glo < size)
		return false;
	if (!reach) {
		*ret = ghi - size;
		*ret_dist = 0;
		return true;
	}
	/* Below the object the highest place is the nearest; above it the lowest. */
	if (ghi <= lo) {
		at = ghi - size;
		dist = hi - at;
	} else {
		at = glo;
		dist = at + size - lo;
	}
	if (dist > reach)
		return false;
	*ret = at;
	*ret_dist = dist;
	return true;
}

/* How far below the stack a mapping is out of its way, by its limit; UINT64_MAX where there is no such place. */
static uint64_t stack_margin(pid_t pid)
{
	const char *key = "Max stack size";
	uint64_t limit, margin = UINT64_MAX;
	char path[40], *p, *end;
	uint8_t *text;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/limits", pid);
	if (read_file(path, &text, &n))
		return margin;
	p = strstr((char *)text, key);
	if (p) {
		p += strlen(key);
		limit = strtoull(p, &end, 10);
		/* Twice, as a program may raise it while it runs. */
		if (end != p && limit < UINT64_MAX / 2)
			margin = MAX(STACK_MARGIN_LEAST, 2 * limit);
	}
	free(text);
	return margin;
}

/* The best place that keeps @margin away from the main stack. False: there is none. */
static bool best_gap(const struct proc_maps *m, uint64_t margin, uint64_t lo, uint64_t hi, uint64_t size,
		     uint64_t reach, uint64_t page, uint64_t *ret)
{
	uint64_t best_dist = UINT64_MAX, least = min_addr(), glo = least, at, dist;
	bool seen_heap = false;

	for (size_t i = 0; i < m->n; i++)
		seen_heap |= !strcmp(m->v[i].path, "[heap]");
	for (size_t i = 0; i <= m->n; i++) {
		uint64_t ghi = i < m->n ? m->v[i].lo : NATIVE_USER_TOP;

		if (i < m->n && m->v[i].lo >= NATIVE_USER_TOP)
			ghi = NATIVE_USER_TOP;
		if (i < m->n && !strcmp(m->v[i].path, "[stack]"))
			ghi = ghi > margin ? ghi - margin : 0;
		if (glo < ghi && fit(glo, ghi, lo, hi, size, reach, page, &at, &dist) &&
		    dist < best_dist) {
			best_dist = dist;
			*ret = at;
		}
		if (i == m->n || m->v[i].hi >= NATIVE_USER_TOP)
			break;
		glo = m->v[i].hi;
		/*
		 * A page between the neighbours keeps a stack's overflow in one of them from running
		 * into us, and the heap may grow. Without a [heap] yet it will start behind the
		 * executable, which is the lowest file mapping.
		 */
		if (!strcmp(m->v[i].path, "[heap]") ||
		    (!seen_heap && m->v[i].inode && i + 1 < m->n && !m->v[i + 1].inode))
			glo += HEAP_MARGIN;
		else
			glo += page;
		glo = MAX(glo, least);
	}
	return best_dist != UINT64_MAX;
}

int proc_maps_gap(const struct proc_maps *m, uint64_t lo, uint64_t hi, uint64_t size,
		  uint64_t reach, uint64_t page, uint64_t *ret, struct sut_err *err)
{
	uint64_t margin;
	char subject[32];

	size = ALIGN_UP(size, page);
	if (best_gap(m, STACK_MARGIN, lo, hi, size, reach, page, ret))
		return 0;
	margin = stack_margin(m->pid);
	if (margin < STACK_MARGIN && best_gap(m, margin, lo, hi, size, reach, page, ret))
		return 0;
	snprintf(subject, sizeof(subject), "pid %d", m->pid);
	return sut_fail(err, SUT_P_NO_ROOM, subject,
			"no free %llu bytes within %llu MiB of 0x%llx-0x%llx",
			(unsigned long long)size, (unsigned long long)(reach >> 20),
			(unsigned long long)lo, (unsigned long long)hi);
}
