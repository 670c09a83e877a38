// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* Traces a process until it is killed. */
int main(int argc, char **argv)
{
	pid_t pid = atoi(argv[1]);

	if (ptrace(PTRACE_SEIZE, pid, 0, 0))
		return 1;
	puts("tracing");
	fflush(stdout);
	for (;;)
		pause();
}
