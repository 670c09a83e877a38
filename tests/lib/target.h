/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process to be stopped, diverted and let go, that notices any harm: its threads check their
 * registers, vectors, signals and system calls, and count what goes wrong in shared memory.
 */
#ifndef SUTURE_TESTS_TARGET_H
#define SUTURE_TESTS_TARGET_H

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct target_shared {
	volatile uint64_t beat[64];	/* progress of each thread */
	volatile uint64_t bad_regs, bad_eintr, bad_mask, bad_result, bad_time;
	volatile uint64_t signals, born;
	volatile int ready;
	volatile int mark;	/* for what a test wants to be told by its children */
};

static struct target_shared *tgt;

static void tgt_on_signal(int sig)
{
	__atomic_add_fetch(&tgt->signals, 1, __ATOMIC_RELAXED);
}

static void tgt_block_all(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
}

/* Keeps @in in vector registers and @seed in general ones for a while, then stores what is there. */
static void tgt_hold(const uint64_t in[8], uint64_t out[8], uint64_t seed, uint64_t *g1, uint64_t *g2)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2"))
		__asm__ volatile("vmovdqu (%[in]), %%ymm3; vmovdqu 32(%[in]), %%ymm14\n\t"
				 "mov %[s], %%r12; lea 7(%[s]), %%r9\n\t"
				 "mov $3000, %%ecx; 1: dec %%ecx; jnz 1b\n\t"
				 "vmovdqu %%ymm3, (%[out]); vmovdqu %%ymm14, 32(%[out])\n\t"
				 "mov %%r12, %[g1]; mov %%r9, %[g2]"
				 : [g1] "=&r"(*g1), [g2] "=&r"(*g2)
				 : [in] "r"(in), [out] "r"(out), [s] "r"(seed)
				 : "rcx", "r12", "r9", "xmm3", "xmm14", "memory", "cc");
	else
		__asm__ volatile("movdqu (%[in]), %%xmm3; movdqu 16(%[in]), %%xmm14\n\t"
				 "movdqu 32(%[in]), %%xmm5; movdqu 48(%[in]), %%xmm6\n\t"
				 "mov %[s], %%r12; lea 7(%[s]), %%r9\n\t"
				 "mov $3000, %%ecx; 1: dec %%ecx; jnz 1b\n\t"
				 "movdqu %%xmm3, (%[out]); movdqu %%xmm14, 16(%[out])\n\t"
				 "movdqu %%xmm5, 32(%[out]); movdqu %%xmm6, 48(%[out])\n\t"
				 "mov %%r12, %[g1]; mov %%r9, %[g2]"
				 : [g1] "=&r"(*g1), [g2] "=&r"(*g2)
				 : [in] "r"(in), [out] "r"(out), [s] "r"(seed)
				 : "rcx", "r12", "r9", "xmm3", "xmm5", "xmm6", "xmm14",
				   "memory", "cc");
#elif defined(__aarch64__)
	__asm__ volatile("ldp q3, q14, [%[in]]; ldp q15, q31, [%[in], #32]\n\t"
			 "mov x21, %[s]; add x16, %[s], #7\n\t"
			 "mov w3, #3000; 1: subs w3, w3, #1; b.ne 1b\n\t"
			 "stp q3, q14, [%[out]]; stp q15, q31, [%[out], #32]\n\t"
			 "mov %[g1], x21; mov %[g2], x16"
			 : [g1] "=&r"(*g1), [g2] "=&r"(*g2)
			 : [in] "r"(in), [out] "r"(out), [s] "r"(seed)
			 : "x3", "x16", "x21", "v3", "v14", "v15", "v31", "memory", "cc");
#elif defined(__arm__)
	uint64_t pair[2] = {seed};

	__asm__ volatile("vldmia %[in], {d4-d11}; ldrd r8, r9, [%[p]]\n\t"
			 "movw r3, #3000; 1: subs r3, r3, #1; bne 1b\n\t"
			 "vstmia %[out], {d4-d11}; strd r8, r9, [%[p], #8]"
			 :
			 : [in] "r"(in), [out] "r"(out), [p] "r"(pair)
			 : "r3", "r8", "r9", "d4", "d5", "d6", "d7", "d8", "d9", "d10", "d11", "memory",
			   "cc");
	*g1 = pair[1];
	*g2 = pair[1] + 7;
#elif defined(__powerpc64__)
	__asm__ volatile("lxvd2x 5, 0, %[in]; lxvd2x 20, %[a], %[in]\n\t"
			 "lxvd2x 35, %[b], %[in]; lxvd2x 52, %[c], %[in]\n\t"
			 "mr 14, %[s]; addi 11, %[s], 7\n\t"
			 "li 12, 3000; mtctr 12; 1: bdnz 1b\n\t"
			 "stxvd2x 5, 0, %[out]; stxvd2x 20, %[a], %[out]\n\t"
			 "stxvd2x 35, %[b], %[out]; stxvd2x 52, %[c], %[out]\n\t"
			 "mr %[g1], 14; mr %[g2], 11"
			 : [g1] "=&b"(*g1), [g2] "=&b"(*g2)
			 : [in] "b"(in), [out] "b"(out), [s] "b"(seed), [a] "b"(16L), [b] "b"(32L),
			   [c] "b"(48L)
			 : "r11", "r12", "r14", "ctr", "fr5", "fr20", "v3", "v20", "memory", "cc");
#elif defined(__riscv)
	__asm__ volatile("fld fs0, 0(%[in]); fld fs11, 8(%[in]); fld ft0, 16(%[in]); fld ft11, 24(%[in])\n\t"
			 "fld fa0, 32(%[in]); fld fa7, 40(%[in]); fld fs5, 48(%[in]); fld ft5, 56(%[in])\n\t"
			 "mv s7, %[s]; addi t5, %[s], 7\n\t"
			 "li t1, 3000; 1: addi t1, t1, -1; bnez t1, 1b\n\t"
			 "fsd fs0, 0(%[out]); fsd fs11, 8(%[out]); fsd ft0, 16(%[out]); fsd ft11, 24(%[out])\n\t"
			 "fsd fa0, 32(%[out]); fsd fa7, 40(%[out]); fsd fs5, 48(%[out]); fsd ft5, 56(%[out])\n\t"
			 "mv %[g1], s7; mv %[g2], t5"
			 : [g1] "=&r"(*g1), [g2] "=&r"(*g2)
			 : [in] "r"(in), [out] "r"(out), [s] "r"(seed)
			 : "t1", "t5", "s7", "fs0", "fs11", "ft0", "ft11", "fa0", "fa7", "fs5", "ft5", "memory");
#else
#error "PORT: registers that are held while a thread is stopped and diverted"
#endif
}

/* Code of one section: whichever instruction such a thread is at, it is inside of it. */
#define TGT_THREAD __attribute__((noinline, section("tgt_threads")))

/* General and vector registers must survive a stop at any instruction; a timer signal too. */
TGT_THREAD static void *tgt_compute(void *arg)
{
	uint64_t id = (uintptr_t)arg, round = 0;
	struct sigevent ev = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
	struct itimerspec its = {{0, 700000}, {0, 700000}};
	sigset_t only, now;
	timer_t timer;

	ev._sigev_un._tid = gettid();
	sigfillset(&only);
	sigdelset(&only, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &only, NULL);
	timer_create(CLOCK_MONOTONIC, &ev, &timer);
	timer_settime(timer, 0, &its, NULL);
	for (;;) {
		uint64_t in[8], out[8], g1, g2, seed = ++round * 0x9e3779b97f4a7c15ULL + id;

		for (int i = 0; i < 8; i++)
			in[i] = seed ^ (uint64_t)i << 56;
		tgt_hold(in, out, seed, &g1, &g2);
		if (memcmp(in, out, sizeof(in)) || g1 != seed || g2 != seed + 7)
			tgt->bad_regs++;
		pthread_sigmask(SIG_SETMASK, NULL, &now);
		if (sigismember(&now, SIGUSR1) || !sigismember(&now, SIGUSR2))
			tgt->bad_mask++;
		tgt->beat[id]++;
	}
	return NULL;
}

/* No signal can reach this thread, so no call of it may ever answer EINTR. */
TGT_THREAD static void *tgt_wait(void *arg)
{
	uint64_t id = (uintptr_t)arg;
	int ep = epoll_create1(0), ev = eventfd(0, 0), word = 0;
	struct epoll_event e = {.events = EPOLLIN};
	sigset_t usr2, now;
	siginfo_t info;

	tgt_block_all();
	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e);
	for (uint64_t k = 0;; k++) {
		struct timespec ts = {0, 3000000}, t0, t1;
		int64_t ns;
		long r;

		clock_gettime(CLOCK_MONOTONIC, &t0);
		errno = 0;
		switch ((id + k) % 4) {
		case 0: r = epoll_wait(ep, &e, 1, 3); break;
		case 1: r = nanosleep(&ts, NULL); break;
		case 2:
			r = syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &ts, NULL, 0);
			r = r == -1 && errno == ETIMEDOUT ? 0 : r;
			break;
		default:
			r = sigtimedwait(&usr2, &info, &ts);
			r = r == -1 && errno == EAGAIN ? 0 : r;
		}
		clock_gettime(CLOCK_MONOTONIC, &t1);
		ns = (t1.tv_sec - t0.tv_sec) * 1000000000LL + t1.tv_nsec - t0.tv_nsec;
		if (r == -1 && errno == EINTR)
			tgt->bad_eintr++;
		else if (r != 0)
			tgt->bad_result++;
		else if (ns < 2900000)
			tgt->bad_time++;
		/* A call of somebody else's with this thread's arguments would have closed it. */
		if (fcntl(0, F_GETFD) < 0)
			tgt->bad_result++;
		pthread_sigmask(SIG_SETMASK, NULL, &now);
		if (!sigismember(&now, SIGUSR1))
			tgt->bad_mask++;
		tgt->beat[id]++;
	}
	return NULL;
}

static void *tgt_newborn(void *arg)
{
	return arg;
}

TGT_THREAD static void *tgt_spawn(void *arg)
{
	uint64_t id = (uintptr_t)arg;
	pthread_t t;
	void *ret;

	tgt_block_all();
	for (uint64_t k = 0;; k++) {
		if (pthread_create(&t, NULL, tgt_newborn, (void *)(uintptr_t)k) || pthread_join(t, &ret) ||
		    ret != (void *)(uintptr_t)k)
			tgt->bad_result++;
		tgt->born++;
		tgt->beat[id]++;
		usleep(200);
	}
	return NULL;
}

/* Functions to be called in the target. An address is what they are for. */
__attribute__((unused, noinline)) static uintptr_t tgt_answer(uintptr_t n)
{
	return (uintptr_t)tgt + n;
}

/* Faults. */
__attribute__((unused, noinline)) static uintptr_t tgt_faults(uintptr_t at)
{
	return *(volatile uintptr_t *)at;
}

/* Makes a system call, which fails either by its own word or because the kernel was told not to make it. */
__attribute__((unused, noinline)) static uintptr_t tgt_calls(uintptr_t fd)
{
	int was = errno;

	if (close((int)fd) != -1 || (errno != EBADF && errno != ENOSYS))
		tgt->bad_result++;
	errno = was;
	return (uintptr_t)tgt;
}

/* Starts the target: @n threads of which one computes and one spawns. Dies with the caller. */
__attribute__((unused)) static pid_t tgt_start(int n)
{
	pid_t pid, parent = getpid();

	tgt = mmap(NULL, sizeof(*tgt), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid = fork();
	if (pid)  {
		while (!tgt->ready)
			usleep(1000);
		usleep(20000);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	signal(SIGUSR1, tgt_on_signal);
	for (uint64_t i = 1; i < (uint64_t)n; i++) {
		pthread_t t;

		pthread_create(&t, NULL, i == 1 ? tgt_compute : i == 2 ? tgt_spawn : tgt_wait,
			       (void *)(uintptr_t)i);
	}
	tgt->ready = 1;
	tgt_wait((void *)0);
	_exit(0);
}

__attribute__((unused)) static uint64_t tgt_bad(void)
{
	return tgt->bad_regs + tgt->bad_eintr + tgt->bad_mask + tgt->bad_result + tgt->bad_time;
}

/* The same without calls that were interrupted or short: a tool that was killed cannot make up for those. */
__attribute__((unused)) static uint64_t tgt_broken(void)
{
	return tgt->bad_regs + tgt->bad_mask + tgt->bad_result;
}

/* True where every thread makes progress within ten seconds, which an emulated machine may need. */
__attribute__((unused)) static bool tgt_alive(pid_t pid, int n)
{
	uint64_t was[64];
	bool all = false;

	memcpy(was, (void *)tgt->beat, sizeof(was));
	for (int k = 0; k < 2000 && !all; k++) {
		usleep(5000);
		all = true;
		for (int i = 0; i < n; i++)
			all &= tgt->beat[i] > was[i];
	}
	return all && waitpid(pid, NULL, WNOHANG) == 0;
}

#endif
