// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <pthread.h>

static __thread long mine = 7;
extern __thread long theirs;
long bump_theirs(long n);

NOINLINE long value(long n)
{
	mine += n;
	return mine;
}

static void *elsewhere(void *arg)
{
	return (void *)value((long)arg);
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	pthread_t t;
	void *ret = NULL;

	if (IS("value"))
		ret = (void *)value(n);
	if (IS("thread")) {
		pthread_create(&t, NULL, elsewhere, (void *)n);
		pthread_join(t, &ret);
	}
	if (IS("theirs"))
		ret = (void *)bump_theirs(n);
	printf("%ld", (long)ret);
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
