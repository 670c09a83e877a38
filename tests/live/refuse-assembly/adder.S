// SPDX-License-Identifier: GPL-2.0-or-later
#if defined(__x86_64__)
	.text
	.globl in_assembly
	.type in_assembly, @function
in_assembly:
	lea 1(%rdi), %rax
	ret
	.size in_assembly, .-in_assembly
	.section .note.GNU-stack,"",@progbits
#endif
