// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * 64-bit little-endian PowerPC as unwinding sees it. DWARF numbers (OpenPOWER ELF V2 ABI, 2.4): 0-31
 * r0-r31, 32-63 f0-f31, 65 lr, 66 ctr, 68-75 cr0-cr7. The pc has no number: ours is 79.
 *
 * The vdso's metadata of the signal trampoline finds the saved registers from r1, and goes on doing so behind
 * the addi that moves r1: at the system call it takes what a saved r15 points to for them. (It also has
 * expressions for vectors that jump into each other, and calls the interrupted pc 67.) So the code decides.
 *
 * A function saves lr in its caller's frame (16(r1) there), and up to 288 bytes below r1 are a leaf's.
 */
#include "unwind/unwind.h"

#include <string.h>

enum { R1 = 1, LR = 65, CTR = 66, PC = 79 };

static uint64_t word(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

#define SC 0x44000002			/* sc */
#define LI_R0(nr) (0x38000000 | (uint32_t)(nr))
#define LD_R2_24 0xe8410018		/* ld r2,24(r1), after a call through a pointer */
#define ADDI_R1_128 0x38210080		/* addi r1,r1,128 */
#define BCTRL 0x4e800421		/* bctrl */

/* libc's clone, behind the call of the thread function: ld r2,24(r1); li r0,1 (exit); sc */
static bool ends_thread(const uint8_t *code, size_t n)
{
	if (n >= 4 && get32(code) == LD_R2_24) {
		code += 4;
		n -= 4;
	}
	return n >= 8 && get32(code) == LI_R0(1) && get32(code + 4) == SC;
}

/*
 * The vdso's: bctrl, which calls the handler and stands before what it returns to; addi r1,r1,128;
 * li r0,172 (rt_sigreturn); sc. 1: up to the addi, 2: from the li on.
 */
static int is_sigreturn(const uint8_t *code, size_t n)
{
	if (n >= 16 && get32(code) == BCTRL && get32(code + 4) == ADDI_R1_128)
		code += 4;
	if (n >= 12 && get32(code) == ADDI_R1_128 && get32(code + 4) == LI_R0(172) &&
	    get32(code + 8) == SC)
		return 1;
	return n >= 8 && get32(code) == LI_R0(172) && get32(code + 4) == SC ? 2 : 0;
}

/*
 * glibc: sc; cmpdi cr1,r3,0; crandc (or scv 0; ld r9,16(r1); mtlr r9; cmpdi cr1,r3,0), with 0 in r3 in
 * the child. `scv` destroys lr, so the parent has saved it then; r28 to r31 it has saved in any case.
 * musl's sc; cmpwi cr7 or similar is not looked for: it is decided by other methods.
 */
static int clone_form(const uint8_t *c, size_t n)
{
	const uint32_t cmp = 0x2ca30000; /* cmpdi cr1,r3,0 */

	if (n < 12)
		return 0;
	if (get32(c) == cmp && (get32(c + 4) & 0xfc0007ff) == 0x4c000102)
		return 1;
	return get32(c) == 0xe9210010 && get32(c + 4) == 0x7d2803a6 && get32(c + 8) == cmp ? 2 : 0;
}

static int after_clone(const uint8_t *c, size_t n, const struct unw_regs *regs)
{
	if (!clone_form(c, n) || !unw_reg_ok(regs, 3))
		return 0;
	return regs->r[3] ? 2 : 1;
}

static int clone_slot(const uint8_t *c, size_t n, unsigned int reg)
{
	if (reg == LR && clone_form(c, n) == 2)
		return 16;
	return reg >= 28 && reg <= 31 ? ((int)reg - 32) * 8 : UNW_IN_REG;
}

/*
 * The ucontext: flags 8, link 8, stack 24, mask 128, then the sigcontext, whose pointer at 56 leads to
 * the registers at 64: r0-r31, nip, msr, r3 before the call, ctr, lr.
 */
enum { ABI_FRAME = 128, UC_PTR = 168 + 56, UC_REGS = 168 + 64, PT_NIP = 32, PT_MSR = 33, PT_CTR = 35,
	PT_LNK = 36 };

static int sigframe_offset(int form, unsigned int reg)
{
	int slot = reg < 32 ? (int)reg : reg == PC ? PT_NIP : reg == LR ? PT_LNK :
		   reg == CTR ? PT_CTR : -1;

	return slot < 0 ? -1 : (form == 1 ? ABI_FRAME : 0) + UC_REGS + 8 * slot;
}

/* The pointer to the registers right behind it, and the bit of user mode. */
static bool saved_context(const uint8_t *p, size_t n, uint64_t at, uint64_t *ret_sp,
			  uint64_t *ret_pc)
{
	if (n < UC_REGS + 8 * 37 || word(p + UC_PTR) != at + UC_REGS ||
	    !(word(p + UC_REGS + 8 * PT_MSR) & 0x4000))
		return false;
	*ret_sp = word(p + UC_REGS + 8 * R1);
	*ret_pc = word(p + UC_REGS + 8 * PT_NIP);
	return true;
}

/*
 * glibc's start code makes a frame of 128 bytes whose back chain is 0 right below argc, or below the one
 * that the dynamic linker made in the same way; it clears lr and jumps to __libc_start_main.
 */
static bool first_frame(const struct unw_mem *mem, uint64_t cfa)
{
	uint64_t chain, argc, argv0, end;

	if (mem->read(mem->ctx, cfa, &chain, 8) || chain)
		return false;
	for (uint64_t at = cfa + ABI_FRAME; at <= cfa + 2 * ABI_FRAME; at += ABI_FRAME)
		if (!mem->read(mem->ctx, at, &argc, 8) && argc && argc < 1 << 20 &&
		    !mem->read(mem->ctx, at + 8, &argv0, 8) && argv0 > at &&
		    !mem->read(mem->ctx, at + 8 + 8 * argc, &end, 8) && !end)
			return true;
	return false;
}

/* Branches with the link bit: bl, bcl, and through lr, ctr or tar. */
static bool call_before(const uint8_t c[8])
{
	uint32_t i = get32(c + 4);

	return (i & 0xfc000001) == 0x48000001 || (i & 0xfc000001) == 0x40000001 ||
	       (i & 0xfc000001) == 0x4c000001;
}

/* stdu r1,n(r1); addi r1,r1,n; blr */
static unsigned int frame_insn(uint32_t in, struct unw_insn *ret)
{
	ret->returns = in == 0x4e800020;
	if ((in & 0xffff0003) == 0xf8210001)
		ret->sp_delta = (int16_t)(in & 0xfffc);
	else if ((in & 0xffff0000) == 0x38210000)
		ret->sp_delta = (int16_t)in;
	return 4;
}

const struct unw_arch unw_arch_ppc64le = {
	.name = "ppc64le",
	.pc_reg = PC,
	.ra_reg = LR,
	.sp_reg = R1,
	.fp_reg = 31,
	.n_regs = UNW_NREGS,
	.addr_size = 8,
	.callee_saved = 0xffffe000, /* r13 (the thread pointer), r14-r31 */
	.addr_mask = ~0ULL,
	.red_zone = 288,
	.back_chain = true,
	.sigframe_by_code = true,
	.ends_thread = ends_thread,
	.is_sigreturn = is_sigreturn,
	.after_clone = after_clone,
	.clone_slot = clone_slot,
	.first_frame = first_frame,
	.sigframe_offset = sigframe_offset,
	.saved_context = saved_context,
	.call_before = call_before,
	.frame_insn = frame_insn,
};
