// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <pthread.h>
#include <sys/wait.h>

NOINLINE long value(long n)
{
	return n * 3 + 1;
}

/*
 * Every tenth of a second there is a new child, and most live for two seconds. Where that is less than one look
 * at a process takes, in a busy guest, those that live for half a minute are met.
 */
static void *fork_on(void *arg)
{
	for (unsigned int i = 0;; i++) {
		if (!fork()) {
			sleep(i % 20 ? 2 : 30);
			_exit(0);
		}
		usleep(100000);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	return NULL;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	static pthread_t t;

	if (IS("fork"))
		pthread_create(&t, NULL, fork_on, NULL);
	printf("%ld", value(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
