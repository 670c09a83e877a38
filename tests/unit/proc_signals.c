// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signals that come while a thread works for somebody else are not lost, not even where he dies; and
 * a fault of a function that he calls takes no handler away.
 */
#include "proc/remote.h"
#include "proc/status.h"
#include "tap.h"
#include "../lib/target.h"

enum { THREADS = 3 };
#define STOP_NS 20000000000ULL	/* slow machines, too */

struct work {
	struct threads ts;
	struct proc_modules ms;
	struct remote r;
	struct sut_err err;
};

static bool begin(struct work *w, pid_t pid)
{
	memset(w, 0, sizeof(*w));
	return !proc_modules_read(&w->ms, pid, true, &w->err) && !threads_attach(&w->ts, pid, &w->err) &&
	       !threads_stop(&w->ts, STOP_NS, &w->err) && !remote_begin(&w->r, &w->ts, &w->ms, &w->err);
}

static bool call(struct work *w)
{
	const uint64_t args[6] = {0};
	long ret = 0;

	return !remote_syscall(&w->r, SYS_getppid, args, &ret, &w->err) && ret == getpid();
}

static bool end(struct work *w)
{
	bool good = !remote_end(&w->r, &w->err);

	threads_detach(&w->ts);
	proc_modules_free(&w->ms);
	for (size_t i = 0; i < w->err.n; i++)
		printf("# %s: %s\n", w->err.v[i].subject, w->err.v[i].cause);
	sut_err_free(&w->err);
	return good;
}

/* Every thread gets into state @want within ten seconds. */
static bool stands(pid_t pid, pid_t tid, char want)
{
	struct proc_status st;

	for (int i = 0; i < 2000; i++) {
		if (!proc_status_read(&st, pid, tid) && st.state == want)
			return true;
		usleep(5000);
	}
	return false;
}

static void stop_signal(pid_t pid)
{
	struct work w;
	int status;
	pid_t child;

	tap_ok(begin(&w, pid) && !kill(pid, SIGSTOP) && call(&w) && call(&w) && end(&w),
	       "calls are made while SIGSTOP comes");
	tap_ok(stands(pid, pid, 'T'), "the process stands afterwards");
	tap_ok(begin(&w, pid) && call(&w) && end(&w), "calls are made where it stands");
	tap_ok(stands(pid, pid, 'T'), "it stands still");
	kill(pid, SIGCONT);
	tap_ok(tgt_alive(pid, THREADS), "it goes on after SIGCONT");

	child = fork();
	if (!child) {
		long ret = 0;

		if (begin(&w, pid) && !kill(pid, SIGSTOP) &&
		    !remote_syscall(&w.r, SYS_getppid, (uint64_t[6]){0}, &ret, &w.err))
			_exit(0);
		_exit(1);
	}
	waitpid(child, &status, 0);
	tap_ok(!status && stands(pid, pid, 'T'), "SIGSTOP is not lost with a tool that dies");
	kill(pid, SIGCONT);
	tap_ok(tgt_alive(pid, THREADS), "it goes on after SIGCONT");
}

/* The mask of signals that @tid's status has behind @key. */
static uint64_t signals_of(pid_t pid, pid_t tid, const char *key)
{
	char path[64];
	uint8_t *text;
	const char *at;
	uint64_t mask = 0;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", (int)pid, (int)tid);
	if (read_file(path, &text, &n))
		return 0;
	at = strstr((char *)text, key);
	if (at)
		mask = strtoull(at + strlen(key), NULL, 16);
	free(text);
	return mask;
}

static void fault(pid_t pid)
{
	const uint64_t args[6] = {16};
	uint64_t ret = 0, before = signals_of(pid, pid, "SigCgt:");
	pid_t tid;
	struct work w;
	bool good;

	tap_ok(before >> (SIGSEGV - 1) & 1, "the target catches SIGSEGV");
	good = begin(&w, pid) &&
	       remote_call_function(&w.r, (uintptr_t)tgt_faults, args, STOP_NS, &ret, &w.err) == -1 &&
	       sut_err_has(&w.err, SUT_P_REMOTE_TIMEOUT);
	sut_err_free(&w.err);
	tap_ok(good && call(&w) && end(&w), "a function faults, and calls go on");
	tap_ok(signals_of(pid, pid, "SigCgt:") == before, "the handler is still there");
	/* The threads of this target block it, so it has to wait. */
	good = begin(&w, pid);
	tid = w.r.tid;
	tap_ok(good && !syscall(SYS_tgkill, pid, tid, SIGSEGV) && call(&w) &&
	       !remote_call_function(&w.r, (uintptr_t)tgt_answer, args, STOP_NS, &ret, &w.err) &&
	       ret == tgt_answer(16) && end(&w), "calls are made while a SIGSEGV comes that was sent");
	tap_ok(signals_of(pid, tid, "SigPnd:") >> (SIGSEGV - 1) & 1, "it waits for the thread as before");
	tap_ok(tgt_alive(pid, THREADS) && !tgt_broken(), "the target is whole");
}

static void on_segv(int sig)
{
	_exit(1);
}

int main(void)
{
	pid_t pid;

	signal(SIGSEGV, on_segv);
	pid = tgt_start(THREADS);
	stop_signal(pid);
	fault(pid);
	kill(pid, SIGKILL);
	return tap_done();
}
