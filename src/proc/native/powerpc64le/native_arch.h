/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUTURE_PROC_NATIVE_POWERPC64LE_H
#define SUTURE_PROC_NATIVE_POWERPC64LE_H

#include <stdint.h>

/* As PTRACE_GETREGSET NT_PRSTATUS gives them: struct pt_regs of uapi asm/ptrace.h. */
struct native_regs {
	uint64_t gpr[32], nip, msr, orig_gpr3, ctr, link, xer, ccr, softe, trap, dar, dsisr, result;
};

/* Above this the kernel maps nothing that is not asked for there. */
#define NATIVE_USER_TOP 0x800000000000ULL

/* The number that filters are asked about where a call is skipped. */
#define NATIVE_NO_CALLS {-1}

#endif
