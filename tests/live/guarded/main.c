// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions of each kind of entry that -mbranch-protection=standard makes, in pages that an indirect branch
 * may enter at landing pads alone; and stacks full of signed return addresses.
 */
#include "talk.h"

#include <pthread.h>

long guard_leaf(long n);
long guard_frame(long (*f)(long), long n);

static volatile long held, go;

/* bti c */
NOINLINE long leaf(long n)
{
	return n * 3 + 1;
}

/* No landing pad: it is only called directly. */
static NOINLINE long unmarked(long n)
{
	return n * 5 + 1;
}

/* The same, and the patch changes it. */
static NOINLINE long unmarked_too(long n)
{
	return n * 9 + 1;
}

/* paciasp in a leaf */
#ifdef __aarch64__
__attribute__((target("branch-protection=pac-ret+leaf+bti")))
#endif
NOINLINE long signs(long n)
{
	return n * 11 + 1;
}

/* paciasp */
NOINLINE long framed(long (*f)(long), long n)
{
	return f(n) * 2 + 1;
}

NOINLINE long deep(long n)
{
	long r;

	if (n == 0) {
		held = 1;
		while (!go)
			usleep(1000);
		return 1;
	}
	r = deep(n - 1);
	return r + 1;
}

NOINLINE long caller(long n)
{
	return unmarked(n) + unmarked_too(n);
}

static void *holder(void *arg)
{
	deep((long)arg);
	return NULL;
}

long (*volatile pointers[])(long) = {leaf, signs, guard_leaf};

static NOINLINE bool talk(const char *word, long n, long m)
{
	static pthread_t t;

	if (IS("pointer"))
		printf("%ld", pointers[m](n));
	if (IS("direct"))
		printf("%ld", leaf(n) + signs(n) + guard_leaf(n));
	if (IS("framed"))
		printf("%ld", framed(pointers[m], n));
	if (IS("guard"))
		printf("%ld", guard_frame(pointers[m], n));
	if (IS("caller"))
		printf("%ld", caller(n));
	if (IS("deep"))
		printf("%ld", deep(n));
	if (IS("hold")) {
		go = 0;
		pthread_create(&t, NULL, holder, (void *)n);
		while (!held)
			usleep(1000);
		printf("held");
	}
	if (IS("go")) {
		go = 1;
		pthread_join(t, NULL);
		held = 0;
		printf("gone");
	}
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
