// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x86-64 as unwinding sees it. DWARF numbers (System V psABI, figure 3.36): 0 rax, 1 rdx, 2 rcx,
 * 3 rbx, 4 rsi, 5 rdi, 6 rbp, 7 rsp, 8-15 r8-r15, 16 the return address.
 */
#include "unwind/unwind.h"

#include <string.h>

static bool has(const uint8_t *code, size_t n, const char *want, size_t len)
{
	return n >= len && !memcmp(code, want, len);
}
#define HAS(code, n, s) has(code, n, s, sizeof(s) - 1)

/*
 * musl's clone calls the thread function and then makes the exit call itself, with no metadata:
 *	mov %eax,%edi; xor %eax,%eax; mov $60,%al; syscall
 */
static bool ends_thread(const uint8_t *code, size_t n)
{
	return HAS(code, n, "\x89\xc7\x31\xc0\xb0\x3c\x0f\x05");
}

/* mov $15,%rax (or %eax); syscall */
static int is_sigreturn(const uint8_t *code, size_t n)
{
	return HAS(code, n, "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05") ||
	       HAS(code, n, "\xb8\x0f\x00\x00\x00\x0f\x05");
}

/*
 * glibc: syscall; test %rax,%rax; jl error; je child; ret. musl: syscall; test %eax,%eax;
 * jne 1f; (child) xor %ebp,%ebp. Both have pushed nothing that is still there, and their error
 * paths return from the same place, so any result but 0 means the caller.
 */
static int after_clone(const uint8_t *c, size_t n, const struct unw_regs *regs)
{
	bool before = HAS(c, n, "\x0f\x05"), glibc, musl;

	if (before) {
		c += 2;
		n -= 2;
	}
	glibc = HAS(c, n, "\x48\x85\xc0\x7c") && n >= 8 && c[5] == 0x74 && c[7] == 0xc3;
	musl = HAS(c, n, "\x85\xc0\x75") && n >= 6 && c[4] == 0x31 && c[5] == 0xed;
	if ((!glibc && !musl) || !unw_reg_ok(regs, 0))
		return 0;
	return before || regs->r[0] ? 2 : 1;
}

/*
 * At the signal-return code sp points to the ucontext: flags 8, link 8, stack 24, then the
 * registers in the order r8-r15 rdi rsi rbp rbx rdx rax rcx rsp rip.
 */
static int sigframe_offset(int form, unsigned int reg)
{
	static const uint8_t slot[17] = {13, 12, 14, 11, 9, 8, 10, 15, 0, 1, 2, 3, 4, 5, 6, 7, 16};

	return reg < ARRAY_SIZE(slot) ? 40 + 8 * slot[reg] : -1;
}

static uint64_t word(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

/*
 * The ucontext as above. The kernel writes few flags, no link, user code's segment selector and
 * flags of which bit 1 is always set.
 */
static bool saved_context(const uint8_t *p, size_t n, uint64_t at, uint64_t *ret_sp,
			  uint64_t *ret_pc)
{
	uint64_t cs;

	if (n < 192 || word(p) > 0xff || word(p + 8))
		return false;
	cs = word(p + 184) & 0xffff;
	if ((cs != 0x33 && cs != 0x23) || (word(p + 176) & ~0x3fffffULL) || !(word(p + 176) & 2))
		return false;
	*ret_sp = word(p + 160);
	*ret_pc = word(p + 168);
	return true;
}

/* call rel32: e8 and 4 bytes; call r/m: ff /2 with up to 5 more bytes (7 in all with a SIB byte). */
static bool call_before(const uint8_t c[8])
{
	if (c[3] == 0xe8)
		return true;
	for (int i = 1; i <= 6; i++)
		if (c[i] == 0xff && (c[i + 1] & 0x38) == 0x10)
			return true;
	return false;
}

const struct unw_arch unw_arch_x86_64 = {
	.name = "x86_64",
	.pc_reg = 16,
	.ra_reg = 16,
	.sp_reg = 7,
	.fp_reg = 6,
	.n_regs = 17,
	.addr_size = 8,
	.callee_saved = 1 << 3 | 1 << 6 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 15,
	.addr_mask = ~0ULL,
	.red_zone = 128,
	.ends_thread = ends_thread,
	.is_sigreturn = is_sigreturn,
	.after_clone = after_clone,
	.sigframe_offset = sigframe_offset,
	.saved_context = saved_context,
	.call_before = call_before,
};
