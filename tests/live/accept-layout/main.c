// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"
#include "job.h"

NOINLINE long twice(void *user);

/* No job outlives the call. */
NOINLINE long value(long n)
{
	struct job *j = calloc(1, sizeof(*j));
	long result;

	j->n = n;
	j->limit = 100;
	result = twice(j);
	free(j);
	return result;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	printf("%ld", value(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
