// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A thread that is behind the first instruction of a redirect, and stays there: a signal has interrupted it.
 */
#include "talk.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <ucontext.h>

static volatile long held, go;

NOINLINE long leaf(long n)
{
	return n * 3 + 1;
}

long (*volatile pointer)(long) = leaf;

/* What is redirected. It has a frame, of which it says so right behind its first instructions. */
NOINLINE long framed(long (*f)(long), long n)
{
	return f(n) * 2 + 1;
}

#ifdef __riscv
enum { AUIPC_T1 = 0x317, T1 = 6 };
/* Where it is, for code that has to stay what it is: with the address itself in it, it would be part of the patch. */
static long (*volatile entry)(long (*f)(long), long n) = framed;

/*
 * Ready for a call of a function of two arguments, but for the jump to it: until a signal takes it away. It
 * returns what the function does. All of its frame that it does not need are return addresses into
 * the_end(), where a stack begins, as metadata has it: who reckons with a frame of the function where there is none
 * finds one of those, and no caller.
 */
long ready(long (*f)(long), long n);
asm(".text\n.globl the_end\n.type the_end, %function\nthe_end:\n.cfi_startproc\n.cfi_undefined ra\n"
    "nop\nnop\nret\n.cfi_endproc\n.size the_end, .-the_end\n"
    ".globl ready\n.type ready, %function\nready:\n.cfi_startproc\n"
    "addi sp, sp, -128\n.cfi_def_cfa_offset 128\n"
    "sd ra, 120(sp)\n.cfi_offset ra, -8\n"
    "lla t0, the_end+4\n"
    ".irp at, 0,8,16,24,32,40,48,56,64,72,80,88,96,104,112\nsd t0, \\at(sp)\n.endr\n"
    "lla ra, 2f\n"
    "1: j 1b\n"
    "2: ld ra, 120(sp)\n.cfi_restore ra\n"
    "addi sp, sp, 128\n.cfi_def_cfa_offset 0\n"
    "ret\n.cfi_endproc\n.size ready, .-ready\n");

/* The thread stands behind the first instruction of framed(), where that is a redirect, having done what it does. */
static void to_second(int sig, siginfo_t *info, void *context)
{
	unsigned long *r = (unsigned long *)((ucontext_t *)context)->uc_mcontext.__gregs;
	int32_t first;

	r[0] = (uintptr_t)entry;
	memcpy(&first, (void *)r[0], sizeof(first));
	if ((first & 0xfff) == AUIPC_T1) {
		r[T1] = r[0] + (unsigned long)(long)(first & ~0xfff);
		r[0] += 4;
		held = 2;
	} else {
		held = 1;
	}
	while (!go)
		usleep(1000);
}
#else
static long ready(long (*f)(long), long n)
{
	return framed(f, n);
}

static void to_second(int sig, siginfo_t *info, void *context)
{
	held = 1;
}
#endif

NOINLINE long outer(long n)
{
	return ready(pointer, n) + 100;
}

static void *stander(void *arg)
{
	return (void *)outer((long)arg);
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	static pthread_t t;
	void *r;

	if (IS("framed"))
		printf("%ld", framed(pointer, n));
	if (IS("stand")) {
		struct sigaction sa = {.sa_sigaction = to_second, .sa_flags = SA_SIGINFO};

		sigaction(SIGUSR1, &sa, NULL);
		go = held = 0;
		pthread_create(&t, NULL, stander, (void *)n);
		usleep(300000);		/* it has come to its spin */
		pthread_kill(t, SIGUSR1);
		while (!held)
			usleep(1000);
		printf(held == 2 ? "between" : "before");
	}
	if (IS("step")) {
		go = 1;
		pthread_join(t, &r);
		printf("%ld", (long)r);
	}
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
