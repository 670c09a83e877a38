// SPDX-License-Identifier: GPL-2.0-or-later
#define ADDEND 1
	.text
	.globl in_assembly
	.type in_assembly, %function
in_assembly:
#if defined(__x86_64__)
	lea ADDEND(%rdi), %rax
	ret
#elif defined(__aarch64__)
	add x0, x0, ADDEND
	ret
#elif defined(__arm__)
	add r0, r0, #ADDEND
	bx lr
#elif defined(__powerpc64__)
	addi 3, 3, ADDEND
	blr
#elif defined(__riscv)
	addi a0, a0, ADDEND
	ret
#endif
	.size in_assembly, .-in_assembly
	.section .note.GNU-stack,"",%progbits
