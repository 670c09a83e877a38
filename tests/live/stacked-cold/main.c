// SPDX-License-Identifier: GPL-2.0-or-later
/* A function that waits in the part of it that the compiler set aside as cold. */
#include "talk.h"

/* Waits for another line. */
static NOINLINE __attribute__((cold)) long wait_for(long n)
{
	char line[64];

	printf("held\n");
	fflush(stdout);
	return fgets(line, sizeof(line), stdin) ? n : 0;
}

NOINLINE long work(long n)
{
	if (n < 0)
		return wait_for(n) * 10 + 1;
	return n + 1;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("work"))
		printf("%ld", work(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
