// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which thread? One that waits in the kernel loses nothing by being held for a moment, and is never
 * inside a restartable sequence; one without seccomp filters may make any call. /proc tells both
 * of a running process, so mostly the first that is tried will do.
 */
#include "proc/borrow.h"
#include "proc/status.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MAX = 64, TRY_MAX = 8, SCORE_BEST = 6 };

struct candidate {
	pid_t tid;
	int score;
};

static bool waits(pid_t pid, pid_t tid)
{
	char *text = proc_syscall_text(pid, tid);
	bool res = text && text[0] >= '0' && text[0] <= '9';

	free(text);
	return res;
}

static int rate(pid_t pid, pid_t tid)
{
	struct proc_status st;

	/* 'D' is uninterruptible: it could not be stopped now. 'T' is held by SIGSTOP. */
	if (proc_status_read(&st, pid, tid) || !strchr("RST", st.state))
		return 0;
	return 1 + (st.state != 'T') + (st.seccomp ? 0 : 2) + (st.state == 'S' && waits(pid, tid) ? 2 : 0);
}

static int by_score(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return y->score - x->score;
}

static size_t list(pid_t pid, struct candidate *v)
{
	char path[40];
	struct dirent *d;
	size_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && n < LOOK_MAX && (d = readdir(dir))) {
		struct candidate c = {.tid = atoi(d->d_name)};

		if (c.tid > 0)
			c.score = rate(pid, c.tid);
		if (!c.score)
			continue;
		v[n++] = c;
		if (c.score == SCORE_BEST)
			break;
	}
	if (dir)
		closedir(dir);
	qsort(v, n, sizeof(*v), by_score);
	return n;
}

static int try_one(struct remote *r, struct threads *ts, struct proc_modules *ms, pid_t tid,
		   uint64_t timeout_ns, struct sut_err *err)
{
	char subject[32];
	int res;

	if (threads_attach_one(ts, ms->pid, tid, err))
		return -1;
	res = threads_stop(ts, timeout_ns, err);
	if (res > 0) {
		snprintf(subject, sizeof(subject), "pid %d", ms->pid);
		sut_fail(err, SUT_P_NOT_STOPPED, subject, "thread %d: %s", tid, ts->late_why);
	}
	if (!res && !remote_begin(r, ts, ms, err))
		return 0;
	threads_detach(ts);
	return -1;
}

int borrow_begin(struct remote *r, struct threads *ts, struct proc_modules *ms,
		 uint64_t timeout_ns, struct sut_err *err)
{
	struct candidate v[LOOK_MAX];
	struct sut_err last = {0};
	char subject[32];
	size_t n = list(ms->pid, v);

	snprintf(subject, sizeof(subject), "pid %d", ms->pid);
	ts->one = true;
	remote_prepare(r, ts, ms);
	for (size_t i = 0; i < n && i < TRY_MAX; i++) {
		sut_err_free(&last);
		if (!try_one(r, ts, ms, v[i].tid, timeout_ns, &last))
			return 0;
		/* None of these depends on the thread. */
		if (sut_err_has(&last, SUT_P_REMOTE_NO_GADGET) || sut_err_has(&last, SUT_P_PERMISSION) ||
		    sut_err_has(&last, SUT_E_INTERRUPTED) || sut_err_has(&last, SUT_P_EXEC))
			break;
	}
	if (!last.n)
		sut_fail(&last, SUT_P_REMOTE_NO_THREAD, subject, "no thread can be stopped now");
	sut_err_move(err, &last);
	return -1;
}

int borrow_end(struct remote *r, struct threads *ts, struct sut_err *err)
{
	int res = remote_end(r, err);

	threads_detach(ts);
	return res;
}
