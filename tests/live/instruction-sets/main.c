// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Both instruction sets of 32-bit arm in one program. Calls between them change the set on the way (blx);
 * jumps cannot, and go through a detour of the linker's, as do branches that are too long.
 */
#include "sets.h"
#include "talk.h"

#include <time.h>

#define TURNS_A32 THUMB
#define TURNS_THUMB A32

A32 long a32_leaf(long n)
{
	return n + 1;
}

THUMB long thumb_leaf(long n)
{
	return n + 2;
}

/* Neither of these changes, nor where they branch to. */
THUMB long thumb_calls(long n)
{
	return a32_leaf(n) * 10 + 1;
}

A32 long a32_calls(long n)
{
	return thumb_leaf(n) * 10 + 2;
}

THUMB long thumb_jumps(long n)
{
	return a32_leaf(n + 100);
}

A32 long a32_jumps(long n)
{
	return thumb_leaf(n + 100);
}

/* These change, and branch to what does not change. */
A32 long a32_still(long n)
{
	return n * 7;
}

THUMB long thumb_still(long n)
{
	return n * 9;
}

THUMB long thumb_uses(long n)
{
	return a32_still(n) + 1;
}

A32 long a32_uses(long n)
{
	return thumb_still(n) + 1;
}

/* These are of the other set afterwards. */
TURNS_A32 long turns_a32(long n)
{
	return thumb_still(n) + 3;
}

TURNS_THUMB long turns_thumb(long n)
{
	return a32_still(n) + 3;
}

THUMB long calls_far(long n)
{
	return far_leaf(n) * 10 + 3;
}

static long (*volatile table[])(long) = {a32_leaf, thumb_leaf, turns_a32, turns_thumb, far_leaf};

/* Conditions that are part of the thread's state between two instructions. @n milliseconds of them. */
THUMB const char *conditions(long n)
{
	struct timespec a, b;
	long bad = 0;

	clock_gettime(CLOCK_MONOTONIC, &a);
	do {
		for (long i = 0; i < 1000; i++) {
			long yes = 0, no = 0;

			__asm__ volatile(".rept 50\n\t"
					 "cmp %2, #500\n\t"
					 "itete lt\n\t"
					 "addlt %0, %0, #1\n\t"
					 "addge %1, %1, #1\n\t"
					 "addlt %0, %0, #1\n\t"
					 "addge %1, %1, #1\n\t"
					 ".endr"
					 : "+r"(yes), "+r"(no) : "r"(i) : "cc");
			bad += yes != (i < 500 ? 100 : 0) || no != (i < 500 ? 0 : 100);
		}
		clock_gettime(CLOCK_MONOTONIC, &b);
	} while ((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 < n);
	return bad ? "bad" : "good";
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("leaves"))
		printf("%ld %ld", a32_leaf(n), thumb_leaf(n));
	if (IS("calls"))
		printf("%ld %ld", thumb_calls(n), a32_calls(n));
	if (IS("jumps"))
		printf("%ld %ld", thumb_jumps(n), a32_jumps(n));
	if (IS("uses"))
		printf("%ld %ld", thumb_uses(n), a32_uses(n));
	if (IS("turns"))
		printf("%ld %ld", turns_a32(n), turns_thumb(n));
	if (IS("far"))
		printf("%ld %ld", calls_far(n), far_calls(n));
	if (IS("pointers"))
		printf("%ld %ld %ld %ld %ld", table[0](n), table[1](n), table[2](n), table[3](n), table[4](n));
	if (IS("conditions"))
		printf("%s", conditions(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
