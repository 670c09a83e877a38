// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <signal.h>
#include <sys/time.h>

static volatile long bad, runs, off_stack;
static char alternate[65536];

NOINLINE long value(long n)
{
	return n * 3 + 1;
}

static void on_alarm(int sig)
{
	char here;
	long n = runs, r = value(n);

	if (r != n * 3 + 1 && r != n * 5 + 2)
		bad++;
	off_stack += &here >= alternate && &here < alternate + sizeof(alternate);
	runs = n + 1;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("value"))
		printf("%ld", value(n));
	if (IS("bad"))
		printf("%ld", bad);
	if (IS("start")) {
		stack_t st = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
		struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_RESTART | (n ? SA_ONSTACK : 0)};
		struct itimerval it = {{0, 300}, {0, 300}};

		sigaltstack(&st, NULL);
		sigaction(SIGALRM, &sa, NULL);
		setitimer(ITIMER_REAL, &it, NULL);
		printf("on");
	}
	if (IS("ran"))
		printf("%d", n ? off_stack > 100 : runs > 100);
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
