/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUTURE_PROC_NATIVE_AARCH64_H
#define SUTURE_PROC_NATIVE_AARCH64_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/user.h>

#define NATIVE_USER_TOP 0xffffffff0000ULL	/* end of user addresses: 2^48; kernels with fewer bits refuse */

/* A number that no system call has, and the numbers that filters are asked about where a call is skipped. */
#define NATIVE_NO_CALL 0xffff
#define NATIVE_NO_CALLS {NATIVE_NO_CALL}

struct native_regs {
	struct user_regs_struct u;	/* as PTRACE_GETREGSET NT_PRSTATUS gives them */
	uint64_t tp;			/* NT_ARM_TLS */
	bool asked, rest;		/* is there a rest of a call that the kernel would continue? */
};

#endif
