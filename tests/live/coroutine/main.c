// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <ucontext.h>

static ucontext_t here, there;
static char stack[65536];
static long result;

/* Leaves its stack in the middle; the frame of value() stays on it. */
NOINLINE void suspend(void)
{
	swapcontext(&there, &here);
}

NOINLINE long value(long n)
{
	suspend();
	return n * 3 + 1;
}

static void body(void)
{
	result = value(1);
	swapcontext(&there, &here);
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("begin")) {
		getcontext(&there);
		there.uc_stack.ss_sp = stack;
		there.uc_stack.ss_size = sizeof(stack);
		makecontext(&there, body, 0);
		swapcontext(&here, &there);
		printf("suspended");
	}
	if (IS("resume")) {
		swapcontext(&here, &there);
		printf("%ld", result);
		/* What was there is stale now, and must not be taken for a frame for ever. */
		memset(stack, 0, sizeof(stack));
	}
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
