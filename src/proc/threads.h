/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All threads of a process, stopped together and let go again with nothing to show for it.
 *
 *	threads_attach()	seize every thread; the process runs on
 *	threads_stop()		all stopped, or (after the deadline) a named one is not
 *	threads_walk() ...
 *	threads_resume()	they run; still seized, so stop/resume may be repeated
 *	threads_detach()	gone
 *
 * The whole set belongs to the calling thread (ptrace's rule). Should the caller die at any point
 * the kernel undoes all of it.
 */
#ifndef SUTURE_PROC_THREADS_H
#define SUTURE_PROC_THREADS_H

#include "proc/module.h"
#include "proc/native/native.h"
#include "proc/urgent.h"

enum tracee_state {
	TRACEE_RUNNING,
	TRACEE_STOPPED,		/* in PTRACE_EVENT_STOP, always: signals were pushed through */
	TRACEE_GONE,
};

struct tracee {
	pid_t tid;
	enum tracee_state state;
	bool interrupted;	/* PTRACE_INTERRUPT is on its way */
	bool group_stopped;	/* the process was stopped by SIGSTOP and friends */
	bool listening;		/* resumed by PTRACE_LISTEN */
	bool is_zombie_leader;	/* exited main thread: counts as gone, cannot be stopped */
	bool stop_missing;	/* born seized: its first stop was not collected yet */
	bool restarted;		/* its system call will be made again; @regs says so already */
	bool have_regs, regs_dirty;
	struct native_regs regs; /* valid while have_regs */
	struct native_regs before; /* with restarted: as the kernel left them */
};

struct threads {
	pid_t pid;
	struct tracee *v;
	size_t n, cap;
	uint64_t t_stop_ns;	/* when the last stop began, CLOCK_MONOTONIC */
	uint64_t pause_ns;	/* how long the last stop/resume pair took */
	uint64_t signed_bits;	/* see native_signed_bits(); from the first stop on */
	bool know_signed;
	struct urgency urgency;	/* ours, from a stop to the end of it */
	bool one;		/* of threads_attach_one(): the other threads run */
	bool execed;		/* the process became another program: give up */
	/* Code that walks looked at in this stop; threads wait in the same few places. */
	struct code_seen {
		uint64_t addr;
		size_t n;
		uint8_t bytes[32];
	} seen[16];
	/* Who was not stopped by the deadline (threads_stop() == 1). */
	pid_t late_tid;
	char late_why[96];	/* "state D, in vfork" */
	const volatile int *cancel; /* NULL or a flag: non-zero ends waiting early */
};

/*
 * Seizes all threads of @pid; loops until no new one appears. The process keeps running.
 * Errors: P_GONE, P_TRACED (names the tracer), P_PERMISSION (says why), P_KTHREAD.
 */
int threads_attach(struct threads *ts, pid_t pid, struct sut_err *err);
/*
 * Seizes thread @tid of @pid alone; the others are not touched, and the calls below are about this
 * one. Errors as above.
 */
int threads_attach_one(struct threads *ts, pid_t pid, pid_t tid, struct sut_err *err);
/*
 * Stops all. 0: all are stopped. 1: one did not within @timeout_ns; see late_tid: call
 * threads_resume() and try again later. -1: P_GONE (exited), P_EXEC, E_INTERRUPTED.
 */
int threads_stop(struct threads *ts, uint64_t timeout_ns, struct sut_err *err);
/* Lets all run on (changed registers are written first). Threads that vanished are dropped. */
void threads_resume(struct threads *ts);
/*
 * Waits for @ns while the threads run. A seized thread that gets a signal or makes another thread
 * waits for its tracer's answer, and one that could not be stopped in time may stop now: whoever
 * does not detach after threads_resume() has to spend the time until the next stop in here.
 */
void threads_idle(struct threads *ts, uint64_t ns);
/*
 * Lets all go for good, each as soon as it stops; valid in any state. Frees the array. A thread that
 * cannot be stopped even now (see threads_stop() == 1) is let go by threads_collect(), or by the kernel
 * when the caller exits.
 */
void threads_detach(struct threads *ts);
/* Lets go what a threads_detach() of the calling thread could not; attaching does it too. */
void threads_collect(void);

/* Registers of a stopped thread, read once per stop. NULL where it vanished. */
struct native_regs *tracee_regs(struct tracee *t);
/*
 * Walks the stack of a stopped thread. Stack reads are cached per call. False where the thread
 * vanished (it then has no stack: clear).
 */
bool tracee_walk(struct threads *ts, struct tracee *t, struct unw_space *s,
		 const struct unw_opts *opts, struct unw_trace *trace);

/*
 * While the threads run: walks the stacks of some that wait in the kernel, so that what a walk
 * needs is decoded before the stop. Results are not used, as they may be old when they are made.
 */
void threads_warm(struct threads *ts, struct unw_space *s);
/* While they run: the way of a stop once through, as far as that goes without one: pages and caches. */
void threads_rehearse(struct threads *ts);

#endif
