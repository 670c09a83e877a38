// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program with no room near its code but one hole of three pages: all that branches of its
 * architecture reach is reserved, as a sanitizer or a JIT does it.
 */
#define _GNU_SOURCE
#include "talk.h"

#include <stdint.h>
#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#if defined(__x86_64__) || defined(__riscv)
#define REACH ((uintptr_t)2 << 30)
#elif defined(__aarch64__)
#define REACH ((uintptr_t)128 << 20)
#else
#define REACH ((uintptr_t)32 << 20)
#endif
#define MARGIN ((uintptr_t)1 << 20)

extern char __executable_start[], _end[];
static long total;
static uintptr_t hole_at;

/* Called by the patch: not by its address, so it has no landing pad where there are such. */
static NOINLINE long helper(long n)
{
	total += n;
	return n * 2;
}

NOINLINE long value(long n)
{
	return helper(n) + 1;
}

NOINLINE long twice(long n)
{
	return value(n) + helper(1);
}

NOINLINE long recursive(long n)
{
	return n ? n + recursive(n - 1) : 0;
}

/* Data of the object, which the patch reaches from afar. */
NOINLINE long sum(long n)
{
	total = n;
	helper(1);
	return total;
}

NOINLINE int words(char *buf, size_t size, double a, long b)
{
	return snprintf(buf, size, "%g,%ld", a, b);
}

NOINLINE long hold(long n)
{
	char line[64];

	printf("held\n");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 0;
	return helper(n) + 1;
}

long (*volatile pointer)(long) = value;

/* Takes [lo, hi) but for what is in use there and, once, a hole in the midst of a large gap. */
static void fill_gap(uintptr_t lo, uintptr_t hi, bool *hole)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), mid = lo + (hi - lo) / 2 / page * page;

	if (lo >= hi)
		return;
	if (!*hole && hi - lo > 16 * page) {
		*hole = true;
		hole_at = mid;
		fill_gap(lo, mid, hole);
		fill_gap(mid + 3 * page, hi, hole);
		return;
	}
	if (mmap((void *)lo, hi - lo, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) != (void *)lo)
		perror("mmap");
}

static int crowd(bool hole)
{
	uintptr_t lo = (uintptr_t)__executable_start, hi = (uintptr_t)_end, at, top;
	static char text[65536];
	FILE *f = fopen("/proc/self/maps", "r");
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	bool done = !hole;

	fclose(f);
	text[n] = '\0';
	at = lo > REACH + 2 * MARGIN ? lo - REACH - MARGIN : 65536;
	top = hi + REACH + MARGIN > hi ? hi + REACH + MARGIN : (uintptr_t)-MARGIN;
	for (char *s = text; *s && at < top; s = strchr(s, '\n') + 1) {
		uintptr_t from = (uintptr_t)strtoull(s, &s, 16), to = (uintptr_t)strtoull(s + 1, &s, 16);

		if (from > at)
			fill_gap(at, from < top ? from : top, &done);
		if (to > at)
			at = to;
	}
	fill_gap(at, top, &done);
	return done;
}

/* As if a tool had died when it had mapped its island, and nothing else yet, where alone there is room. */
static int leave(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = memfd_create("suture:fix", 0);

	return fd >= 0 && !ftruncate(fd, (off_t)(5 * page)) &&
	       mmap((void *)(hole_at + page), page, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED_NOREPLACE,
		    fd, (off_t)(4 * page)) == (void *)(hole_at + page);
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	char buf[64];

	if (IS("crowd"))
		printf("%d", crowd(true));
	if (IS("full"))
		printf("%d", crowd(false));
	if (IS("leave"))
		printf("%d", leave());
	if (IS("value"))
		printf("%ld", value(n));
	if (IS("pointer"))
		printf("%ld", pointer(n));
	if (IS("twice"))
		printf("%ld", twice(n));
	if (IS("recursive"))
		printf("%ld", recursive(n));
	if (IS("sum"))
		printf("%ld", sum(n));
	if (IS("hold"))
		printf("%ld", hold(n));
	if (IS("words")) {
		words(buf, sizeof(buf), 1.5, n);
		printf("%s", buf);
	}
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
