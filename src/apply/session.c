// SPDX-License-Identifier: GPL-2.0-or-later
#include "apply/session.h"
#include "apply/between.h"
#include "apply/dormant.h"
#include "proc/status.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

void (*apply_step_hook)(const char *step);

void apply_step(struct session *s, const char *step)
{
	if (apply_step_hook)
		apply_step_hook(step);
	if (s->opts.progress)
		s->opts.progress(s->opts.ctx, step);
}

const char *apply_outcome_name(enum apply_outcome o)
{
	switch (o) {
	case APPLY_FAILED:
		return "failed";
	case APPLY_BLOCKED:
		return "blocked";
	case APPLY_DONE:
		return "done";
	case APPLY_ALREADY:
		return "already";
	case APPLY_NOT_NEEDED:
		return "not needed";
	}
	return "unknown";
}

static void drop_blockers(struct apply_result *r)
{
	for (size_t i = 0; i < r->n_blockers; i++) {
		free(r->blockers[i].func);
		free(r->blockers[i].file);
		free(r->blockers[i].why);
	}
	r->n_blockers = 0;
}

void apply_result_free(struct apply_result *r)
{
	drop_blockers(r);
	free(r->blockers);
	free(r->patch);
	memset(r, 0, sizeof(*r));
}

static void drop_modules(struct session *s)
{
	if (s->have_space)
		unw_space_free(&s->space);
	if (s->have_ms) {
		ledgers_free(&s->ls);
		proc_modules_free(&s->ms);
	}
	s->have_space = s->have_ms = false;
}

int session_refresh(struct session *s, bool write, struct sut_err *err)
{
	drop_modules(s);
	if (proc_modules_read(&s->ms, s->pid, write, err) < 0)
		return -1;
	s->have_ms = true;
	memset(&s->ls, 0, sizeof(s->ls));
	if (ledgers_read(&s->ls, &s->ms.maps, &s->ms.mem, err) < 0)
		return -1;
	proc_modules_unwind_space(&s->ms, &s->space);
	between_walks(&s->space, &s->ls);
	s->have_space = true;
	free(s->dormant);
	s->dormant = dormant_reason(&s->ms);
	return 0;
}

/*
 * One run at a time for each process. The lock is on a file of /proc that only those can open who
 * may trace the process, so nobody else can hold us up, and it ends with its holder. Where it
 * cannot be had for another reason than another holder, ptrace's own rule of one tracer remains.
 */
static int take_lock(struct session *s, struct sut_err *err)
{
	uint64_t end = now_ns() + s->opts.timeout_ns;
	struct timespec nap = {0, 5000000};
	char path[40], subject[32];

	snprintf(path, sizeof(path), "/proc/%d/mem", proc_live_thread(s->pid));
	snprintf(subject, sizeof(subject), "pid %d", (int)s->pid);
	s->lock = open(path, O_RDONLY | O_CLOEXEC);
	while (s->lock >= 0 && flock(s->lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			break;
		if (s->opts.cancel && *s->opts.cancel)
			return sut_fail(err, SUT_E_INTERRUPTED, subject, "while another run works on it");
		if (now_ns() > end)
			return sut_fail(err, SUT_P_LOCKED, subject, "another run of suture works on it");
		nanosleep(&nap, NULL);
	}
	return 0;
}

/*
 * From the file itself: getpwuid() loads libraries that the system's name service is configured for,
 * and a static program has no business with those of another libc.
 */
static void name_user(struct session *s)
{
	FILE *f = fopen("/etc/passwd", "re");
	struct passwd *pw;

	snprintf(s->user, sizeof(s->user), "%u", (unsigned int)getuid());
	while (f && (pw = fgetpwent(f)))
		if (pw->pw_uid == getuid()) {
			snprintf(s->user, sizeof(s->user), "%s", pw->pw_name);
			break;
		}
	if (f)
		fclose(f);
}

int session_open(struct session *s, pid_t pid, bool write, const struct apply_opts *opts,
		 struct apply_result *res, struct sut_err *err)
{
	char subject[32];

	memset(s, 0, sizeof(*s));
	name_user(s);
	s->lock = -1;
	s->pid = pid;
	s->res = res;
	if (opts)
		s->opts = *opts;
	if (!s->opts.timeout_ns)
		s->opts.timeout_ns = 5000000000ull;
	if (!s->opts.max_pause_ns)
		s->opts.max_pause_ns = 100000000ull;
	res->pid = pid;
	snprintf(subject, sizeof(subject), "pid %d", (int)pid);
	if (pid == getpid())
		return sut_fail(err, SUT_P_SELF, subject, "it is this command itself");
	if (take_lock(s, err) < 0)
		return -1;
	if (proc_info_read(&s->info, pid, err) < 0)
		return -1;
	snprintf(res->comm, sizeof(res->comm), "%s", s->info.comm);
	if (s->info.kthread)
		return sut_fail(err, SUT_P_KTHREAD, subject, "'%s' is a thread of the kernel",
				s->info.comm);
	if (s->info.tracer)
		return sut_fail(err, SUT_P_TRACED, subject, "it is traced by pid %d",
				(int)s->info.tracer);
	return session_refresh(s, write, err);
}

int session_attach(struct session *s, struct sut_err *err)
{
	pid_t other;

	if (s->attached)
		return 0;
	/* Files may be read for it, and a seized thread that gets a signal waits for us. */
	proc_modules_unwind_preload(&s->space);
	if (threads_attach(&s->ts, s->pid, err) < 0)
		return -1;
	s->ts.cancel = s->opts.cancel;
	s->attached = true;
	/* Only now: what is made from here on is seized as well and seen by its tracer. Its threads are
	 * not ours, would not be stopped, and would run into what is written. */
	other = proc_shares_memory(s->pid);
	/* A child of vfork or posix_spawn is gone in a moment. */
	for (int i = 0; other && i < 50; i++) {
		threads_idle(&s->ts, 20000000);
		other = proc_shares_memory(s->pid);
	}
	if (other) {
		char subject[32];

		snprintf(subject, sizeof(subject), "pid %d", (int)s->pid);
		return sut_fail(err, SUT_P_SHARED_MEMORY, subject, "process %d runs in the same memory",
				(int)other);
	}
	return 0;
}

static int all_stopped(struct session *s,
		       int (*fn)(void *ctx, struct session *s, struct remote *r, struct sut_err *err),
		       void *ctx, struct sut_err *err)
{
	struct remote r = {0};
	int res, stopped;

	if (session_attach(s, err) < 0)
		return -1;
	stopped = threads_stop(&s->ts, s->opts.max_pause_ns, err);
	if (stopped == 1)
		sut_fail(err, SUT_P_NOT_STOPPED, s->info.comm, "thread %d: %s", (int)s->ts.late_tid,
			 s->ts.late_why);
	res = stopped == 0 ? remote_begin(&r, &s->ts, &s->ms, err) : -1;
	if (!res)
		res = fn(ctx, s, &r, err);
	if (remote_end(&r, err) < 0)
		res = -1;
	threads_resume(&s->ts);
	return res;
}

int session_remote(struct session *s, int (*fn)(void *ctx, struct session *s, struct remote *r,
						struct sut_err *err),
		   void *ctx, uint64_t *ret_ns, struct sut_err *err)
{
	struct threads one = {.cancel = s->opts.cancel};
	struct sut_err why = {0};
	struct remote r = {0};
	int res;

	if (!s->attached && borrow_begin(&r, &one, &s->ms, s->opts.max_pause_ns, &why) == 0) {
		res = fn(ctx, s, &r, err);
		if (borrow_end(&r, &one, err) < 0)
			res = -1;
		*ret_ns = one.pause_ns;
		return res;
	}
	/* Code that could be unloaded meanwhile may be used while nobody can unload it. */
	if (s->attached || sut_err_has(&why, SUT_P_REMOTE_NO_GADGET)) {
		res = all_stopped(s, fn, ctx, err);
		*ret_ns = s->ts.pause_ns;
		sut_err_free(&why);
		return res;
	}
	sut_err_move(err, &why);
	return -1;
}

void session_close(struct session *s)
{
	if (s->attached)
		threads_detach(&s->ts);
	drop_modules(s);
	free(s->dormant);
	proc_info_free(&s->info);
	if (s->lock >= 0)
		close(s->lock);
	memset(s, 0, sizeof(*s));
	s->lock = -1;
}
