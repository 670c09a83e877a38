// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ppc64le: whose business the TOC pointer (r2) is. Functions that need it and did not, calls of the same
 * object that become calls of another (work.c), callers that have it, and callers that never do (ahead.c).
 */
#define _GNU_SOURCE
#include "talk.h"
#include "toc.h"

#include <stdint.h>
#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

extern char __executable_start[], _end[];

/* All of the 4 GB around but 32 MB: a hole near by is crowd's (tests/live/crowded) business. */
static int far_only(void)
{
	uintptr_t lo = (uintptr_t)__executable_start, hi = (uintptr_t)_end, page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t hole = 0, at, top, gap = (uintptr_t)4 << 30;
	static char text[65536];
	FILE *f = fopen("/proc/self/maps", "r");
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	bool good = true;

	fclose(f);
	text[n] = '\0';
	at = lo > gap ? lo - gap : page;
	top = hi + gap;
	for (char *s = text; *s && at < top; s = strchr(s, '\n') + 1) {
		uintptr_t from = (uintptr_t)strtoull(s, &s, 16), to = (uintptr_t)strtoull(s + 1, &s, 16);

		if (from > top)
			from = top;
		/* Three pages below the program are left, for an island. */
		if (!hole && from == lo && from - at > 64 * page) {
			hole = from - 32 * page;
			good &= mmap((void *)(hole + 3 * page), from - hole - 3 * page, PROT_NONE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
				     0) != MAP_FAILED;
			from = hole;
		}
		if (from > at)
			good &= mmap((void *)at, from - at, PROT_NONE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
				     0) != MAP_FAILED;
		if (to > at)
			at = to;
	}
	if (at < top)
		good &= mmap((void *)at, top - at, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
			     0) != MAP_FAILED;
	return hole && good;
}

/* A loop that counts on r2 in all of its rounds. */
static NOINLINE long rounds(long n)
{
	long s = 0;

	for (long i = 0; i < n; i++) {
		s += plain(i) + total;
		total++;
	}
	total -= n;
	return s;
}

/* Answers that are of neither version. */
static NOINLINE long spin(long n)
{
	long bad = 0;

	while (n--) {
		long r = recursive(5);

		bad += r != 115 && r != 225;
	}
	return bad;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("far"))
		printf("%d", far_only());
	if (IS("base"))
		printf("%lu", (unsigned long)__executable_start);
	if (IS("plain"))
		printf("%ld", plain(n));
	if (IS("pointer"))
		printf("%ld", pointer(n));
	if (IS("hop"))
		printf("%ld", hop(n));
	if (IS("lib"))
		printf("%ld", lib_call(plain, n));
	if (IS("rounds"))
		printf("%ld", rounds(n));
	if (IS("spin"))
		printf("%ld", spin(n));
	if (IS("many"))
		printf("%ld", many(1, 2, 3, 4, 5, 6, 7, 8, n, 1, 2.5, m));
	if (IS("sum"))
		printf("%ld", sum(9, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, n));
	if (IS("crossing"))
		printf("%ld", crossing("A"));
	if (IS("recursive"))
		printf("%ld", recursive(n));
	if (IS("leaf"))
		printf("%ld", ahead_leaf(n) + total);
	if (IS("calls"))
		printf("%ld", ahead_calls(n) + total);
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
