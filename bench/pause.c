// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long a process stands still for us, and how long a whole command takes.
 *
 *	pause SUTURE FIX.sut PROGRAM ROUNDS [idle|run THREADS]
 *
 * Each round is a fresh process: a bare stop of all threads with ptrace (seized beforehand;
 * interrupt all, wait for all, let all go on), `suture apply`, a bare stop again, `suture revert`.
 * So what is compared was measured within milliseconds of each other, on the same threads. Wall
 * time is of the command as a whole: fork, exec, dynamic linking, exit. Medians are printed.
 */
#include "base/util.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_ROUNDS = 1000, MAX_THREADS = 4096 };

struct series {
	double v[2 * MAX_ROUNDS];
	size_t n;
};

static int cmp_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(struct series *s)
{
	if (!s->n)
		return -1;
	qsort(s->v, s->n, sizeof(s->v[0]), cmp_double);
	return s->v[s->n / 2];
}

static void note(struct series *s, double v)
{
	if (s->n < ARRAY_SIZE(s->v))
		s->v[s->n++] = v;
}

static pid_t start(const char *program, const char *mode, int threads)
{
	char n[16], line[8] = "";
	int out[2], in[2];
	pid_t pid;

	snprintf(n, sizeof(n), "%d", threads);
	if (pipe2(out, O_CLOEXEC) || pipe2(in, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl(program, program, mode, n, NULL);
		_exit(127);
	}
	close(out[1]);
	close(in[0]);
	if (read(out[0], line, 5) < 5)
		pid = -1;
	close(out[0]);
	/* The other end of its input is inherited by nobody and stays open until the process is
	 * killed: an end of file would end the program. */
	fcntl(in[1], F_SETFD, FD_CLOEXEC);
	if (pid > 0)
		usleep(threads * 100 + 3000);
	return pid;
}

static size_t seize_all(pid_t pid, pid_t *tid)
{
	char path[40];
	struct dirent *d;
	size_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir)) && n < MAX_THREADS) {
		pid_t t = atoi(d->d_name);

		if (t > 0 && !ptrace(PTRACE_SEIZE, t, 0, 0))
			tid[n++] = t;
	}
	if (dir)
		closedir(dir);
	return n;
}

/* Microseconds from the first interrupt to the last thread let go. */
static double bare_stop(pid_t pid)
{
	static pid_t tid[MAX_THREADS];
	size_t n = seize_all(pid, tid);
	uint64_t t0, t1;
	int status;

	/* A command takes this long to get to its stop: CPUs that idle are as much asleep as then. */
	usleep(5000);
	t0 = now_ns();
	for (size_t i = 0; i < n; i++)
		ptrace(PTRACE_INTERRUPT, tid[i], 0, 0);
	for (size_t i = 0; i < n; i++)
		waitpid(tid[i], &status, __WALL);
	for (size_t i = 0; i < n; i++)
		ptrace(PTRACE_CONT, tid[i], 0, 0);
	t1 = now_ns();
	for (size_t i = 0; i < n; i++)
		ptrace(PTRACE_INTERRUPT, tid[i], 0, 0);
	for (size_t i = 0; i < n; i++) {
		waitpid(tid[i], &status, __WALL);
		ptrace(PTRACE_DETACH, tid[i], 0, 0);
	}
	return (double)(t1 - t0) / 1000;
}

struct command {
	struct series wall, pause, place;
	unsigned int failed;
};

static void run(struct command *c, const char *suture, const char *verb, const char *what, pid_t pid)
{
	static char text[65536];
	char id[16];
	volatile size_t len = 0;
	json_t *doc, *t;
	int fd[2], status;
	uint64_t t0, t1;
	ssize_t n;
	pid_t child;

	snprintf(id, sizeof(id), "%d", (int)pid);
	if (pipe2(fd, O_CLOEXEC))
		return;
	t0 = now_ns();
	child = vfork();
	if (!child) {
		dup2(fd[1], 1);
		execl(suture, suture, verb, "--json", what, id, NULL);
		_exit(127);
	}
	close(fd[1]);
	while ((n = read(fd[0], text + len, sizeof(text) - len)) > 0)
		len += (size_t)n;
	close(fd[0]);
	waitpid(child, &status, 0);
	t1 = now_ns();
	doc = json_loadb(text, len, 0, NULL);
	t = json_array_get(json_object_get(doc, "targets"), 0);
	if (!t || status) {
		c->failed++;
	} else {
		note(&c->wall, (double)(t1 - t0) / 1000);
		note(&c->pause, (double)json_integer_value(json_object_get(t, "pause_us")));
		note(&c->place, (double)json_integer_value(json_object_get(t, "place_pause_us")));
	}
	json_decref(doc);
}

static void measure(char **argv, const char *mode, int threads, int rounds)
{
	static struct command apply, revert;
	static struct series bare;

	memset(&apply, 0, sizeof(apply));
	memset(&revert, 0, sizeof(revert));
	memset(&bare, 0, sizeof(bare));
	for (int i = 0; i < rounds; i++) {
		pid_t pid = start(argv[3], mode, threads);

		if (pid < 0)
			continue;
		note(&bare, bare_stop(pid));
		run(&apply, argv[1], "apply", argv[2], pid);
		note(&bare, bare_stop(pid));
		run(&revert, argv[1], "revert", "fix", pid);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	printf("%-5s %7d %9.0f %9.0f %6.2f %9.0f %6.2f %9.0f %9.2f %9.2f %5u\n", mode, threads,
	       median(&bare), median(&apply.pause), median(&apply.pause) / median(&bare),
	       median(&revert.pause), median(&revert.pause) / median(&bare), median(&apply.place),
	       median(&apply.wall) / 1000, median(&revert.wall) / 1000, apply.failed + revert.failed);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const int threads[] = {1, 10, 100, 1000};
	int rounds;

	if (argc != 5 && argc != 7) {
		fprintf(stderr, "usage: pause SUTURE FIX.sut PROGRAM ROUNDS [idle|run THREADS]\n");
		return 2;
	}
	rounds = MIN(MAX(atoi(argv[4]), 1), MAX_ROUNDS);
	printf("                bare     apply  times    revert  times     place  apply ms revert ms\n");
	printf("mode  threads   stop us  pause us  bare  pause us  bare   one thr.     wall      wall failed\n");
	if (argc == 7) {
		measure(argv, argv[5], MIN(MAX(atoi(argv[6]), 1), MAX_THREADS), rounds);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		measure(argv, "idle", threads[i], threads[i] < 1000 ? rounds : rounds / 4 + 1);
	for (size_t i = 0; i < ARRAY_SIZE(threads) - 1; i++)
		measure(argv, "run", threads[i], threads[i] < 100 ? rounds : rounds / 4 + 1);
	return 0;
}
