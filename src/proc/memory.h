/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process's memory through /proc/PID/mem. Writes go past page protection (the kernel's
 * FOLL_FORCE, with copy on write), so nothing has to be mprotect'ed in the target.
 */
#ifndef SUTURE_PROC_MEMORY_H
#define SUTURE_PROC_MEMORY_H

#include "base/err.h"

struct proc_mem {
	pid_t pid, task;	/* @task: the thread that it was found by; see proc_live_thread() */
	int fd;			/* /proc/PID/mem, -1: closed */
	bool writable;
};

/*
 * Opens for reading, and for writing where @write. The descriptor stays bound to the memory that
 * the process has now: after an exec it reads as empty, never as the new program.
 * Errors: P_GONE, P_PERMISSION, E_IO.
 */
int proc_mem_open(struct proc_mem *m, pid_t pid, bool write, struct sut_err *err);
void proc_mem_close(struct proc_mem *m);

/* All @len bytes, or -1 with errno (no reason added: most callers probe). */
int proc_mem_try_read(const struct proc_mem *m, uint64_t addr, void *buf, size_t len);
/* As many bytes as can be read from @addr on; 0 where none. */
size_t proc_mem_read_some(const struct proc_mem *m, uint64_t addr, void *buf, size_t len);
/* All @len bytes, or -1 with a reason (P_MEMORY). */
int proc_mem_read(const struct proc_mem *m, uint64_t addr, void *buf, size_t len,
		  struct sut_err *err);
/*
 * Many pieces with few system calls: all of them, or -1 (with errno). For use while the threads of
 * the process are stopped.
 */
struct proc_mem_piece {
	uint64_t addr;
	void *buf;
	size_t len;
};
int proc_mem_read_pieces(const struct proc_mem *m, const struct proc_mem_piece *v, size_t n);
/* A string of at most @max bytes, fresh; NULL where it cannot be read or does not end. */
char *proc_mem_read_str(const struct proc_mem *m, uint64_t addr, size_t max);
/* All @len bytes, or -1 with a reason (P_MEMORY). A failed write may have written a part. */
int proc_mem_write(const struct proc_mem *m, uint64_t addr, const void *buf, size_t len,
		   struct sut_err *err);

#endif
