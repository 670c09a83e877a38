/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The target of the tests in tests/fault (its source is there, in prey/), and the suture program
 * run on it, whole or under strace's fault injection.
 */
#ifndef SUTURE_TESTS_PREY_H
#define SUTURE_TESTS_PREY_H

#include "base/util.h"
#include "tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct prey {
	pid_t pid;
	int in, out;
	long wrong, calls;
};

static char *prey_program, *prey_patch, *prey_suture, *prey_trace;

/* Paths come from the Makefile's environment. False where the target was not made. */
static inline bool prey_init(void)
{
	const char *work = getenv("FAULT_WORK"), *suture = getenv("SUTURE");

	signal(SIGPIPE, SIG_IGN);
	/* A leak checker cannot run in a program that is traced itself. */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	prey_suture = xstrdup(suture ? suture : "build/suture");
	prey_program = path_join(work ? work : "build/fault", "prey");
	prey_patch = path_join(work ? work : "build/fault", "fix.sut");
	prey_trace = xasprintf("/tmp/suture-fault-%d", (int)getpid());
	return tap_ok(file_exists(prey_program) && file_exists(prey_patch), "the target and its patch");
}

static int prey_behind;	/* by how much the target's priority is lower than ours */

/*
 * We, and the tool, come before targets started from now on, if we may. A machine that has less time than the
 * target's threads take spends it on them else, and a sweep of a thousand commands never ends.
 */
static inline void prey_come_first(void)
{
	int before = getpriority(PRIO_PROCESS, 0);

	if (!setpriority(PRIO_PROCESS, 0, before - 10))
		prey_behind = before - getpriority(PRIO_PROCESS, 0);
}

static inline bool prey_start(struct prey *p, const char *threads, const char *mode)
{
	int in[2], out[2];

	memset(p, 0, sizeof(*p));
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return false;
	p->pid = fork();
	if (!p->pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		if (prey_behind)
			setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + prey_behind);
		execl(prey_program, prey_program, threads, mode, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	p->in = in[1];
	p->out = out[0];
	return p->pid > 0;
}

/*
 * The version that answers: 1 or 2; 0 mixed; -1 no answer within a minute: a machine that is busy with other
 * things is no hang, and an answer that comes too late would be taken for the next one's.
 */
static inline int prey_ask(struct prey *p)
{
	struct pollfd f = {.fd = p->out, .events = POLLIN};
	char line[64];
	int version, ready = 1;
	size_t n = 0;

	if (write(p->in, "q", 1) != 1)
		return -1;
	while (n < sizeof(line) - 1 && (ready = poll(&f, 1, 60000)) == 1 && read(p->out, line + n, 1) == 1 &&
	       line[n] != '\n')
		n++;
	if (!ready)
		printf("# the target (pid %d) gives no answer within a minute\n", (int)p->pid);
	line[n] = '\0';
	return sscanf(line, "%d %ld %ld", &version, &p->wrong, &p->calls) == 3 ? version : -1;
}

/* True where its threads go on working and none saw both versions. */
static inline bool prey_healthy(struct prey *p)
{
	long before;

	if (prey_ask(p) < 1 || p->wrong)
		return false;
	before = p->calls;
	for (int i = 0; i < 200; i++) {
		if (prey_ask(p) < 1 || p->wrong)
			return false;
		if (p->calls > before)
			return true;
		usleep(5000);
	}
	return false;
}

/* The line of a thread's file in /proc that begins with @key, without it. */
static inline void prey_proc(pid_t pid, const char *tid, const char *name, const char *key, char *buf,
			     size_t n)
{
	char *path = xasprintf("/proc/%d/task/%s/%s", (int)pid, tid, name);
	uint8_t *text = NULL;
	size_t len = 0;
	const char *at = NULL;

	if (!read_file(path, &text, &len))
		at = strstr((char *)text, key);
	snprintf(buf, n, "%.*s", at ? (int)strcspn(at + strlen(key), "\n") : 1,
		 at ? at + strlen(key) : "?");
	if (text)
		free(text);
	free(path);
}

/* What each thread of a target that hangs does. */
static inline void prey_tell_threads(pid_t pid)
{
	char *path = xasprintf("/proc/%d/task", (int)pid);
	DIR *dir = opendir(path);
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		char state[32], tracer[16], wchan[64], call[128];

		if (d->d_name[0] == '.')
			continue;
		prey_proc(pid, d->d_name, "status", "State:\t", state, sizeof(state));
		prey_proc(pid, d->d_name, "status", "TracerPid:\t", tracer, sizeof(tracer));
		prey_proc(pid, d->d_name, "wchan", "", wchan, sizeof(wchan));
		prey_proc(pid, d->d_name, "syscall", "", call, sizeof(call));
		printf("#   thread %s: state %s, tracer %s, in %s, system call %s\n", d->d_name, state,
		       tracer, wchan, call);
	}
	if (dir)
		closedir(dir);
	free(path);
}

/*
 * Ends it by the end of its input. True where it ended by itself, without a complaint; what else
 * happened is told. The limit is generous: a machine that is busy with other things is no hang.
 */
static inline bool prey_end(struct prey *p)
{
	int status = -1;

	close(p->in);
	close(p->out);
	for (int i = 0; i < 12000; i++) {
		pid_t got = waitpid(p->pid, &status, WNOHANG);

		if (got == p->pid) {
			if (WIFEXITED(status) && !WEXITSTATUS(status))
				return true;
			if (WIFSIGNALED(status))
				printf("# the target (pid %d) was ended by signal %d (%s)%s\n", (int)p->pid,
				       WTERMSIG(status), strsignal(WTERMSIG(status)),
				       WCOREDUMP(status) ? ", core dumped" : "");
			else
				printf("# the target (pid %d) ended with exit code %d (wait status 0x%x)\n",
				       (int)p->pid, WEXITSTATUS(status), (unsigned int)status);
			return false;
		}
		if (got < 0 && errno != EINTR) {
			printf("# the target (pid %d) cannot be waited for: %s\n", (int)p->pid,
			       strerror(errno));
			return false;
		}
		usleep(5000);
	}
	printf("# the target (pid %d) did not end within a minute:\n", (int)p->pid);
	prey_tell_threads(p->pid);
	kill(p->pid, SIGKILL);
	waitpid(p->pid, &status, 0);
	return false;
}

static char *prey_said;	/* what the last command printed */

/*
 * Appends suture VERB on @pid to @v; @extra: one more argument or NULL. FAULT_PAUSE is its --max-pause:
 * where both the machine and strace are slow, a stop is longer than it would ever be allowed to be.
 */
static inline void prey_words(struct strvec *v, const char *verb, const char *extra, pid_t pid)
{
	const char *pause = getenv("FAULT_PAUSE");

	strvec_push(v, prey_suture);
	strvec_push(v, verb);
	if (pause) {
		strvec_push(v, "--max-pause");
		strvec_push(v, pause);
	}
	if (extra)
		strvec_push(v, extra);
	strvec_push(v, strcmp(verb, "revert") ? prey_patch : "fix");
	strvec_pushf(v, "%d", (int)pid);
}

/* suture VERB, as in prey_words(); @inject: as strace's -e inject=, or NULL. Exit code, 128 + signal. */
static inline int prey_tool(const char *inject, const char *verb, const char *extra, pid_t pid)
{
	struct strvec v = {0};
	struct run_opts o = {.ret_output = &prey_said};
	int r;

	if (inject) {
		strvec_push(&v, "strace");
		strvec_push(&v, "-f");
		strvec_push(&v, "-o");
		strvec_push(&v, prey_trace);
		strvec_push(&v, "-e");
		strvec_pushf(&v, "trace=%.*s", (int)strcspn(inject, ":"), inject);
		strvec_push(&v, "-e");
		strvec_pushf(&v, "inject=%s", inject);
	}
	prey_words(&v, verb, extra, pid);
	free(prey_said);
	prey_said = NULL;
	r = run_command(v.v, &o);
	strvec_free(&v);
	return r;
}

/* True where strace has touched a system call of the last command. */
static inline bool prey_injected(void)
{
	uint8_t *text;
	size_t n;
	bool res;

	if (read_file(prey_trace, &text, &n))
		return false;
	res = strstr((char *)text, "INJECTED");
	free(text);
	return res;
}

/* The text is what the files say, nothing is stopped, traced, or writable and executable. */
static inline bool prey_clean(pid_t pid)
{
	const char *memtext = getenv("MEMTEXT");
	char *id = xasprintf("%d", (int)pid);
	char *argv[] = {(char *)(memtext ? memtext : "build/tests/memtext"), id, NULL};
	struct run_opts o = {0};
	int r = run_command(argv, &o);

	free(id);
	return r == 0;
}

static inline int prey_done(void)
{
	unlink(prey_trace);
	free(prey_trace);
	free(prey_said);
	free(prey_program);
	free(prey_patch);
	free(prey_suture);
	return tap_done();
}

#endif
