// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions of each kind of entry that -mbranch-protection=standard makes, in pages that an indirect branch
 * may enter at landing pads alone; and stacks full of signed return addresses.
 */
#include "talk.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <ucontext.h>

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

#ifdef __aarch64__
enum { PACIASP = 0xd503233f };

/*
 * Ready for a call of a function of two arguments, but for the jump to it: until a signal takes it away. It
 * returns what the function does.
 */
long ready(long a, long b);
asm(".text\n.globl ready\n.type ready, %function\nready:\n.cfi_startproc\n"
    "hint #34\n"		/* bti c */
    "stp x29, x30, [sp, #-16]!\n"
    ".cfi_def_cfa_offset 16\n.cfi_offset 29, -16\n.cfi_offset 30, -8\n"
    "mov x29, sp\n"
    "adr x30, 2f\n"
    "1: b 1b\n"
    "2: ldp x29, x30, [sp], #16\n"
    ".cfi_restore 29\n.cfi_restore 30\n.cfi_def_cfa_offset 0\n"
    "ret\n.cfi_endproc\n.size ready, .-ready\n");

static uint64_t sign(uint64_t addr, uint64_t sp)
{
	register uint64_t x17 asm("x17") = addr;
	register uint64_t x16 asm("x16") = sp;

	asm("hint #8" : "+r"(x17) : "r"(x16));	/* pacia1716: as paciasp, for any two registers */
	return x17;
}

/* The thread stands behind the first instruction of framed(), having done what that does. */
static void to_second(int sig, siginfo_t *info, void *context)
{
	mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;

	m->pc = (uint64_t)framed + 4;
	if (*(volatile uint32_t *)framed == PACIASP)
		m->regs[30] = sign(m->regs[30], m->sp);
	held = 1;
	while (!go)
		usleep(1000);
}

static void *stander(void *arg)
{
	return (void *)ready((long)pointers[0], (long)arg);
}

static void stand(pthread_t *t, long n)
{
	struct sigaction sa = {.sa_sigaction = to_second, .sa_flags = SA_SIGINFO};

	sigaction(SIGUSR1, &sa, NULL);
	go = held = 0;
	pthread_create(t, NULL, stander, (void *)n);
	usleep(300000);		/* it has come to its spin */
	pthread_kill(*t, SIGUSR1);
	while (!held)
		usleep(1000);
}
#endif

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
#ifdef __aarch64__
	if (IS("stand")) {
		stand(&t, n);
		printf("stands");
	}
	if (IS("step")) {
		void *r;

		go = 1;
		pthread_join(t, &r);
		held = 0;
		printf("%ld", (long)r);
	}
#endif
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
