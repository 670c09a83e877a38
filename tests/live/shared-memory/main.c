// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "talk.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

static char stack[65536];
static pid_t child;

NOINLINE long value(long n)
{
	return n * 3 + 1;
}

static int body(void *arg)
{
	for (;;)
		pause();
	return 0;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("value"))
		printf("%ld", value(n));
	if (IS("share")) {
		child = clone(body, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
		printf("%d", child > 0);
	}
	if (IS("end")) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		printf("ended");
	}
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
