// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <pthread.h>
#include <signal.h>

static volatile long held, go;

static void wait_for_go(void)
{
	held = 1;
	while (!go)
		usleep(1000);
}

NOINLINE long deep(long n)
{
	long r;

	if (n == 0) {
		wait_for_go();
		return 1;
	}
	r = deep(n - 1);
	return r + 1;
}

/* The thread is in value() only by way of a signal, whose handler has a stack of its own. */
NOINLINE long value(long n)
{
	raise(SIGUSR1);
	return n * 3 + 1;
}

static void on_signal(int sig)
{
	if (!go)
		wait_for_go();
}

static NOINLINE void on_own_stack(void)
{
	static char stack[65536];
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};

	sigaltstack(&ss, NULL);
}

static void *in_deep(void *arg)
{
	deep((long)arg);
	return NULL;
}

static void *in_signal(void *arg)
{
	on_own_stack();
	value((long)arg);
	return NULL;
}

/* Waits outside of everything that changes, and knows the functions by address only. */
static void *outside(void *arg)
{
	long (*volatile f[])(long) = {deep, value};

	wait_for_go();
	return (void *)f[0];
}

static pthread_t t;

static NOINLINE void start_thread(void *(*f)(void *), long n)
{
	go = held = 0;
	pthread_create(&t, NULL, f, (void *)n);
	while (!held)
		usleep(1000);
	printf("held");
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("deep"))
		start_thread(in_deep, n);
	if (IS("signal"))
		start_thread(in_signal, n);
	if (IS("outside"))
		start_thread(outside, n);
	if (IS("go")) {
		go = 1;
		pthread_join(t, NULL);
		printf("gone");
	}
	if (IS("ask")) {
		go = 1;
		printf("%ld %ld", deep(n), value(m));
	}
	return true;
}

int main(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};

	sigaction(SIGUSR1, &sa, NULL);
	talk_loop();
	return 0;
}
