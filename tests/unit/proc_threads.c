// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes in odd states: stopped, traced, in vfork, with a dead main thread, in exec. */
#include "proc/find.h"
#include "proc/status.h"
#include "proc/threads.h"
#include "tap.h"
#include "../lib/target.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/resource.h>

#define LONG_NS 20000000000ull	/* a machine may be slow and busy */

static char state_of(pid_t pid)
{
	struct proc_info pi;
	struct sut_err err = {0};
	char c = proc_info_read(&pi, pid, &err) ? '?' : pi.state;

	proc_info_free(&pi);
	sut_err_free(&err);
	return c;
}

/* Waits for it, however slow and busy the machine is. */
static bool becomes(pid_t pid, char state)
{
	char seen = '?';

	for (int i = 0; i < 10000; i++) {
		seen = state_of(pid);
		if (seen == state)
			return true;
		usleep(2000);
	}
	printf("# pid %d is in state %c, not %c\n", pid, seen, state);
	return false;
}

/* A child that runs @fn, when it is in the state @state. */
static pid_t start(void (*fn)(void), char state)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fn();
		_exit(0);
	}
	becomes(pid, state);
	return pid;
}

static void finish(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void sleeper(void)
{
	for (;;)
		pause();
}

static void stopped(void)
{
	pid_t pid = start(sleeper, 'S');
	struct threads ts = {0};
	struct sut_err err = {0};
	bool good = true;

	kill(pid, SIGSTOP);
	tap_ok(becomes(pid, 'T'), "a process held by SIGSTOP");
	good &= !threads_attach(&ts, pid, &err);
	for (int i = 0; i < 20; i++) {
		good &= !threads_stop(&ts, LONG_NS, &err) && ts.v[0].group_stopped;
		threads_resume(&ts);
	}
	tap_ok(good, "can be stopped and resumed");
	threads_detach(&ts);
	tap_ok(becomes(pid, 'T'), "and is still held afterwards");
	kill(pid, SIGCONT);
	tap_ok(becomes(pid, 'S'), "SIGCONT lets it go on");
	sut_err_free(&err);
	finish(pid);
}

static void traced(void)
{
	pid_t pid = start(sleeper, 'S'), tracer = fork();
	struct threads ts = {0};
	struct sut_err err = {0};
	struct proc_status st = {0};
	char want[64];

	if (tracer == 0) {
		ptrace(PTRACE_SEIZE, pid, 0, 0);
		sleeper();
	}
	for (int i = 0; i < 10000 && !proc_status_read(&st, pid, pid) && !st.tracer; i++)
		usleep(2000);
	snprintf(want, sizeof(want), "pid %d", tracer);
	tap_ok(threads_attach(&ts, pid, &err) == -1 && sut_err_has(&err, SUT_P_TRACED) &&
	       strstr(err.v[0].cause, want), "a traced process is refused, naming its tracer");
	sut_err_free(&err);
	finish(tracer);
	tap_ok(!threads_attach(&ts, pid, &err), "it can be traced when the other has gone");
	threads_detach(&ts);
	finish(pid);
	tap_ok(threads_attach(&ts, pid, &err) == -1 && sut_err_has(&err, SUT_P_GONE),
	       "a process that ended is said to be gone");
	sut_err_free(&err);
	tap_ok(threads_attach(&ts, 2, &err) == -1, "a kernel thread is refused");
	sut_err_free(&err);
}

static int hold[2];	/* what the child of a vfork waits for */

static void vfork_parent(void)
{
	pid_t c = vfork();
	char byte;

	if (c == 0) {
		close(hold[1]);
		_exit(read(hold[0], &byte, 1) == 1);
	}
	sleeper();
}

/* A process that nothing can stop until release(). */
static pid_t start_vfork(void)
{
	pid_t pid = pipe(hold) ? 0 : start(vfork_parent, 'D');

	close(hold[0]);
	return pid;
}

static void release(void)
{
	if (write(hold[1], "x", 1) != 1)
		perror("release");
	close(hold[1]);
}

static void in_vfork(void)
{
	pid_t pid = start_vfork();
	struct threads ts = {0};
	struct sut_err err = {0};
	int r;

	tap_ok(!threads_attach(&ts, pid, &err), "a vfork parent can be seized");
	r = threads_stop(&ts, 50000000, &err);
	if (!tap_ok(r == 1 && ts.late_tid == pid && strstr(ts.late_why, "state"),
		    "it does not stop, and is named"))
		printf("# result %d, thread %d, %s\n", r, ts.late_tid, ts.late_why);
	threads_resume(&ts);
	release();
	for (int i = 0; i < 400 && state_of(pid) != 'S'; i++)
		threads_idle(&ts, 50000000);
	tap_ok(state_of(pid) == 'S', "it is not left stopped when its child has gone");
	tap_ok(threads_stop(&ts, LONG_NS, &err) == 0, "it stops once the child has gone");
	threads_detach(&ts);
	tap_ok(becomes(pid, 'S'), "and goes on");
	sut_err_free(&err);
	finish(pid);
}

/* One that did not stop in time cannot be let go either: it may not be forgotten. */
static void stray(void)
{
	pid_t pid = start_vfork();
	struct threads ts = {0};
	struct sut_err err = {0};

	tap_ok(!threads_attach(&ts, pid, &err) && threads_stop(&ts, 20000000, &err) == 1,
	       "a thread does not stop in time");
	threads_detach(&ts);
	release();
	tap_ok(becomes(pid, 't'), "it stops later");
	threads_collect();
	tap_ok(becomes(pid, 'S'), "and is let go then");
	sut_err_free(&err);
	finish(pid);
}

/* The next try finds it traced, by ourselves. */
static void still_ours(void)
{
	pid_t pid = start_vfork();
	struct threads ts = {0};
	struct sut_err err = {0};

	tap_ok(!threads_attach_one(&ts, pid, pid, &err) && threads_stop(&ts, 20000000, &err) == 1,
	       "a thread does not stop in time");
	threads_detach(&ts);
	if (!tap_ok(!threads_attach_one(&ts, pid, pid, &err), "it can be taken again"))
		printf("# %s\n", err.n ? err.v[0].cause : "?");
	release();
	tap_ok(threads_stop(&ts, LONG_NS, &err) == 0, "and stops then");
	threads_detach(&ts);
	tap_ok(becomes(pid, 'S'), "and goes on");
	sut_err_free(&err);
	finish(pid);
}

static void *thread_sleeps(void *arg)
{
	sleeper();
	return arg;
}

static void dead_leader(void)
{
	pthread_t t;

	pthread_create(&t, NULL, thread_sleeps, NULL);
	pthread_exit(NULL);
}

/* A thread of the kernel has no memory; who has none is not always one. */
static void without_memory(void)
{
	struct proc_status st;
	pid_t pid = fork();
	bool seen = false;

	if (!pid)
		_exit(0);
	do {
		seen |= proc_status_read(&st, pid, pid) || st.kthread;
	} while (!seen && st.state != 'Z');
	tap_ok(!seen, "a process that exits is at no time taken for the kernel's");
	waitpid(pid, NULL, 0);
	tap_ok(proc_status_read(&st, pid, pid) == -1 && !st.tgid, "and when it was waited for it is gone");
	if (!proc_status_read(&st, 2, 2) && !strcmp(st.name, "kthreadd"))
		tap_ok(st.kthread, "kthreadd is the kernel's");
}

static void leaderless(void)
{
	pid_t pid = start(dead_leader, 'Z');
	struct threads ts = {0};
	struct sut_err err = {0};

	tap_ok(state_of(pid) == 'Z', "a process whose main thread has exited");
	tap_ok(!threads_attach(&ts, pid, &err) && !threads_stop(&ts, LONG_NS, &err),
	       "its other thread can be stopped");
	threads_detach(&ts);
	sut_err_free(&err);
	finish(pid);
}

static int go[2];

static void execs(void)
{
	char c;

	if (read(go[0], &c, 1) == 1)
		execl("/bin/sleep", "sleep", "100", NULL);
}

static void in_exec(void)
{
	struct threads ts = {0};
	struct sut_err err = {0};
	pid_t pid;

	if (pipe(go))
		return;
	pid = start(execs, 'S');
	tap_ok(!threads_attach(&ts, pid, &err), "a process that is about to exec");
	if (write(go[1], "x", 1) != 1)
		return;
	becomes(pid, 't');
	tap_ok(threads_stop(&ts, LONG_NS, &err) == -1 && sut_err_has(&err, SUT_P_EXEC),
	       "its exec is noticed");
	threads_detach(&ts);
	tap_ok(becomes(pid, 'S'), "and the new program runs");
	sut_err_free(&err);
	finish(pid);
}

static void gaps(void)
{
	struct proc_maps m = {0};
	struct sut_err err = {0};
	uint64_t at = 0;

	tap_ok(!proc_maps_parse(&m, "00400000-00500000 r-xp 00000000 08:01 42   /bin/a b\n"
				    "00600000-00700000 rw-p 00000000 00:00 0    [heap]\n"
				    "7f0000000000-7f0000100000 r-xp 00000000 08:01 43 /l.so\n"
				    "7ffff0000000-7ffff0100000 rw-p 00000000 00:00 0 [stack]\n"),
	       "maps are understood");
	tap_eq_str(m.v[0].path, "/bin/a b", "a path with a blank");
	tap_ok(!proc_maps_gap(&m, 0x400000, 0x500000, 0x2000, 0x7fff0000, 4096, &at, &err) &&
	       at + 0x2000 <= 0x400000, "near the program: below it, not in the heap's way");
	tap_ok(!proc_maps_gap(&m, 0x7f0000000000, 0x7f0000100000, 0x2000, 0x7fff0000, 4096, &at,
			      &err) && at == 0x7f0000000000 - 0x2000 , "right below a library");
	tap_ok(proc_maps_gap(&m, 0x600000, 0x700000, 0x10000000, 0x1000000, 4096, &at, &err) == -1 &&
	       sut_err_has(&err, SUT_P_NO_ROOM), "no room is said");
	sut_err_free(&err);
	proc_maps_free(&m);
}

static void no_gap_at_zero(void)
{
	struct proc_maps m = {0};
	struct sut_err err = {0};
	uint64_t at = 0;

	tap_ok(!proc_maps_parse(&m, "00001000-00002000 rw-p 00000000 00:00 0\n"
				    "00010000-02000000 r-xp 00000000 08:01 42 /bin/a\n"
				    "02000000-02100000 rw-p 00000000 00:00 0 [heap]\n") &&
	       proc_maps_gap(&m, 0x10000, 0x11000, 0x2000, 0xff0000, 4096, &at, &err) == -1 &&
	       sut_err_has(&err, SUT_P_NO_ROOM), "no room below all programs, whatever is mapped there");
	sut_err_free(&err);
	proc_maps_free(&m);
}

/* Where thread stacks fill all that is near below the libraries, as in 32 bits. */
static void gap_below_the_stack(void)
{
	struct proc_maps m = {.pid = getpid()};
	struct sut_err err = {0};
	struct rlimit was, l;
	uint64_t at = 0;

	tap_ok(!proc_maps_parse(&m, "01000000-01100000 rw-p 00000000 00:00 0 [heap]\n"
				    "b5000000-b6f00000 rw-p 00000000 00:00 0\n"
				    "b6f00000-b6ff0000 r-xp 00000000 08:01 43 /l.so\n"
				    "be900000-be921000 rw-p 00000000 00:00 0 [stack]\n") &&
	       !getrlimit(RLIMIT_STACK, &was), "maps with a stack near libraries");
	l = (struct rlimit){8 << 20, was.rlim_max};
	tap_ok(!setrlimit(RLIMIT_STACK, &l) &&
	       !proc_maps_gap(&m, 0xb6f10000, 0xb6f20000, 0x2000, 0xff0000, 4096, &at, &err) &&
	       at == 0xb6ff1000, "room that the stack will not need");
	l.rlim_cur = 80 << 20;
	tap_ok(!setrlimit(RLIMIT_STACK, &l) &&
	       proc_maps_gap(&m, 0xb6f10000, 0xb6f20000, 0x2000, 0xff0000, 4096, &at, &err) == -1 &&
	       sut_err_has(&err, SUT_P_NO_ROOM), "none where its limit says that it may");
	setrlimit(RLIMIT_STACK, &was);
	sut_err_free(&err);
	proc_maps_free(&m);
}

static void finding(void)
{
	struct proc_modules ms;
	struct sut_err err = {0};
	struct proc_find_result res;
	pid_t pid = start(sleeper, 'S');
	struct proc_module *exe;
	bool hit = false;

	tap_ok(!proc_modules_read(&ms, pid, false, &err), "modules can be read");
	exe = proc_module_exe(&ms);
	tap_ok(exe && exe->order == 0 && exe->build_id, "the executable comes first");
	tap_ok(proc_module_by_name(&ms, "libc.so.6") != NULL, "libc is there by its soname");
	tap_ok(!proc_find_build_id(exe->build_id, exe->build_id_size, &res, &err), "a search");
	for (size_t i = 0; i < res.n; i++)
		hit |= res.v[i].pid == pid;
	tap_ok(hit, "finds the process by the build-id");
	proc_find_free(&res);
	proc_modules_free(&ms);
	finish(pid);
}

int main(void)
{
	gaps();
	no_gap_at_zero();
	gap_below_the_stack();
	finding();
	stopped();
	traced();
	in_vfork();
	stray();
	still_ours();
	without_memory();
	leaderless();
	in_exec();
	return tap_done();
}
