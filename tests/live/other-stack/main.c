// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <pthread.h>

static volatile long held, go;
static char stack[65536] __attribute__((aligned(64)));

/*
 * Calls @f on @top: what programs with a stack switch of their own do. No library is known by it, and
 * nothing describes it. See stack.S.
 */
void on_stack(void (*f)(void), void *top);
/* The same, described as the start of a stack: a walk ends here, reliable. */
void on_described_stack(void (*f)(void), void *top);
static void (*volatile switch_to)(void (*f)(void), void *top) = on_stack;

static void wait_for_go(void)
{
	held = 1;
	while (!go)
		usleep(1000);
}

/* Its frame waits on the thread's own stack, while the thread runs on another one. */
NOINLINE long value(long n)
{
	switch_to(wait_for_go, stack + sizeof(stack));
	return n * 3 + 1;
}

static NOINLINE void idle(void)
{
	switch_to(wait_for_go, stack + sizeof(stack));
}

static long result;

static void *in_value(void *arg)
{
	result = value((long)arg);
	return NULL;
}

static void *in_idle(void *arg)
{
	idle();
	return NULL;
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
	if (IS("described")) {
		switch_to = on_described_stack;
		printf("yes");
	}
	if (IS("value"))
		start_thread(in_value, n);
	if (IS("idle"))
		start_thread(in_idle, n);
	if (IS("go")) {
		go = 1;
		pthread_join(t, NULL);
		/* What was there is stale now. */
		memset(stack, 0, sizeof(stack));
		printf("%ld", result);
	}
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
