// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "talk.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif

NOINLINE long value(long n)
{
	return n * 3 + 1;
}

#ifdef SYS_mmap2
#define MAPPING SYS_mmap2
#else
#define MAPPING SYS_mmap
#endif

/* Allows everything but one call, for which it does @action. */
static int filter(long nr, unsigned int action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {4, code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	long r = 0;

	if (IS("value"))
		r = value(n);
	if (IS("harmless"))
		r = filter(SYS_reboot, SECCOMP_RET_KILL_PROCESS);
	if (IS("nommap"))
		r = filter(MAPPING, SECCOMP_RET_KILL_PROCESS);
	if (IS("nommap-error"))
		r = filter(MAPPING, SECCOMP_RET_ERRNO | EPERM);
	if (IS("mdwe")) {
		r = prctl(PR_SET_MDWE, 1, 0, 0, 0);
		r = r && errno == EINVAL ? 0 : r; /* a kernel that has it not */
	}
	printf("%ld", r);
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}
