// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The program that is stopped and patched: main MODE THREADS. MODE idle: threads wait in futex,
 * nanosleep and epoll in turn, inside a few frames of their own; run: they compute; call: the main
 * thread measures a call of price() whenever a line comes in. "ready" says that all are at it.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

int price(int n);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static volatile int ready;
static volatile unsigned long sink;

static __attribute__((noinline)) void wait_long(long kind)
{
	struct timespec ts = {1000, 0};
	struct epoll_event e;

	if (kind == 0) {
		pthread_mutex_lock(&lock);
		for (;;)
			pthread_cond_wait(&never, &lock);
	}
	for (;;) {
		if (kind == 1)
			nanosleep(&ts, NULL);
		else
			epoll_wait(epoll_create1(0), &e, 1, -1);
	}
}

static __attribute__((noinline)) void serve(long kind)
{
	volatile char frame[200];

	frame[0] = 1;
	wait_long(kind);
	frame[1] = frame[0];
}

static void *idle(void *arg)
{
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	serve((long)arg % 3);
	return NULL;
}

static void *run(void *arg)
{
	unsigned long x = (unsigned long)arg;

	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		for (int i = 0; i < 1000; i++)
			x = x * 6364136223846793005UL + 1;
		sink = x;
	}
	return NULL;
}

static double ns_per_call(void)
{
	enum { CALLS = 20000000 };
	struct timespec a, b;
	int x = 1;

	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < CALLS; i++)
		x = price(x);
	clock_gettime(CLOCK_MONOTONIC, &b);
	sink = (unsigned long)x;
	return ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / CALLS;
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[2]) : 1;
	pthread_attr_t attr;
	pthread_t t;
	char c;

	if (argc < 2)
		return 2;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	for (long i = 1; i < n; i++)
		if (pthread_create(&t, &attr, strcmp(argv[1], "run") ? idle : run, (void *)i))
			return 1;
	while (ready < n - 1)
		usleep(1000);
	if (!strcmp(argv[1], "run") && n == 1) {
		puts("ready");
		fflush(stdout);
		run(NULL);
	}
	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) == 1) {
		printf("%.3f\n", ns_per_call());
		fflush(stdout);
	}
	return 0;
}
