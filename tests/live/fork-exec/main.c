// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <sys/wait.h>

static char *self;

NOINLINE long value(long n)
{
	return n * 3 + 1;
}

static void child(void)
{
	/* Answers in files, as the parent owns the pipes; ends when it is killed. */
	for (;;) {
		FILE *f = fopen("child.tmp", "w");

		fprintf(f, "%ld\n", value(2));
		fclose(f);
		rename("child.tmp", "child.value");
		usleep(5000);
	}
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	pid_t p;

	if (IS("value"))
		printf("%ld", value(n));
	if (IS("fork")) {
		p = fork();
		if (!p)
			child();
		printf("%d", p);
	}
	if (IS("reap")) {
		waitpid((pid_t)n, NULL, 0);
		printf("reaped");
	}
	if (IS("exec"))
		execl("/proc/self/exe", self, "again", (char *)NULL);
	return !IS("exec");
}

int main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 1) {
		puts("again");
		fflush(stdout);
	}
	talk_loop();
	return 0;
}
