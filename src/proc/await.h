/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sleeping until a tracee has something to tell. The kernel sends SIGCHLD for every stop; while it
 * is blocked here it can be waited for with a limit of time, which waitpid(2) lacks. Spinning with
 * sched_yield() is no substitute: next to a busy thread it gives a whole time slice away.
 */
#ifndef SUTURE_PROC_AWAIT_H
#define SUTURE_PROC_AWAIT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct await {
	sigset_t old;
	bool took;	/* a SIGCHLD was consumed that somebody else may wait for */
};

/* Blocks SIGCHLD for the calling thread. Poll after this, then sleep: so no stop is missed. */
void await_begin(struct await *a);
/*
 * Sleeps until a stop is reported, a signal comes, or @ns have passed. May return early, and a
 * report may go to another thread of the caller: poll again after it, always.
 */
void await_event(struct await *a, uint64_t ns);
/* As it was; the program's own handler for SIGCHLD, if there is one, is told. */
void await_end(struct await *a);

#endif
