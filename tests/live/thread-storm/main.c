// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <pthread.h>

static volatile long bad, born;

NOINLINE long value(long n)
{
	return n * 3 + 1;
}

static void *once(void *arg)
{
	long n = (long)arg, r = value(n);

	if (r != n * 3 + 1 && r != n * 5 + 2)
		bad++;
	return (void *)r;
}

static void *storm(void *arg)
{
	pthread_t t[4];

	for (;;) {
		for (int i = 0; i < 4; i++)
			if (pthread_create(&t[i], NULL, once, (void *)(born + i)))
				bad++;
		for (int i = 0; i < 4; i++)
			if (pthread_join(t[i], NULL))
				bad++;
		born += 4;
		usleep(200);
	}
	return NULL;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	static pthread_t t;

	if (IS("storm")) {
		pthread_create(&t, NULL, storm, NULL);
		printf("on");
	}
	if (IS("value"))
		printf("%ld", value(n));
	if (IS("bad"))
		printf("%ld", bad);
	if (IS("born"))
		printf("%d", born > n);
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
