// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AArch64 as unwinding sees it. DWARF numbers (AADWARF64): 0-30 x0-x30, 31 sp, 32 pc, 34 the state of
 * return address signing, 64-95 vectors.
 *
 * Return addresses are in x30 and may carry an authentication code in the bits between the largest
 * user address and bit 55. Which those are depends on the kernel: one for addresses of 52 bits gives
 * addresses above bit 47 to who asks for them, and there the code begins at bit 52. It tells
 * (NT_ARM_PAC_MASK), and what it tells is taken off; whether an address is signed at all
 * (DW_CFA_AARCH64_negate_ra_state) does not matter then. The top byte is never part of an address.
 */
#include "unwind/unwind.h"

#include <string.h>

enum { X30 = 30, SP = 31, PC = 32 };

static uint64_t word(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

#define SVC 0xd4000001		/* svc #0 */
#define MOV_X8(nr) (0xd2800008 | (uint32_t)(nr) << 5)

/* musl's clone, behind the call of the thread function: mov x8,#93 (exit); svc #0 */
static bool ends_thread(const uint8_t *code, size_t n)
{
	return n >= 8 && get32(code) == MOV_X8(93) && get32(code + 4) == SVC;
}

/* The vdso's and musl's: mov x8,#139 (rt_sigreturn); svc #0 */
static int is_sigreturn(const uint8_t *code, size_t n)
{
	return n >= 8 && get32(code) == MOV_X8(139) && get32(code + 4) == SVC;
}

/*
 * glibc: svc; cmp x0,#0; b.eq child. musl: svc; cbz x0,child; ret. In the child x0 is 0 and sp its new
 * stack, but x30 is still the parent's: metadata for this pc is about the parent alone. The parent
 * still has its return address in x30.
 */
static int after_clone(const uint8_t *c, size_t n, const struct unw_regs *regs)
{
	bool glibc, musl;

	if (n < 12 || !unw_reg_ok(regs, 0))
		return 0;
	glibc = get32(c) == 0xf100001f && (get32(c + 4) & 0xff00001f) == 0x54000000;
	musl = (get32(c) & 0xff00001f) == 0xb4000000 && get32(c + 4) == 0xd65f03c0;
	if (!glibc && !musl)
		return 0;
	return regs->r[0] == 0 ? 1 : musl ? 2 : 0;
}

/* sp points to the siginfo, 128 bytes; then the ucontext: 176 bytes, fault address, x0-x30, sp, pc. */
enum { UC = 128, UC_REGS = 184, UC_SP = UC_REGS + 31 * 8, UC_PC = UC_SP + 8, UC_PSTATE = UC_PC + 8,
	UC_RECORDS = 464 };

static int sigframe_offset(int form, unsigned int reg)
{
	return reg <= PC ? UC + UC_REGS + 8 * (int)reg : -1;
}

/*
 * The kernel writes no flags and no link, the mode bits of user code, and as the first record the one
 * of the floating point registers.
 */
static bool saved_context(const uint8_t *p, size_t n, uint64_t at, uint64_t *ret_sp,
			  uint64_t *ret_pc)
{
	if (n < UC_RECORDS + 4 || word(p) || word(p + 8) || (word(p + UC_PSTATE) & 0x1f) ||
	    get32(p + UC_RECORDS) != 0x46508001)
		return false;
	*ret_sp = word(p + UC_SP);
	*ret_pc = word(p + UC_PC);
	return true;
}

/* bl; blr and its authenticating forms */
static bool call_before(const uint8_t c[8])
{
	uint32_t i = get32(c + 4);

	return (i & 0xfc000000) == 0x94000000 || (i & 0xfeff0000) == 0xd63f0000;
}

static int64_t signed_bits(uint32_t v, unsigned int n)
{
	return (int64_t)(int32_t)(v << (32 - n)) >> (32 - n);
}

/* add/sub sp,sp,#n; loads and stores that write back to sp; ret. */
static unsigned int frame_insn(uint32_t in, struct unw_insn *ret)
{
	uint32_t rn = in >> 5 & 31, rd = in & 31, imm;

	ret->returns = in == 0xd65f03c0 || in == 0xd65f0bff || in == 0xd65f0fff; /* ret, retaa, retab */
	if (rn != 31)
		return 4;
	if ((in & 0xbf800000) == 0x91000000 && rd == 31) {
		imm = (in >> 10 & 0xfff) << (in & 0x400000 ? 12 : 0);
		ret->sp_delta = in & 0x40000000 ? -(int64_t)imm : imm;
	} else if ((in & 0x3a000000) == 0x28000000 && (in & 0x00800000)) {
		/* A pair, before or after: words, doublewords, or vector registers of 4, 8 or 16 bytes. */
		unsigned int scale = in & 0x04000000 ? 2 + (in >> 30) : in & 0x80000000 ? 3 : 2;

		ret->sp_delta = signed_bits(in >> 15 & 0x7f, 7) * (1 << scale);
	} else if ((in & 0x3b200400) == 0x38000400) {
		ret->sp_delta = signed_bits(in >> 12 & 0x1ff, 9);
	}
	return 4;
}

const struct unw_arch unw_arch_aarch64 = {
	.name = "aarch64",
	.pc_reg = PC,
	.ra_reg = X30,
	.sp_reg = SP,
	.fp_reg = 29,
	.n_regs = 35,
	.addr_size = 8,
	.callee_saved = 0x7ffULL << 19, /* x19-x29 */
	.addr_mask = (1ULL << 56) - 1,
	.signed_bits = 0x7fULL << 48,
	.sigframe_by_code = true,
	.ends_thread = ends_thread,
	.is_sigreturn = is_sigreturn,
	.after_clone = after_clone,
	.sigframe_offset = sigframe_offset,
	.saved_context = saved_context,
	.call_before = call_before,
	.frame_insn = frame_insn,
};
