/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a thread's seccomp filters would say to a system call, before it is made: a filter that
 * kills must never be asked in earnest.
 */
#ifndef SUTURE_PROC_SECCOMP_H
#define SUTURE_PROC_SECCOMP_H

#include "base/err.h"
#include <linux/filter.h>

struct seccomp_filters {
	int mode;		/* 0 none, 1 strict, 2 filters */
	struct seccomp_prog {
		struct sock_filter *insn;
		size_t n;
	} *v;
	size_t n, cap;
	bool unreadable;	/* mode 2, but the kernel does not show them to us */
	int errno_why;
};

/* Of a stopped tracee. Never fails: what cannot be read is marked so. */
void seccomp_read(struct seccomp_filters *f, pid_t pid, pid_t tid);
void seccomp_free(struct seccomp_filters *f);
/*
 * The action (SECCOMP_RET_*, with data) for a call at instruction pointer @ip. Unreadable filters
 * answer SECCOMP_RET_KILL_PROCESS.
 */
uint32_t seccomp_eval(const struct seccomp_filters *f, uint32_t arch, long nr, uint64_t ip,
		      const uint64_t args[6]);
/* Runs one classic BPF program on struct seccomp_data; invalid programs answer KILL. */
uint32_t seccomp_run(const struct sock_filter *insn, size_t n, const void *data, size_t size);
/* True for the actions under which a call is simply made. */
bool seccomp_allows(uint32_t action);
const char *seccomp_action_name(uint32_t action);

#endif
