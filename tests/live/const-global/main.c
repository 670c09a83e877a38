// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

typedef long (*op)(long);

static long add(long n)
{
	return n + 10;
}

static long times(long n)
{
	return n * 10;
}

static long power(long n)
{
	return n * n;
}

static const struct entry {
	const char *name;
	op op;
} ops[] = {
	{"add", add},
	{"times", times},
};

static op volatile dynamic[] = {add, times, power};

NOINLINE long run(const char *name, long n)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (!strcmp(ops[i].name, name))
			return ops[i].op(n);
	return -1;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("dynamic"))
		printf("%ld %ld %ld", dynamic[0](n), dynamic[1](n), dynamic[2](n));
	else
		printf("%ld", run(word, n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
