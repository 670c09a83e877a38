// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Load for the tests, and their check: on every CPU processes call the kernel and know what must come back.
 * `load CPUS` runs until it is killed; what went wrong it says on stdout.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

static void work(int cpu)
{
	pid_t me = syscall(SYS_getpid), parent = syscall(SYS_getppid);
	cpu_set_t set;
	char buf[64];
	long i;
	int fd;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (i = 0;; i++) {
		if (syscall(SYS_getpid) != me || syscall(SYS_getppid) != parent) {
			printf("getpid came back wrong\n");
			fflush(stdout);
		}
		if (i % 64)
			continue;
		fd = open("/proc/self/stat", O_RDONLY);
		if (fd < 0 || read(fd, buf, sizeof(buf)) < 4 || atoi(buf) != me) {
			printf("/proc/self/stat is wrong\n");
			fflush(stdout);
		}
		close(fd);
		if (i % 4096 == 0) {
			pid_t child = fork();

			if (!child)
				_exit(syscall(SYS_getppid) == me ? 3 : 4);
			int status;

			if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 3) {
				printf("a child came back wrong\n");
				fflush(stdout);
			}
		}
	}
}

int main(int argc, char **argv)
{
	int cpus = argc > 1 ? atoi(argv[1]) : 1, i;

	for (i = 0; i < 2 * cpus; i++)
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			work(i % cpus);
		}
	for (;;)
		pause();
}
