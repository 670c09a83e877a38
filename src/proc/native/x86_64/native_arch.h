/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUTURE_PROC_NATIVE_X86_64_H
#define SUTURE_PROC_NATIVE_X86_64_H

#include <sys/user.h>

#define NATIVE_USER_TOP 0x7ffffffff000ULL	/* end of user addresses: the last page below 2^47 is never mapped */

struct native_regs {
	struct user_regs_struct u;	/* as PTRACE_GETREGSET NT_PRSTATUS gives them */
};

#endif
