// SPDX-License-Identifier: GPL-2.0-or-later
#include "apply/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	s->have_space = true;
	return 0;
}

int session_open(struct session *s, pid_t pid, bool write, const struct apply_opts *opts,
		 struct apply_result *res, struct sut_err *err)
{
	char subject[32];

	memset(s, 0, sizeof(*s));
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
	if (s->attached)
		return 0;
	if (threads_attach(&s->ts, s->pid, err) < 0)
		return -1;
	s->ts.cancel = s->opts.cancel;
	s->attached = true;
	return 0;
}

void session_close(struct session *s)
{
	if (s->attached)
		threads_detach(&s->ts);
	drop_modules(s);
	proc_info_free(&s->info);
	memset(s, 0, sizeof(*s));
}
