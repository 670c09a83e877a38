// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <time.h>

NOINLINE long work(long n)
{
	return n * 3 + 1;
}

/*
 * Nanoseconds for a thousand calls. Where an emulated instruction takes one, that is instructions. The best of many
 * tries: in the others there was something else to do as well.
 */
static long thousand_calls(void)
{
	enum { TRIES = 100, ROUNDS = 20 };
	struct timespec a, b;
	volatile long sum = 0;
	long best = 0;

	for (int k = 0; k < TRIES; k++) {
		long ns;

		clock_gettime(CLOCK_MONOTONIC, &a);
		for (long i = 0; i < ROUNDS * 1000L; i++)
			sum += work(i);
		clock_gettime(CLOCK_MONOTONIC, &b);
		ns = (b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec;
		if (!k || ns < best)
			best = ns;
	}
	return best / ROUNDS;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("work"))
		printf("%ld", work(n));
	if (IS("time"))
		printf("%ld", thousand_calls());
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
