// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * riscv64 as unwinding sees it. DWARF numbers (RISC-V DWARF Specification): 0-31 x0-x31, 32-63 f0-f31, 64 the
 * alternate frame return column, which nothing uses for a call: here it is the pc.
 *
 * Return addresses are in x1 (ra), and in x5 (t0) for the routines of libgcc that save registers, which call
 * nothing. GCC of Debian 12 writes no .eh_frame for C unless asked; newer ones do.
 *
 * The vdso describes its signal trampoline as a function without a frame, so its code is asked instead.
 */
#include "unwind/unwind.h"

#include <string.h>

enum { RA = 1, SP = 2, A0 = 10, PC = 64 };

static uint64_t word(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

#define ECALL 0x00000073
#define LI_A7(nr) ((uint32_t)(nr) << 20 | 0x893)
#define C_RET 0x8082

/* libc's clone, behind the call of the thread function: li a7,93 (exit); ecall */
static bool ends_thread(const uint8_t *code, size_t n)
{
	return n >= 8 && get32(code) == LI_A7(93) && get32(code + 4) == ECALL;
}

/* The vdso's and musl's: li a7,139 (rt_sigreturn); ecall */
static int is_sigreturn(const uint8_t *code, size_t n)
{
	return n >= 8 && get32(code) == LI_A7(139) && get32(code + 4) == ECALL;
}

static bool is_beqz_a0(const uint8_t *c, size_t *ret_len)
{
	*ret_len = (c[0] & 3) == 3 ? 4 : 2;
	return *ret_len == 4 ? (get32(c) & 0x01fff07f) == 0x00050063 : (get16(c) & 0xe383) == 0xc101;
}

/*
 * glibc: ecall; bltz a0,error; beqz a0,child; ret. musl: ecall; beqz a0,child; ret. No metadata is about
 * these, and the parent still has its return address in ra.
 */
static int after_clone(const uint8_t *c, size_t n, const struct unw_regs *regs)
{
	size_t at = 0, len;

	if (n < 12 || !unw_reg_ok(regs, A0))
		return 0;
	if ((get32(c) & 0x01fff07f) == 0x00054063)	/* bltz a0 */
		at = 4;
	if (!is_beqz_a0(c + at, &len))
		return 0;
	at += len;
	if (get16(c + at) != C_RET && get32(c + at) != 0x00008067)
		return 0;
	return regs->r[A0] ? 2 : 1;
}

/*
 * sp points to the siginfo, 128 bytes; then the ucontext: 176 bytes, pc, x1-x31; 516 bytes with floating-point
 * registers, a reserved word, and the first record of what else is there: magic and size, both 0 at the end.
 */
enum { UC = 128, UC_STACK_FLAGS = 24, UC_STACK_SIZE = 32, UC_REGS = 176, UC_RESERVED = UC_REGS + 32 * 8 + 516 };

static int sigframe_offset(int form, unsigned int reg)
{
	if (reg == PC)
		return UC + UC_REGS;
	return reg && reg < 32 ? UC + UC_REGS + 8 * (int)reg : -1;
}

/*
 * The kernel writes no flags and no link. Of the alternate stack it says that there is none (2), or its size.
 * A pc is even, and what is reserved zero.
 */
static bool saved_context(const uint8_t *p, size_t n, uint64_t at, uint64_t *ret_sp,
			  uint64_t *ret_pc)
{
	uint32_t flags;

	if (n < UC_RESERVED + 12 || word(p) || word(p + 8) || word(p + UC_REGS) & 1 || get32(p + UC_RESERVED) ||
	    !get32(p + UC_RESERVED + 4) != !get32(p + UC_RESERVED + 8))
		return false;
	flags = get32(p + UC_STACK_FLAGS) & 0x7fffffff; /* without SS_AUTODISARM */
	if (flags > 2 || (flags == 2) != !word(p + UC_STACK_SIZE))
		return false;
	*ret_sp = word(p + UC_REGS + 8 * SP);
	*ret_pc = word(p + UC_REGS);
	return true;
}

/* c.jalr; jal and jalr that keep a return address */
static bool call_before(const uint8_t c[8])
{
	uint32_t h = get16(c + 6), w = get32(c + 4);

	return ((h & 0xf07f) == 0x9002 && h & 0xf80) ||
	       (((w & 0x7f) == 0x6f || (w & 0x707f) == 0x67) && w & 0xf80);
}

static int64_t signed_bits(uint32_t v, unsigned int n)
{
	return (int64_t)(int32_t)(v << (32 - n)) >> (32 - n);
}

/* addi sp,sp,n in its three forms; ret in both. */
static unsigned int frame_insn(uint32_t in, struct unw_insn *ret)
{
	uint32_t h = in & 0xffff;

	if ((in & 3) == 3) {
		ret->returns = in == 0x00008067;
		if ((in & 0xfffff) == 0x10113)
			ret->sp_delta = signed_bits(in >> 20, 12);
		return 4;
	}
	ret->returns = h == C_RET;
	if ((h & 0xef83) == 0x0101)		/* c.addi */
		ret->sp_delta = signed_bits((h >> 12 & 1) << 5 | (h >> 2 & 31), 6);
	else if ((h & 0xef83) == 0x6101)	/* c.addi16sp */
		ret->sp_delta = signed_bits((h >> 12 & 1) << 9 | (h >> 6 & 1) << 4 | (h >> 5 & 1) << 6 |
						    (h >> 3 & 3) << 7 | (h >> 2 & 1) << 5, 10);
	return 2;
}

const struct unw_arch unw_arch_riscv64 = {
	.name = "riscv64",
	.pc_reg = PC,
	.ra_reg = RA,
	.sp_reg = SP,
	.fp_reg = 8,
	.n_regs = 65,
	.addr_size = 8,
	.callee_saved = 3ULL << 8 | 0x3ffULL << 18, /* s0, s1, s2-s11 */
	.addr_mask = ~0ULL,
	.sigframe_by_code = true,
	.short_insns = true,
	.ends_thread = ends_thread,
	.is_sigreturn = is_sigreturn,
	.after_clone = after_clone,
	.sigframe_offset = sigframe_offset,
	.saved_context = saved_context,
	.call_before = call_before,
	.frame_insn = frame_insn,
};
