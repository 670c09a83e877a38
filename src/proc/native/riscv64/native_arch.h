/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUTURE_PROC_NATIVE_RISCV64_H
#define SUTURE_PROC_NATIVE_RISCV64_H

#include <stdbool.h>
#include <stdint.h>

#define NATIVE_USER_TOP 0x800000000000ULL /* 2^47: more is only for who asks; kernels with fewer bits refuse */

/* A number that no system call has, and the numbers that filters are asked about where a call is skipped. */
#define NATIVE_NO_CALL 0xffff
#define NATIVE_NO_CALLS {NATIVE_NO_CALL}

enum { RV_PC = 0, RV_RA = 1, RV_SP = 2, RV_TP = 4, RV_A0 = 10, RV_A7 = 17 };

struct native_regs {
	uint64_t x[32];		/* as PTRACE_GETREGSET NT_PRSTATUS gives them: x0 is the pc */
	uint64_t arg0;		/* at the entry stop of a signal return: what a0 was */
	bool asked, rest;	/* is there a rest of a call that the kernel would continue? */
};

#endif
