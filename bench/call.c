// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a call costs: call SUTURE FIX.sut PROGRAM ROUNDS. Nanoseconds per call of a function of one
 * instruction, through a direct call, unpatched, patched and reverted, in the same process.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_ROUNDS = 1000 };

static FILE *to, *from;

static int cmp_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static pid_t start(const char *program)
{
	int out[2], in[2];
	char line[16];
	pid_t pid;

	if (pipe(out) || pipe(in))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		for (int fd = 3; fd < 16; fd++)
			close(fd);
		execl(program, program, "call", "1", NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	to = fdopen(in[1], "w");
	from = fdopen(out[0], "r");
	return fgets(line, sizeof(line), from) ? pid : -1;
}

static void measure(const char *what, int rounds)
{
	static double v[MAX_ROUNDS];
	char line[32];
	int n = 0;

	while (n < rounds) {
		fputc('\n', to);
		fflush(to);
		if (!fgets(line, sizeof(line), from))
			break;
		v[n++] = atof(line);
	}
	qsort(v, (size_t)n, sizeof(v[0]), cmp_double);
	if (n)
		printf("%-10s %7.2f %7.2f %7.2f\n", what, v[n / 2], v[0], v[n - 1]);
}

static int suture(char **argv, const char *verb, const char *what, pid_t pid)
{
	char id[16];
	int status;
	pid_t child;

	snprintf(id, sizeof(id), "%d", (int)pid);
	fflush(stdout);
	child = fork();
	if (!child) {
		execl(argv[1], argv[1], "-q", verb, what, id, NULL);
		_exit(127);
	}
	waitpid(child, &status, 0);
	return status;
}

int main(int argc, char **argv)
{
	int rounds, failed;
	pid_t pid;

	if (argc != 5) {
		fprintf(stderr, "usage: call SUTURE FIX.sut PROGRAM ROUNDS\n");
		return 2;
	}
	rounds = atoi(argv[4]) < 1 ? 1 : atoi(argv[4]) > MAX_ROUNDS ? MAX_ROUNDS : atoi(argv[4]);
	pid = start(argv[3]);
	if (pid < 0)
		return 1;
	printf("ns per call  median  lowest highest\n");
	measure("unpatched", rounds);
	failed = suture(argv, "apply", argv[2], pid);
	measure("patched", rounds);
	failed |= suture(argv, "revert", "fix", pid);
	measure("reverted", rounds);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return failed ? 1 : 0;
}
