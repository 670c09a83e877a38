// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <pthread.h>
#include <sys/wait.h>

NOINLINE long value(long n)
{
	return n * 3 + 1;
}

/* Children live for two seconds, and every tenth of a second there is a new one. */
static void *fork_on(void *arg)
{
	for (;;) {
		if (!fork()) {
			usleep(2000000);
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
