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

/*
 * The same for a caller that is not known, as a tracer's or a probe's trampoline is in lr: 24(r1) may hold
 * another module's TOC, so nothing may be kept there. Which of the two trampolines it was is all that has to
 * be kept, and that the pc does.
 */
	.balign	128
	.globl	suture_ppc_hooked
suture_ppc_hooked:
	.rept	32
	mflr	0
	bcl	20, 31, 1f
1:	mflr	11
	ld	11, 6f - 1b(11)
	cmpld	0, 11
	mtctr	12
	bne	3f
	bctrl
	bcl	20, 31, 2f
2:	mflr	11
	ld	2, 5f - 2b(11)
	ld	0, 6f - 2b(11)
	mtlr	0
	blr
3:	bctrl
	bcl	20, 31, 4f
4:	mflr	11
	ld	2, 5f - 4b(11)
	ld	0, 7f - 4b(11)
	mtlr	0
	blr
	trap
5:	.8byte	0
6:	.8byte	0
7:	.8byte	0
	.8byte	0, 0
	.endr
	.size	suture_ppc_hooked, . - suture_ppc_hooked

	.section .note.GNU-stack, "", @progbits
