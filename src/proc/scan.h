/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The conservative scan on a live process: which memory is whose stack. unwind/scan.c says what a scan
 * proves. All of this is for use while all threads are stopped.
 */
#ifndef SUTURE_PROC_SCAN_H
#define SUTURE_PROC_SCAN_H

#include "proc/threads.h"
#include "unwind/scan.h"

/* Writable memory as it is in this stop, and how long it may be looked at. */
struct stacks {
	const struct proc_mem *mem;
	struct unw_range *spans;
	size_t n, cap;
	uint64_t *guards;	/* ends of mappings that nobody may touch */
	size_t n_guards, cap_guards;
	struct unw_range main;	/* the span that the kernel calls [stack], up to the end of that */
	uint64_t deadline_ns;	/* CLOCK_MONOTONIC */
};
/* Reads the maps of @pid; what is Suture's own is left out. @mem is borrowed. */
int stacks_read(struct stacks *st, pid_t pid, const struct proc_mem *mem, uint64_t deadline_ns,
		struct sut_err *err);
void stacks_free(struct stacks *st);

/* Does @addr lie in the stack that the thread began on? False where that is not known. */
bool stacks_at_home(const struct stacks *st, const struct threads *ts, struct tracee *t, uint64_t addr);

/* The verdict on one thread. False where it vanished (it then has no stack: clear). */
bool tracee_scan(const struct stacks *st, const struct threads *ts, struct tracee *t,
		 const struct unw_range *code, size_t n_code, struct unw_scan_out *out);

/*
 * All writable memory, for stacks that no thread runs on, and for a thread that is AWAY. Left out is
 * what lies below the stack pointers of threads that are on their own stacks: it is stale. CLEAR, HIT,
 * or FAILED where the deadline passed.
 */
void stacks_scan_all(const struct stacks *st, struct threads *ts, const struct unw_range *code,
		     size_t n_code, struct unw_scan_out *out);

#endif
