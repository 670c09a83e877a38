// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <pthread.h>

static volatile long held, go;

NOINLINE long deep(long n)
{
	long r;

	if (n == 0) {
		held = 1;
		while (!go)
			usleep(1000);
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
		pthread_create(&t, NULL, holder, (void *)n);
		while (!held)
			usleep(1000);
		printf("held");
	}
	if (IS("go")) {
		go = 1;
		pthread_join(t, NULL);
		held = 0;
		printf("gone");
	}
	if (IS("deep"))
		printf("%ld", deep(n));
	if (IS("other"))
		printf("%ld", other(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
