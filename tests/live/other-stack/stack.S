/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * on_stack(f, top) calls f with top as its stack pointer. It has no unwind information, on purpose;
 * on_described_stack() has, and it says that a stack begins here.
 */
.macro	entry	name
	.globl	\name
	.type	\name, %function
\name:
.endm

#if defined(__x86_64__)
#define RETURN rip
.macro	body
	push	%rbx
	mov	%rsp, %rbx
	mov	%rsi, %rsp
	call	*%rdi
	mov	%rbx, %rsp
	pop	%rbx
	ret
.endm
#elif defined(__aarch64__)
#define RETURN x30
.macro	body
	hint	#34			/* bti c: they are called by pointer, in guarded pages, too */
	stp	x29, x30, [sp, #-32]!
	str	x19, [sp, #16]
	mov	x19, sp
	mov	sp, x1
	blr	x0
	mov	sp, x19
	ldr	x19, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret
.endm
#elif defined(__arm__)
#define RETURN lr
.macro	body
	push	{r4, lr}
	mov	r4, sp
	mov	sp, r1
	blx	r0
	mov	sp, r4
	pop	{r4, pc}
.endm
#elif defined(__powerpc64__)
#define RETURN lr
.macro	body
	mflr	0
	std	0, 16(1)
	std	31, -8(1)
	std	2, 24(1)
	stdu	1, -64(1)
	mr	31, 1
	li	0, 0
	stdu	0, -64(4)
	mr	1, 4
	mr	12, 3
	mtctr	12
	bctrl
	mr	1, 31
	addi	1, 1, 64
	ld	2, 24(1)
	ld	31, -8(1)
	ld	0, 16(1)
	mtlr	0
	blr
.endm
#elif defined(__riscv)
#define RETURN ra
.macro	body
	addi	sp, sp, -16
	sd	ra, 8(sp)
	sd	s0, 0(sp)
	mv	s0, sp
	mv	sp, a1
	jalr	a0
	mv	sp, s0
	ld	s0, 0(sp)
	ld	ra, 8(sp)
	addi	sp, sp, 16
	ret
.endm
#endif

	.text
#ifdef __arm__
	.arm
#endif
	entry	on_stack
	body
	.size	on_stack, . - on_stack
	entry	on_described_stack
	.cfi_startproc
	.cfi_undefined RETURN
	body
	.cfi_endproc
	.size	on_described_stack, . - on_described_stack
	.section .note.GNU-stack, "", %progbits
