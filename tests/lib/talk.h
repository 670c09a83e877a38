/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program that a live test talks to: one command a line on standard input, one line of answer on
 * standard output. The program defines talk(), which prints its answer without a newline; "hold" like
 * commands that answer later print nothing and return false.
 */
#ifndef SUTURE_TESTS_TALK_H
#define SUTURE_TESTS_TALK_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __clang__
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noinline, noclone))
#endif
#define IS(w) (!strcmp(word, w))

/* @n, @m: the numbers behind the word, 0 where there are none. Not inlined, as its caller never ends. */
static NOINLINE bool talk(const char *word, long n, long m);

/*
 * Old frames below this one are blank afterwards. What they leave lies in the holes of later frames, where a
 * scan, which decides where there is no unwind information, rightly takes it for a return address.
 */
#ifdef TALK_LEAVES_FRAMES
#define BLANK() ((void)0)	/* for a program that says what is where in its text */
#else
#define BLANK() (blank_below())
static NOINLINE void blank(void)
{
	volatile long below[16384 / sizeof(long)];

	for (size_t i = 0; i < sizeof(below) / sizeof(*below); i++)
		below[i] = 0;
}
/* Called as what nothing is known of, so that the compiler counts on as few registers around it as before. */
static void (*volatile blank_below)(void) = blank;
#endif

static void talk_loop(void)
{
	char line[256], word[64];

	while (BLANK(), fgets(line, sizeof(line), stdin)) {
		long n = 0, m = 0;

		if (sscanf(line, "%63s %ld %ld", word, &n, &m) < 1)
			continue;
		if (!strcmp(word, "ping")) {
			printf("pong\n");
		} else if (talk(word, n, m)) {
			putchar('\n');
		}
		fflush(stdout);
	}
}

#endif
