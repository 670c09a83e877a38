// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <pthread.h>
#include <sys/wait.h>

static volatile long bad, born;

NOINLINE long value(long n)
{
	return n * 3 + 1;
}

static void *storm(void *arg)
{
	for (;;) {
		int st = -1;
		pid_t p = fork();

		if (!p) {
			long r = value(2);

			_exit(r == 7 || r == 12 ? 0 : 1);
		}
		if (p < 0 || waitpid(p, &st, 0) != p || st)
			bad++;
		born++;
	}
	return NULL;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	static pthread_t t[2];

	if (IS("storm")) {
		pthread_create(&t[0], NULL, storm, NULL);
		pthread_create(&t[1], NULL, storm, NULL);
	}
	printf("%ld", IS("bad") ? bad : IS("born") ? (long)(born > n) : value(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
