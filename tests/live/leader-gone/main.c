// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "talk.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

static volatile long held, go;

NOINLINE long value(long n)
{
	while (held && !go)
		usleep(1000);
	return n * 3 + 1;
}

static void *holder(void *arg)
{
	value((long)arg);
	return NULL;
}

static int sharer(void *arg)
{
	pause();
	return 0;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	static char stack[65536] __attribute__((aligned(16)));
	static pthread_t t;
	static int child;

	if (IS("value"))
		printf("%ld", value(n));
	if (IS("hold")) {
		go = 0;
		held = 1;
		pthread_create(&t, NULL, holder, (void *)n);
		printf("held");
	}
	if (IS("go")) {
		go = 1;
		pthread_join(t, NULL);
		held = 0;
		printf("gone");
	}
	/* A process of its own in the same memory. */
	if (IS("share")) {
		child = clone(sharer, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
		printf("shared");
	}
	if (IS("unshare")) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		printf("alone");
	}
	return true;
}

static void *talker(void *arg)
{
	/* Until the main thread is over. */
	pthread_join(*(pthread_t *)arg, NULL);
	talk_loop();
	exit(0);
}

int main(void)
{
	static pthread_t self, t;

	self = pthread_self();
	pthread_create(&t, NULL, talker, &self);
	pthread_exit(NULL);
}
