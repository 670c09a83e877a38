/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc says of one thread. */
#ifndef SUTURE_PROC_STATUS_H
#define SUTURE_PROC_STATUS_H

#include "base/util.h"

struct proc_status {
	char name[32];
	char state;
	pid_t tgid, ppid, tracer;
	uid_t euid;
	unsigned int n_threads;
	int seccomp;
	bool no_new_privs, kthread, shadow_stack;
	uint64_t sig_pending, shared_pending, sig_blocked, sig_ignored, sig_caught;
};

/* /proc/PID/task/TID/status. 0, or -1 (zeroed) where the thread is gone. */
int proc_status_read(struct proc_status *st, pid_t pid, pid_t tid);
/*
 * A thread of @pid that has its memory, files and namespaces: @pid itself, or another one where the main
 * thread has exited while others go on. 0: there is none (any more), the process has ended.
 */
pid_t proc_live_thread(pid_t pid);
/*
 * The pending, unblocked signals that will do something: caught ones, and those whose default is
 * not to be ignored. Bit n - 1 stands for signal n.
 */
uint64_t proc_status_effective_signals(const struct proc_status *st);
/* The command name; "?" where it is gone. */
void proc_comm(pid_t pid, char *buf, size_t n);
/* The kernel function that a thread waits in, or "the kernel". */
void proc_wchan(pid_t pid, pid_t tid, char *buf, size_t n);
/* Where the kernel put the program's arguments: the main thread's first frames lie right below. 0:
 * unknown. */
uint64_t proc_stack_start(pid_t pid);
/* Why tracing @pid is denied, in words. Fresh string. */
char *proc_why_denied(pid_t pid);
/*
 * Where a thread that waits in the kernel is: *@ret_nr the system call, or -1 where it waits outside of one (in a
 * fault), stack pointer and pc. False: it runs, or is gone.
 */
bool proc_waiting_at(pid_t pid, pid_t tid, long *ret_nr, uint64_t *ret_sp, uint64_t *ret_pc);
/* What /proc tells of the system call that a thread waits in; "running" where it does not. Fresh, or NULL. */
char *proc_syscall_text(pid_t pid, pid_t tid);

#endif
