// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <pthread.h>

long tls_both(long n);
long tls_hidden(long n);
long tls_new(long n);

static long (*which)(long);

static void *elsewhere(void *arg)
{
	return (void *)which(*(long *)arg);
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	pthread_t t;
	void *ret;

	which = IS("both") ? tls_both : IS("hidden") ? tls_hidden : tls_new;
	if (m) {
		pthread_create(&t, NULL, elsewhere, &n);
		pthread_join(t, &ret);
		printf("%ld", (long)ret);
		return true;
	}
	printf("%ld", which(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
