/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUTURE_PROC_NATIVE_X86_64_H
#define SUTURE_PROC_NATIVE_X86_64_H

#include <limits.h>
#include <sys/user.h>

#define NATIVE_USER_TOP 0x7ffffffff000ULL	/* end of user addresses: the last page below 2^47 is never mapped */

/*
 * Numbers that filters are asked about where a call is skipped: -1, and any half of an address should we die
 * before that (call.c). Filters tell these by the bit of the x32 ABI and by the sign, if at all.
 */
#define NATIVE_NO_CALLS {-1, 0x3fffffff, 0x40000000, 0x7fffffff, INT_MIN, INT_MIN + 1, -4096}

struct native_regs {
	struct user_regs_struct u;	/* as PTRACE_GETREGSET NT_PRSTATUS gives them */
};

#endif
