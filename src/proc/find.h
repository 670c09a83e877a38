/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes: what they are, and which of them map an object. */
#ifndef SUTURE_PROC_FIND_H
#define SUTURE_PROC_FIND_H

#include "base/err.h"

struct proc_info {
	pid_t pid, ppid;
	char comm[32];
	char state;		/* 'R', 'S', 'D', 'T', 't', 'Z' ... */
	uid_t uid;		/* effective */
	uint64_t start_time;	/* clock ticks since boot: with the pid it names a process */
	unsigned int n_threads;
	pid_t tracer;		/* 0: none */
	int seccomp;		/* of the main thread: 0, 1 strict, 2 filters */
	bool no_new_privs;
	bool kthread;
	bool other_mnt_ns, other_pid_ns, other_user_ns, other_net_ns;
	int elf_class;		/* 0 unknown, ELFCLASS32, ELFCLASS64 */
	uint16_t machine;	/* EM_*, 0 unknown */
	char *exe;		/* as the kernel shows it, NULL: not readable */
	char *container;	/* hint from its cgroup: "docker 0123456789ab", NULL: none */
};

/* Errors: P_GONE. What may not be read stays zero. */
int proc_info_read(struct proc_info *pi, pid_t pid, struct sut_err *err);
void proc_info_free(struct proc_info *pi);
/* Start time alone: 0 where the process is gone. */
uint64_t proc_start_time(pid_t pid);

struct proc_found {
	pid_t pid;
	uint64_t start_time;
	char comm[32];
	char *path;		/* of the object in that process */
};
struct proc_find_result {
	struct proc_found *v;
	size_t n, cap;
	unsigned int n_looked;	/* processes looked at */
	unsigned int n_denied;	/* of them not readable for lack of permission */
};

/*
 * All processes (ourselves and kernel threads left out) that map an object with this build-id.
 * Processes that come or go meanwhile may be missed. Error: E_IO (/proc cannot be read).
 */
int proc_find_build_id(const uint8_t *id, size_t n, struct proc_find_result *res,
		       struct sut_err *err);
/*
 * Another process that runs in the very memory of @pid, as clone(CLONE_VM) without CLONE_THREAD makes
 * them; 0: none, or the kernel does not tell (it has no kcmp).
 */
pid_t proc_shares_memory(pid_t pid);
void proc_find_free(struct proc_find_result *res);

#endif
