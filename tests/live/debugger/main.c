// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <pthread.h>

static volatile long held;

NOINLINE long wait_here(long n)
{
	held = n;
	for (;;)
		usleep(1000);
	return n;
}

NOINLINE long answer(long n)
{
	return wait_here(n + 1) + 1;
}

static void *worker(void *arg)
{
	return (void *)(answer((long)arg) + 1);
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	static pthread_t t;

	if (IS("begin")) {
		pthread_create(&t, NULL, worker, (void *)n);
		while (!held)
			usleep(1000);
		printf("%ld", held);
	}
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
