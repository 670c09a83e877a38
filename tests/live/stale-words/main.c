// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program that has words on its stack, for as long as it lives, that lead to where nothing is mapped: as
 * the dynamic linker leaves them, of mappings that it has undone.
 */
#include "talk.h"

#include <sys/personality.h>

enum { PAGE = 4096, N = 256 };

static volatile unsigned long *words;

NOINLINE long value(long n)
{
	return n * 3 + 1;
}

/* Pages of the first code that a patch has mapped, and behind it. */
static NOINLINE void where(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long lo, hi;
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, "/memfd:suture:") && sscanf(line, "%lx-%lx r-xp", &lo, &hi) == 2 &&
		    strstr(line, " r-xp ")) {
			printf("%lu %lu", lo / PAGE, hi / PAGE);
			break;
		}
	if (f)
		fclose(f);
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	int i = 0;

	if (IS("value"))
		printf("%ld", value(n));
	if (IS("where"))
		where();
	if (IS("lead")) {
		for (; n < m && i < N; n++)
			words[i++] = (unsigned long)n * PAGE + 8;
		printf("%d", i > 0);
	}
	return true;
}

int main(int argc, char **argv)
{
	volatile unsigned long mine[N];

	/* Two processes of one layout. */
	if (argc == 1) {
		personality(ADDR_NO_RANDOMIZE);
		execl("/proc/self/exe", argv[0], "again", NULL);
	}
	for (int i = 0; i < N; i++)
		mine[i] = 0;
	words = mine;
	talk_loop();
	return 0;
}
