// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stopping a process.
 *
 * PTRACE_SEIZE attaches without stopping, PTRACE_INTERRUPT stops without a signal, and the kernel
 * takes both back when the tracer dies (so no PTRACE_O_EXITKILL, ever). With PTRACE_O_TRACECLONE
 * threads born after the seize are born seized and stopped.
 *
 * Every thread is brought to the same kind of stop, PTRACE_EVENT_STOP. A thread met in another
 * stop (about to receive a signal, inside clone) is interrupted again and let go on: the signal
 * is delivered by the kernel in the ordinary way, with all its information, its handler's frame is
 * on the stack, and the thread stops before the handler's first instruction. So there is no signal
 * to remember, to lose, or to deliver twice. In that stop the kernel also still has the decision
 * about an interrupted system call before it, so registers read and written are exact.
 *
 * A stop is no signal, but some system calls answer EINTR to it (signal(7)); restart_eintr() makes
 * such a thread repeat its call, unless a signal is waiting that would have interrupted it anyway.
 *
 * Not waited for: an exited main thread (it stays a zombie while other threads live). Not
 * stoppable: a thread in an uninterruptible wait, among them the parent of a vfork child. Its name
 * goes to the caller, who resumes and tries again.
 *
 * References: ptrace(2); kernel/signal.c, get_signal() and ptrace_stop().
 */
#include "proc/await.h"
#include "proc/status.h"
#include "proc/threads.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SPIN_NS 20000ULL
#define LATE_NS 2000000ULL	/* after this it is looked whether a thread can stop at all */
#define DETACH_NS 200000000ULL	/* a thread that has not stopped by then may be one that cannot */
#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)

static void subject_of(char buf[32], pid_t pid)
{
	snprintf(buf, 32, "pid %d", pid);
}

static struct tracee *find(struct threads *ts, pid_t tid)
{
	for (size_t i = 0; i < ts->n; i++)
		if (ts->v[i].tid == tid)
			return &ts->v[i];
	return NULL;
}

static struct tracee *add(struct threads *ts, pid_t tid)
{
	struct tracee *t = VEC_PUSH(ts->v, ts->n, ts->cap);

	t->tid = tid;
	t->state = TRACEE_RUNNING;
	return t;
}

/*
 * Threads that did not stop when they were to be let go (only a stopped one can be): they would stand
 * still one day, with nobody to notice. Of the calling thread, as all of ptrace is.
 */
static __thread struct {
	struct stray {
		pid_t pid, tid;
	} *v;
	size_t n, cap;
} strays;

static bool stray_take(pid_t tid)
{
	for (size_t i = 0; i < strays.n; i++)
		if (strays.v[i].tid == tid) {
			strays.v[i] = strays.v[--strays.n];
			return true;
		}
	return false;
}

static int refuse_seize(struct threads *ts, pid_t tid, int e, struct sut_err *err)
{
	char subject[32], comm[32] = "?";
	struct proc_status st;

	subject_of(subject, ts->pid);
	if (!proc_status_read(&st, ts->pid, tid) && st.tracer) {
		proc_comm(st.tracer, comm, sizeof(comm));
		return sut_fail(err, SUT_P_TRACED, subject, "thread %d is traced by pid %d ('%s')", tid,
				st.tracer, comm);
	}
	if (e == EPERM) {
		char *why = proc_why_denied(ts->pid);

		sut_fail(err, SUT_P_PERMISSION, subject, "%s", why);
		free(why);
		return -1;
	}
	return sut_fail(err, SUT_E_IO, subject, "thread %d cannot be traced: %s", tid, strerror(e));
}

/* One pass over /proc/PID/task. Returns how many threads are new, or -1. */
static int seize_pass(struct threads *ts, struct sut_err *err)
{
	char path[40], subject[32];
	struct dirent *d;
	struct tracee *t;
	int n_new = 0;
	DIR *dir;

	subject_of(subject, ts->pid);
	snprintf(path, sizeof(path), "/proc/%d/task", ts->pid);
	dir = opendir(path);
	if (!dir)
		return sut_fail(err, SUT_P_GONE, subject, "there is no such process");
	while ((d = readdir(dir))) {
		pid_t tid = atoi(d->d_name);

		if (tid <= 0 || find(ts, tid))
			continue;
		if (ptrace(PTRACE_SEIZE, tid, 0, OPTIONS)) {
			struct proc_status st;
			int e = errno;

			if (e == ESRCH)
				continue;
			/* An exited thread cannot be seized: EPERM is the kernel's word for it too. By now
			 * even its status may be gone. */
			if (proc_status_read(&st, ts->pid, tid)) {
				if (tid != ts->pid)
					continue;
				memset(&st, 0, sizeof(st));
			}
			if (st.state == 'Z' || st.state == 'X') {
				if (tid == ts->pid) {
					t = add(ts, tid);
					t->state = TRACEE_GONE;
					t->is_zombie_leader = true;
				}
				continue;
			}
			/* Born traced by us between two reads of the directory: it is known soon. */
			if (st.tracer == getpid()) {
				t = add(ts, tid);
				if (stray_take(tid))
					t->interrupted = true;
				else
					t->stop_missing = true;
				n_new++;
				continue;
			}
			closedir(dir);
			return refuse_seize(ts, tid, e, err);
		}
		add(ts, tid);
		n_new++;
	}
	closedir(dir);
	return n_new;
}

int threads_attach(struct threads *ts, pid_t pid, struct sut_err *err)
{
	const volatile int *cancel = ts->cancel;
	struct proc_status st;
	char subject[32];
	int r;

	threads_collect();
	memset(ts, 0, sizeof(*ts));
	ts->cancel = cancel;
	ts->pid = pid;
	subject_of(subject, pid);
	if (proc_status_read(&st, pid, pid))
		return sut_fail(err, SUT_P_GONE, subject, "there is no such process");
	if (st.tgid != pid)
		return sut_fail(err, SUT_P_GONE, subject, "it is a thread of pid %d", st.tgid);
	if (st.kthread)
		return sut_fail(err, SUT_P_KTHREAD, subject, "it is '%s'", st.name);
	if (pid == getpid())
		return sut_fail(err, SUT_P_PERMISSION, subject, "a process cannot trace itself");
	do {
		r = seize_pass(ts, err);
	} while (r > 0);
	if (r < 0) {
		threads_detach(ts);
		return -1;
	}
	for (size_t i = 0; i < ts->n; i++)
		if (ts->v[i].state != TRACEE_GONE)
			return 0;
	threads_detach(ts);
	return sut_fail(err, SUT_P_GONE, subject, "all of its threads have exited");
}

int threads_attach_one(struct threads *ts, pid_t pid, pid_t tid, struct sut_err *err)
{
	const volatile int *cancel = ts->cancel;
	char subject[32];

	threads_collect();
	memset(ts, 0, sizeof(*ts));
	ts->cancel = cancel;
	ts->pid = pid;
	ts->one = true;
	subject_of(subject, pid);
	/* What it gives birth to is not ours: the others run anyway. */
	if (ptrace(PTRACE_SEIZE, tid, 0, OPTIONS & ~PTRACE_O_TRACECLONE)) {
		int e = errno;

		if (e == ESRCH)
			return sut_fail(err, SUT_P_GONE, subject, "thread %d ended", tid);
		if (!stray_take(tid))
			return refuse_seize(ts, tid, e, err);
		/* It is ours still, and on its way. */
		add(ts, tid)->interrupted = true;
		return 0;
	}
	add(ts, tid);
	return 0;
}

/*
 * A pending signal that has a handler (or ends the process) interrupts a call in its own right. One
 * that is ignored would never have woken the thread had we not been there. Two cheap questions
 * answer nearly always; the text of /proc only where something is queued at all.
 */
static bool signal_waits(struct threads *ts, struct tracee *t)
{
	struct __ptrace_peeksiginfo_args own = {.nr = 1};
	struct __ptrace_peeksiginfo_args shared = {.nr = 1, .flags = PTRACE_PEEKSIGINFO_SHARED};
	struct proc_status st;
	siginfo_t si;

	if (ptrace(PTRACE_PEEKSIGINFO, t->tid, &own, &si) == 0 &&
	    ptrace(PTRACE_PEEKSIGINFO, t->tid, &shared, &si) == 0)
		return false;
	return proc_status_read(&st, ts->pid, t->tid) || proc_status_effective_signals(&st);
}

/*
 * Done right after the stop, not at resume: from here on the program is spared the EINTR even if
 * we die. Between the kernel's stop and this line it is not; no order of ours can close that gap.
 */
static void restart_eintr(struct threads *ts, struct tracee *t)
{
	struct native_regs *r = tracee_regs(t);

	if (!r || t->group_stopped || t->restarted || native_syscall_result(r) != -EINTR ||
	    !native_eintr_restartable(native_syscall_nr(r)) || signal_waits(ts, t))
		return;
	t->before = *r;
	native_restart_syscall(r);
	t->restarted = !native_set_regs(t->tid, r);
	if (!t->restarted)
		*r = t->before;
}

/* At resume: a signal that came meanwhile interrupts the call after all. */
static void settle_restart(struct threads *ts, struct tracee *t)
{
	if (t->restarted && signal_waits(ts, t)) {
		t->regs = t->before;
		t->have_regs = true;
		t->regs_dirty = true;
	}
	t->restarted = false;
}

/* Takes one wait status of @t. May push it on towards PTRACE_EVENT_STOP. */
static void take_status(struct threads *ts, struct tracee *t, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;
	unsigned long msg;

	t->have_regs = false;
	t->restarted = false;
	t->stop_missing = false;
	if (!WIFSTOPPED(status)) {
		t->state = TRACEE_GONE;
		return;
	}
	if (event == PTRACE_EVENT_STOP) {
		t->state = TRACEE_STOPPED;
		t->interrupted = false;
		t->listening = false;
		t->group_stopped = sig != SIGTRAP;
		restart_eintr(ts, t);
		return;
	}
	/* All other threads are gone, and the one that executed has the leader's id now. */
	if (event == PTRACE_EVENT_EXEC)
		ts->execed = true;
	if (event == PTRACE_EVENT_CLONE && !ptrace(PTRACE_GETEVENTMSG, t->tid, 0, &msg) &&
	    !find(ts, (pid_t)msg)) {
		pid_t tid = t->tid;

		add(ts, (pid_t)msg)->stop_missing = true;
		t = find(ts, tid); /* the array may have moved */
	}
	/* Any stop clears a pending interrupt, so it has to be asked for again before going on. */
	ptrace(PTRACE_INTERRUPT, t->tid, 0, 0);
	t->interrupted = true;
	if (ptrace(PTRACE_CONT, t->tid, 0, event || sig == (SIGTRAP | 0x80) ? 0 : sig) &&
	    errno == ESRCH)
		t->interrupted = false;
}

/* Collects whatever @t has to tell. */
static void poll_one(struct threads *ts, size_t i)
{
	pid_t tid = ts->v[i].tid;
	int status;

	for (;;) {
		pid_t r = waitpid(tid, &status, WNOHANG | __WALL);

		if (r == tid) {
			take_status(ts, &ts->v[i], status);
			if (ts->v[i].state != TRACEE_RUNNING)
				return;
			continue;
		}
		if (r < 0 && errno == EINTR)
			continue;
		/* Not ours (any more): it vanished by exec or exit of the group. */
		if (r < 0)
			ts->v[i].state = TRACEE_GONE;
		return;
	}
}

/*
 * A main thread that has exited is reported by wait only when the last thread has gone, so
 * waiting for it would take forever.
 */
static bool leader_is_zombie(struct threads *ts, struct tracee *t)
{
	struct proc_status st;

	if (t->tid != ts->pid || proc_status_read(&st, ts->pid, t->tid) || st.state != 'Z')
		return false;
	t->is_zombie_leader = true;
	t->state = TRACEE_GONE;
	return true;
}

static void name_late(struct threads *ts)
{
	struct proc_status st;
	char wchan[64];

	for (size_t i = 0; i < ts->n; i++) {
		if (ts->v[i].state != TRACEE_RUNNING)
			continue;
		ts->late_tid = ts->v[i].tid;
		proc_wchan(ts->pid, ts->late_tid, wchan, sizeof(wchan));
		if (proc_status_read(&st, ts->pid, ts->late_tid))
			st.state = '?';
		snprintf(ts->late_why, sizeof(ts->late_why), "state %c, in %.60s", st.state, wchan);
		return;
	}
}

static size_t n_running(const struct threads *ts)
{
	size_t n = 0;

	for (size_t i = 0; i < ts->n; i++)
		n += ts->v[i].state == TRACEE_RUNNING;
	return n;
}

/* Waits until no thread is running. 0; 1 deadline; -1 the caller's flag was raised. */
static int wait_all(struct threads *ts, uint64_t deadline)
{
	uint64_t start = now_ns(), look = start + LATE_NS, now;
	struct await a;
	int res;

	await_begin(&a);
	for (;;) {
		/* The list may grow behind the index: threads born meanwhile. */
		for (size_t i = 0; i < ts->n; i++)
			if (ts->v[i].state == TRACEE_RUNNING)
				poll_one(ts, i);
		res = 0;
		if (!n_running(ts) || ts->execed)
			break;
		res = -1;
		if (ts->cancel && *ts->cancel)
			break;
		res = 1;
		now = now_ns();
		if (now > deadline)
			break;
		if (now > look) {
			look = now + LATE_NS;
			for (size_t i = 0; i < ts->n; i++)
				if (ts->v[i].state == TRACEE_RUNNING)
					leader_is_zombie(ts, &ts->v[i]);
		}
		/* A thread on another CPU stops sooner than we could fall asleep and wake. */
		if (now - start > SPIN_NS)
			await_event(&a, deadline - now);
	}
	await_end(&a);
	return res;
}

static void drop_gone(struct threads *ts)
{
	size_t k = 0;

	for (size_t i = 0; i < ts->n; i++)
		if (ts->v[i].state != TRACEE_GONE || ts->v[i].is_zombie_leader)
			ts->v[k++] = ts->v[i];
	ts->n = k;
}

int threads_stop(struct threads *ts, uint64_t timeout_ns, struct sut_err *err)
{
	char subject[32];
	int r;

	subject_of(subject, ts->pid);
	urgent_begin(&ts->urgency);
	ts->t_stop_ns = now_ns();
	ts->late_tid = 0;
	memset(ts->seen, 0, sizeof(ts->seen));
	for (size_t i = 0; i < ts->n; i++) {
		struct tracee *t = &ts->v[i];

		if (t->state != TRACEE_RUNNING || t->interrupted)
			continue;
		if (ptrace(PTRACE_INTERRUPT, t->tid, 0, 0) == 0)
			t->interrupted = true;
	}
	r = wait_all(ts, ts->t_stop_ns + timeout_ns);
	if (ts->execed)
		return sut_fail(err, SUT_P_EXEC, subject, "it executed another program");
	if (r < 0)
		return sut_fail(err, SUT_E_INTERRUPTED, subject, "while its threads were being stopped");
	if (r > 0) {
		name_late(ts);
		return 1;
	}
	drop_gone(ts);
	for (size_t i = 0; i < ts->n; i++) {
		if (ts->v[i].state != TRACEE_STOPPED)
			continue;
		if (!ts->know_signed)
			ts->know_signed = !native_signed_bits(ts->v[i].tid, &ts->signed_bits);
		return 0;
	}
	return sut_fail(err, SUT_P_GONE, subject, "it exited");
}

static void write_back(struct tracee *t)
{
	if (t->regs_dirty && t->have_regs)
		native_set_regs(t->tid, &t->regs);
	t->regs_dirty = false;
}

static void resume_one(struct threads *ts, struct tracee *t)
{
	settle_restart(ts, t);
	write_back(t);
	/* A process that SIGSTOP holds must stay held, yet answer our next interrupt. */
	if (t->group_stopped && !ptrace(PTRACE_LISTEN, t->tid, 0, 0))
		t->listening = true;
	else
		ptrace(PTRACE_CONT, t->tid, 0, 0);
	t->state = TRACEE_RUNNING;
	t->have_regs = false;
}

void threads_resume(struct threads *ts)
{
	for (size_t i = 0; i < ts->n; i++)
		if (ts->v[i].state == TRACEE_STOPPED)
			resume_one(ts, &ts->v[i]);
	ts->pause_ns = ts->t_stop_ns ? now_ns() - ts->t_stop_ns : 0;
	urgent_end(&ts->urgency);
}

void threads_idle(struct threads *ts, uint64_t ns)
{
	uint64_t end = now_ns() + ns;

	do {
		for (size_t i = 0; i < ts->n; i++) {
			if (ts->v[i].state == TRACEE_RUNNING)
				poll_one(ts, i);
			if (ts->v[i].state == TRACEE_STOPPED)
				resume_one(ts, &ts->v[i]);
		}
		nanosleep(&(struct timespec){0, 200000}, NULL);
	} while (now_ns() < end && !(ts->cancel && *ts->cancel));
}

static void let_go(struct threads *ts, struct tracee *t)
{
	settle_restart(ts, t);
	write_back(t);
	ptrace(PTRACE_DETACH, t->tid, 0, 0);
	t->state = TRACEE_GONE;
}

void threads_collect(void)
{
	for (size_t i = strays.n; i-- > 0;) {
		struct threads one = {.pid = strays.v[i].pid};

		add(&one, strays.v[i].tid)->interrupted = true;
		poll_one(&one, 0);
		if (one.v[0].state == TRACEE_STOPPED)
			let_go(&one, &one.v[0]);
		/* A child that it made meanwhile was born ours. */
		for (size_t k = 1; k < one.n; k++)
			*VEC_PUSH(strays.v, strays.n, strays.cap) = (struct stray){one.pid, one.v[k].tid};
		if (one.v[0].state == TRACEE_GONE)
			strays.v[i] = strays.v[--strays.n];
		free(one.v);
	}
	if (!strays.n) {
		free(strays.v);
		memset(&strays, 0, sizeof(strays));
	}
}

/* True where some could still stop soon: not asleep in a way that nothing interrupts. */
static bool worth_waiting(const struct threads *ts)
{
	struct proc_status st;

	for (size_t i = 0; i < ts->n; i++)
		if (ts->v[i].state == TRACEE_RUNNING && !proc_status_read(&st, ts->pid, ts->v[i].tid) &&
		    st.state != 'D')
			return true;
	return false;
}

void threads_detach(struct threads *ts)
{
	uint64_t start = now_ns();
	bool running = false;
	struct await a;

	for (size_t i = 0; i < ts->n; i++) {
		struct tracee *t = &ts->v[i];

		if (t->state == TRACEE_STOPPED) {
			let_go(ts, t);
		} else if (t->state == TRACEE_RUNNING) {
			running = true;
			if (!t->interrupted)
				t->interrupted = !ptrace(PTRACE_INTERRUPT, t->tid, 0, 0);
		}
	}
	if (ts->t_stop_ns && !running)
		ts->pause_ns = now_ns() - ts->t_stop_ns;
	urgent_end(&ts->urgency);
	await_begin(&a);
	/* Each for itself, as soon as it stops. The list may grow: threads born meanwhile. */
	while (n_running(ts)) {
		uint64_t now;

		for (size_t i = 0; i < ts->n; i++) {
			if (ts->v[i].state == TRACEE_RUNNING && !leader_is_zombie(ts, &ts->v[i]))
				poll_one(ts, i);
			if (ts->v[i].state == TRACEE_STOPPED)
				let_go(ts, &ts->v[i]);
		}
		now = now_ns();
		if (now - start > DETACH_NS && (now - start > 10 * DETACH_NS || !worth_waiting(ts)))
			break;
		if (n_running(ts) && now - start > SPIN_NS)
			await_event(&a, DETACH_NS);
	}
	await_end(&a);
	for (size_t i = 0; i < ts->n; i++)
		if (ts->v[i].state == TRACEE_RUNNING)
			*VEC_PUSH(strays.v, strays.n, strays.cap) = (struct stray){ts->pid, ts->v[i].tid};
	free(ts->v);
	ts->v = NULL;
	ts->n = ts->cap = 0;
}

struct native_regs *tracee_regs(struct tracee *t)
{
	if (t->state != TRACEE_STOPPED)
		return NULL;
	if (!t->have_regs) {
		if (native_get_regs(t->tid, &t->regs))
			return NULL;
		t->have_regs = true;
	}
	return &t->regs;
}

void threads_rehearse(struct threads *ts)
{
	struct native_regs unused;
	struct await a;

	await_begin(&a);
	await_event(&a, 1000);
	await_end(&a);
	if (!ts->n)
		return;
	native_get_regs(ts->v[0].tid, &unused);
	if (ts->v[0].state == TRACEE_RUNNING)
		poll_one(ts, 0);
}
