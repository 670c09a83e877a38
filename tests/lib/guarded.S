/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The start of an arm64 program whose pages are guarded. Debian 12's own start files have no landing pads,
 * so a program that is to be marked as having them everywhere cannot be linked with those.
 */
	.arch	armv8.5-a
	.text
	.globl	_start
	.type	_start, %function
_start:
	.cfi_startproc
	.cfi_undefined x30
	bti	c
	mov	x29, #0
	mov	x30, #0
	mov	x5, x0				/* what the dynamic linker runs at the end */
	ldr	x1, [sp]			/* argc */
	add	x2, sp, #8			/* argv */
	mov	x6, sp
	adrp	x0, :got:main
	ldr	x0, [x0, :got_lo12:main]
	mov	x3, #0
	mov	x4, #0
	bl	__libc_start_main
	bl	abort
	.cfi_endproc
	.size	_start, . - _start
	.section .note.GNU-stack, "", %progbits
