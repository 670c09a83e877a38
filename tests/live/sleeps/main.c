// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Waits for a given time in each of the calls that a stop may shorten, lengthen or end with EINTR. The only
 * thread waits, so it is the one that makes the system calls of an apply.
 */
#include "talk.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>

NOINLINE int hello(int n)
{
	return n + 1;
}

/* The call itself; on 32-bit arm also whether it leaves its number where it was. */
static long nap(struct timespec *ts)
{
#ifdef __arm__
	register long r0 __asm__("r0") = (long)ts;
	register long r1 __asm__("r1") = 0;
	long nr;

	__asm__ volatile("push {r7}\n\tmov r7, #162\n\tsvc #0\n\tmov %1, r7\n\tpop {r7}"
			 : "+r"(r0), "=&r"(nr) : "r"(r1) : "memory");
	return nr == SYS_nanosleep ? r0 : -1000 - nr;
#else
	return syscall(SYS_nanosleep, ts, NULL) ? -errno : 0;
#endif
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	struct timespec ts = {n / 1000, n % 1000 * 1000000}, a, b;
	struct epoll_event ev;
	int word32 = 1;
	long res = 0, ms;

	if (IS("hello")) {
		printf("%d", hello((int)n));
		return true;
	}
	clock_gettime(CLOCK_MONOTONIC, &a);
	if (IS("nanosleep"))
		res = nap(&ts);
	else if (IS("clock_nanosleep"))
		res = clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
	else if (IS("poll"))
		res = poll(NULL, 0, (int)n);
	else if (IS("futex"))
		res = syscall(SYS_futex, &word32, FUTEX_WAIT, 1, &ts, NULL, 0) && errno == ETIMEDOUT ? 0 : errno;
	else if (IS("epoll"))
		res = epoll_wait(epoll_create1(0), &ev, 1, (int)n);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
	if (res || ms < n - 2 || (m && ms > n + m))
		printf("result %ld after %ld ms", res, ms);
	else
		printf("well");
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
