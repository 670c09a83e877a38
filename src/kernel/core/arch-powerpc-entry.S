/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a function is redirected whose caller will not restore r2: see arch-powerpc.c. r12 holds the new
 * function, lr the caller's return address; r0, r11 and ctr are free at a function's entry and after it.
 * Each entry has the TOC that it puts back behind it, written when it is given to a module.
 */
	.text
	.balign	64
	.globl	suture_ppc_entries
suture_ppc_entries:
	.rept	32
	mflr	0
	std	0, 24(1)
	mtctr	12
	bctrl
	bcl	20, 31, 1f
1:	mflr	11
	ld	2, 2f - 1b(11)
	ld	0, 24(1)
	std	2, 24(1)
	mtlr	0
	blr
	trap
2:	.8byte	0
	.8byte	0
	.endr
	.size	suture_ppc_entries, . - suture_ppc_entries

	.section .note.GNU-stack, "", @progbits
