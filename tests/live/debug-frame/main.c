// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <pthread.h>

static volatile long held, go;

/* Busy, as no table may tell of the places where libc waits: the thread is met anywhere in here. */
NOINLINE long deep(long n)
{
	long r;

	if (n == 0) {
		held = 1;
		while (!go)
			;
		return 1;
	}
	r = deep(n - 1);
	return r + 1;
}

NOINLINE long other(long n)
{
	return n * 1000 + 1;
}

static void *holder(void *arg)
{
	deep((long)arg);
	return NULL;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	static pthread_t t;

	if (IS("hold")) {
		go = held = 0;
		pthread_create(&t, NULL, holder, (void *)n);
		while (!held)
			usleep(1000);
		printf("held");
	}
	if (IS("go")) {
		go = 1;
		pthread_join(t, NULL);
		printf("gone");
	}
	if (IS("deep"))
		printf("%ld", deep(n));
	if (IS("other"))
		printf("%ld", other(n));
	return true;
}

int main(int argc, char **argv)
{
	/* From here on it has its own files. */
	if (argc > 1 && chroot(argv[1]))
		return 1;
	go = 1;
	talk_loop();
	return 0;
}
