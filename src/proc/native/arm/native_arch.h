/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUTURE_PROC_NATIVE_ARM_H
#define SUTURE_PROC_NATIVE_ARM_H

#include <stdbool.h>
#include <stdint.h>

#define NATIVE_USER_TOP 0xbf000000ULL	/* TASK_SIZE of the usual split; others refuse the mapping */
#define NATIVE_ISA_BITS 1ULL		/* bits of a gadget's address that are none: bit 0 says Thumb */

enum { ARM_SP = 13, ARM_LR = 14, ARM_PC = 15, ARM_CPSR = 16, ARM_ORIG_R0 = 17 };

/* A number that no system call has, and the numbers that filters are asked about where a call is skipped. */
#define NATIVE_NO_CALL 0xffff
#define NATIVE_NO_CALLS {NATIVE_NO_CALL}

struct native_regs {
	uint32_t r[18];		/* as PTRACE_GETREGSET NT_PRSTATUS gives them */
	uint32_t tp;
	bool eintr;		/* the system call in r7 has just come back with EINTR */
	bool asked, rest;	/* native_learn_rest() was called, and found one */
};

#endif
