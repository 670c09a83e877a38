// SPDX-License-Identifier: GPL-2.0-or-later
#include "proc/await.h"
#include "base/util.h"

#include <pthread.h>
#include <stddef.h>
#include <time.h>

#define SLICE_NS 1000000ULL	/* a report that another thread of ours took is noticed this late */

void await_begin(struct await *a)
{
	sigset_t child;

	a->took = false;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &child, &a->old);
}

void await_event(struct await *a, uint64_t ns)
{
	struct timespec ts = {0, (long)MIN(ns, SLICE_NS)};
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	if (sigtimedwait(&child, NULL, &ts) == SIGCHLD)
		a->took = true;
}

void await_end(struct await *a)
{
	struct sigaction sa;

	pthread_sigmask(SIG_SETMASK, &a->old, NULL);
	if (a->took && !sigaction(SIGCHLD, NULL, &sa) && sa.sa_handler != SIG_DFL &&
	    sa.sa_handler != SIG_IGN)
		raise(SIGCHLD);
}
