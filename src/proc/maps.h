/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mappings of a process, and where there is room for one more. */
#ifndef SUTURE_PROC_MAPS_H
#define SUTURE_PROC_MAPS_H

#include "base/err.h"

enum { PROC_R = 1, PROC_W = 2, PROC_X = 4, PROC_SHARED = 8 };

struct proc_map {
	uint64_t lo, hi;
	uint64_t offset;	/* in the file */
	uint64_t dev, inode;	/* inode 0: anonymous */
	unsigned int perms;	/* PROC_* */
	char *path;		/* as the kernel shows it ("[stack]", " (deleted)"), "" if none */
};

struct proc_maps {
	pid_t pid;
	struct proc_map *v;	/* sorted by address */
	size_t n, cap;
};

/* Reads /proc/PID/maps. Errors: P_GONE, P_PERMISSION, E_IO. A kernel thread has none: n is 0. */
int proc_maps_read(struct proc_maps *m, pid_t pid, struct sut_err *err);
/* Parses text of that form (tests). -1 where a line cannot be understood. */
int proc_maps_parse(struct proc_maps *m, const char *text);
void proc_maps_free(struct proc_maps *m);
/* Counts [@lo, @hi) as taken. Sort before anything is looked for again. */
void proc_maps_add(struct proc_maps *m, uint64_t lo, uint64_t hi);
void proc_maps_sort(struct proc_maps *m);
/* The mapping that holds @addr, or NULL. */
const struct proc_map *proc_maps_find(const struct proc_maps *m, uint64_t addr);

/*
 * Finds a free, page-aligned range of @size bytes so that every byte of it and every byte of
 * [@lo, @hi) are at most @reach bytes apart; the nearest such range to [@lo, @hi). @lo == @hi == 0
 * with @reach 0 means: anywhere. Keeps away from the zero page region (vm.mmap_min_addr), from
 * where the heap grows and from where the main stack grows: by far where that leaves room, and else by what
 * the stack's limit says. @page is the page size.
 * 0 with *@ret; -1 with P_NO_ROOM.
 */
int proc_maps_gap(const struct proc_maps *m, uint64_t lo, uint64_t hi, uint64_t size,
		  uint64_t reach, uint64_t page, uint64_t *ret, struct sut_err *err);

#endif
