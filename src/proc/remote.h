/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls in the target, made by one of its own stopped threads.
 *
 *	remote_begin()		choose a thread, put its healing frame in place
 *	remote_syscall() ...
 *	remote_end()		the thread is as it was
 *
 * If the caller dies between any two steps, the thread finishes the call it is in and puts itself
 * back by rt_sigreturn. Nothing of the target's libc is needed.
 */
#ifndef SUTURE_PROC_REMOTE_H
#define SUTURE_PROC_REMOTE_H

#include "proc/seccomp.h"
#include "proc/threads.h"

struct remote {
	struct threads *ts;
	struct proc_modules *ms;
	pid_t tid;		/* the chosen thread */
	struct native_gadgets gadgets;
	struct native_regs orig;
	uint64_t mask;
	struct native_frame frame;
	struct seccomp_filters seccomp;
	bool moved;		/* it has run since: in no event stop any more */
	bool at_exit_stop;	/* in the stop after a system call */
	bool active, dead;
	uint64_t scratch;	/* top of free scratch stack */
};

/*
 * Optional: looks for usable code beforehand, while everything runs, as reading it takes time.
 * @ts needs no more than its field `one`.
 */
void remote_prepare(struct remote *r, struct threads *ts, struct proc_modules *ms);
/*
 * All threads of @ts must be stopped (threads_stop() == 0): all of the process, or one alone
 * (threads_attach_one()); then only code that is never unloaded is used. @ms must have its memory
 * open for writing. Reads @ms->maps anew (pointers into the old ones are void). Gadgets found are kept in
 * @r->gadgets; a caller that begins often may keep the struct: zero it
 * the first time. Errors: P_REMOTE_NO_THREAD, P_REMOTE_NO_GADGET, P_SECCOMP, P_REMOTE, P_GONE.
 */
int remote_begin(struct remote *r, struct threads *ts, struct proc_modules *ms,
		 struct sut_err *err);
/*
 * Makes one system call; *@ret is its result as the kernel gives it (-errno on failure). -1 only
 * where it could not be made: P_SECCOMP (nothing was done), P_GONE, P_REMOTE.
 */
int remote_syscall(struct remote *r, long nr, const uint64_t args[6], long *ret,
		   struct sut_err *err);
/*
 * Puts @n bytes where the target can read them until remote_end() or remote_scratch_reset().
 * *@ret_addr is their address.
 */
int remote_write_scratch(struct remote *r, const void *p, size_t n, uint64_t *ret_addr,
			 struct sut_err *err);
int remote_write_string(struct remote *r, const char *s, uint64_t *ret_addr, struct sut_err *err);
void remote_scratch_reset(struct remote *r);
/*
 * Calls a function of the target with up to 6 integer arguments. For leaf-like code that blocks
 * on nothing (IFUNC resolvers) and returns an address: should the caller die meanwhile, the
 * result is used once as the number of a system call, and an address never is one.
 * Errors: P_SECCOMP where filters punish what that takes (nothing was done); P_REMOTE_TIMEOUT: taken back at the deadline; the thread is unharmed, but what the
 * function did so far stays done.
 */
int remote_call_function(struct remote *r, uint64_t addr, const uint64_t args[6],
			 uint64_t timeout_ns, uint64_t *ret, struct sut_err *err);
/* What the chosen thread's filters say to a call; false with P_SECCOMP. Makes no call. */
bool remote_allows(struct remote *r, long nr, const uint64_t args[6], struct sut_err *err);
/* The thread is as it was, still stopped. Safe to call twice and after any error. */
int remote_end(struct remote *r, struct sut_err *err);

#endif
