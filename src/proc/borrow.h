/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One thread of a process, borrowed for remote calls while the others run on.
 *
 *	borrow_begin()		a thread that waits in the kernel is chosen, seized and stopped
 *	remote_syscall() ...
 *	borrow_end()		it runs again, and is nobody's
 */
#ifndef SUTURE_PROC_BORROW_H
#define SUTURE_PROC_BORROW_H

#include "proc/remote.h"

/*
 * @ts and @r are filled; @ms as for remote_begin(). Tries the most suitable threads one after the
 * other, each for @timeout_ns at most. On -1 nothing is held, and the reason of the last try is
 * given: P_REMOTE_NO_THREAD, P_REMOTE_NO_GADGET (there may be some in code that could be unloaded
 * meanwhile: with all threads stopped it can be used), P_NOT_STOPPED, P_SECCOMP, P_TRACED, P_GONE,
 * P_PERMISSION, P_REMOTE.
 */
int borrow_begin(struct remote *r, struct threads *ts, struct proc_modules *ms,
		 uint64_t timeout_ns, struct sut_err *err);
/* @ts->pause_ns tells how long the thread was held. */
int borrow_end(struct remote *r, struct threads *ts, struct sut_err *err);

#endif
