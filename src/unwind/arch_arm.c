// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * 32-bit ARM as unwinding sees it. DWARF numbers (AADWARF32): 0-15 r0-r15, 256-287 d0-d31 (rules for
 * them are skipped: they hold no addresses). Return addresses are in r14, with the instruction set in
 * bit 0. Code is compared in both instruction sets, as a return address alone tells which one it is
 * only before that bit is taken off.
 */
#include "unwind/unwind.h"

#include <string.h>

enum { SP = 13, LR = 14, PC = 15 };

static bool has(const uint8_t *code, size_t n, const char *want, size_t len)
{
	return n >= len && !memcmp(code, want, len);
}
#define HAS(code, n, s) has(code, n, s, sizeof(s) - 1)

/* libc's clone, behind the call of the thread function: mov r7,#1 (exit); svc 0 */
static bool ends_thread(const uint8_t *code, size_t n)
{
	return HAS(code, n, "\x4f\xf0\x01\x07\x00\xdf") || HAS(code, n, "\x01\x27\x00\xdf") ||
	       HAS(code, n, "\x01\x70\xa0\xe3\x00\x00\x00\xef");
}

/*
 * mov r7,#nr; svc, of libc and of the kernel's page of such code. 1: sigreturn, 119, whose frame is the
 * ucontext alone; 2: rt_sigreturn, 173, with the siginfo before it.
 */
static int is_sigreturn(const uint8_t *code, size_t n)
{
	static const uint8_t nr[] = {119, 173};

	for (int i = 0; i < 2 && n >= 8; i++) {
		const uint8_t wide[] = {0x4f, 0xf0, nr[i], 0x07, 0x00, 0xdf};
		const uint8_t narrow[] = {nr[i], 0x27, 0x00, 0xdf};
		const uint8_t a32[] = {nr[i], 0x70, 0xa0, 0xe3};

		if (!memcmp(code, wide, sizeof(wide)) || !memcmp(code, narrow, sizeof(narrow)) ||
		    (!memcmp(code, a32, sizeof(a32)) && code[7] == 0xef))
			return i + 1;
	}
	return 0;
}

/*
 * glibc: svc 0; cmp r0,#0; beq child; pop {r4,r7}. musl: svc 0; tst r0,r0; beq child. A caller has
 * pushed registers by then: it is left to other methods.
 */
static int after_clone(const uint8_t *c, size_t n, const struct unw_regs *regs)
{
	bool glibc, musl;

	if (n < 8 || !unw_reg_ok(regs, 0) || regs->r[0])
		return 0;
	glibc = HAS(c, n, "\x00\x28") && c[3] == 0xd0 && HAS(c + 4, n - 4, "\x90\xbc");
	musl = HAS(c, n, "\x00\x00\x10\xe1") && c[7] == 0x0a;
	return glibc || musl ? 1 : 0;
}

/* The ucontext: flags 4, link 4, stack 12, trap, error, mask, then r0-r15 and the status register. */
enum { UC_LINK = 4, UC_STACK_FLAGS = 12, UC_TRAP = 20, UC_REGS = 32, UC_CPSR = UC_REGS + 16 * 4, SIGINFO = 128 };

static int sigframe_offset(int form, unsigned int reg)
{
	return reg <= PC ? (form == 2 ? SIGINFO : 0) + UC_REGS + 4 * (int)reg : -1;
}

/* What every user's status register has: its mode, no masks, no big-endian data, unused bits. */
enum { CPSR_FIXED = 0x00f002df, CPSR_USER = 0x10, CPSR_T = 0x20 };
/* The first record of coprocessor state: the kernel always writes one (asm/ucontext.h). */
enum { UC_AUX = 232 };
#define AUX_VFP 0x56465001u
#define AUX_IWMMXT 0x12ef842au
#define AUX_DUMMY 0xb0d9ed01u

/*
 * A frame of the old kind has a fixed word as its flags and an unset link. The vector that the kernel
 * puts at the base of the stack has the status register's value, too, the key 16, and a run of zeroes
 * with one such word looks the same; but no record of coprocessor state follows there. Handlers may
 * change the masks in their frame, so those are no evidence.
 */
static bool saved_context(const uint8_t *p, size_t n, uint64_t at, uint64_t *ret_sp,
			  uint64_t *ret_pc)
{
	uint32_t cpsr, aux;
	bool rt;

	if (n < UC_AUX + 4)
		return false;
	rt = !get32(p);
	cpsr = get32(p + UC_CPSR);
	if (!rt && get32(p) != 0x5ac3c35a)
		return false;
	if (rt && (get32(p + UC_LINK) || (get32(p + UC_STACK_FLAGS) & 0x7fffffff) > 2))
		return false;
	if (get32(p + UC_TRAP) > 31 || (cpsr & CPSR_FIXED) != CPSR_USER ||
	    get32(p + UC_REGS + 4 * PC) % (cpsr & CPSR_T ? 2 : 4))
		return false;
	aux = get32(p + UC_AUX);
	if (aux != AUX_VFP && aux != AUX_IWMMXT && aux != AUX_DUMMY)
		return false;
	*ret_sp = get32(p + UC_REGS + 4 * SP);
	*ret_pc = get32(p + UC_REGS + 4 * PC);
	return true;
}

static bool call_before(const uint8_t c[8])
{
	uint32_t a = get32(c + 4);
	unsigned int h1 = a & 0xffff, h2 = a >> 16;

	return (a & 0x0f000000) == 0x0b000000 ||	/* bl, in part blx */
	       (a & 0xfe000000) == 0xfa000000 ||	/* blx label */
	       (a & 0x0ffffff0) == 0x012fff30 ||	/* blx reg */
	       get32(c) == 0xe1a0e00f ||			/* mov lr,pc; any jump */
	       ((h1 & 0xf800) == 0xf000 && (h2 & 0xc000) == 0xc000) || /* Thumb bl, blx label */
	       (h2 & 0xff87) == 0x4780;			/* Thumb blx reg */
}

const struct unw_arch unw_arch_arm = {
	.name = "arm",
	.pc_reg = PC,
	.ra_reg = LR,
	.sp_reg = SP,
	.fp_reg = 11,
	.n_regs = 16,
	.addr_size = 4,
	.callee_saved = 0xff0, /* r4-r11 */
	.addr_mask = 0xffffffff,
	.thumb_bit = 1,
	.ends_thread = ends_thread,
	.is_sigreturn = is_sigreturn,
	.after_clone = after_clone,
	.sigframe_offset = sigframe_offset,
	.saved_context = saved_context,
	.call_before = call_before,
};
