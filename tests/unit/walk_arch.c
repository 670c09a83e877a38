// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Walks of made-up stacks on architectures with a link register: where it may be believed, and how
 * signal frames, new threads and instruction sets are told.
 */
#include "tap.h"
#include "unwind/unwind.h"

#include <string.h>

#define EH 0x400000u
#define CODE 0x10000u
#define STACK 0x700000u

static uint8_t eh[1024], code[4096], stack[8192];
static size_t n_eh;
static const struct unw_arch *arch;
static struct unw_space space;
static struct unw_trace trace;

static int read_mem(void *ctx, uint64_t addr, void *buf, size_t len)
{
	if (addr >= STACK && addr + len <= STACK + sizeof(stack))
		memcpy(buf, stack + (addr - STACK), len);
	else if (addr >= CODE && addr + len <= CODE + sizeof(code))
		memcpy(buf, code + (addr - CODE), len);
	else
		return -1;
	return 0;
}

static void put(const void *p, size_t n)
{
	if (n)
		memcpy(eh + n_eh, p, n);
	n_eh += n;
}

static void emit32(uint32_t v)
{
	put(&v, 4);
}

static void close_entry(size_t at)
{
	uint32_t len;

	while (n_eh % 4)
		eh[n_eh++] = 0;
	len = (uint32_t)(n_eh - at - 4);
	memcpy(eh + at, &len, 4);
}

/* A CIE whose CFA is sp, and no rule for the link register. */
static void start(const struct unw_arch *a)
{
	uint8_t cie[] = {1, 'z', 'R', 0, 4, 0x78, (uint8_t)a->ra_reg, 1, 0x1b,
			 0x0c, (uint8_t)a->sp_reg, 0};
	struct unw_module m = {
		.lo = CODE, .hi = CODE + sizeof(code), .eh_frame = eh, .eh_frame_addr = EH, .loaded = true,
		.kind = UNW_MODULE_VDSO,
	};

	arch = a;
	unw_space_free(&space);
	memset(eh, 0, sizeof(eh));
	memset(code, 0, sizeof(code));
	memset(stack, 0, sizeof(stack));
	n_eh = 0;
	emit32(0);
	emit32(0);
	/* As its assembler does it: DW_CFA_def_cfa_register, and a nop. */
	if (a == &unw_arch_riscv64)
		cie[9] = 0x0d;
	put(cie, sizeof(cie));
	close_entry(0);
	unw_space_init(&space, a);
	m.eh_frame_size = sizeof(eh);
	unw_space_add(&space, &m);
}

static void func_of(size_t cie, uint32_t at, uint32_t size, const void *prog, size_t n)
{
	size_t begin = n_eh;

	emit32(0);
	emit32((uint32_t)(n_eh - cie));
	emit32(CODE + at - (EH + (uint32_t)n_eh));
	emit32(size);
	eh[n_eh++] = 0;
	put(prog, n);
	close_entry(begin);
}

static void func(uint32_t at, uint32_t size, const void *prog, size_t n)
{
	func_of(0, at, size, prog, n);
}

static void poke(uint64_t addr, uint64_t v)
{
	memcpy(stack + (addr - STACK), &v, arch->addr_size);
}

static void walk(const struct unw_regs *g, bool at_call)
{
	struct unw_mem mem = {read_mem, NULL};
	struct unw_opts opts = {.top_at_call = at_call};

	unw_walk(&space, g, &mem, &opts, &trace);
}

static void is(bool good, const char *what)
{
	if (!tap_ok(good, "%s: %s", arch->name, what)) {
		printf("#   end %d, %s\n", trace.end, trace.text);
		for (size_t i = 0; i < trace.n; i++)
			printf("#   0x%llx %s\n", (unsigned long long)trace.v[i].pc,
			       unw_method_name(trace.v[i].method));
	}
}

static struct unw_regs at(uint64_t pc, uint64_t sp)
{
	struct unw_regs g = {.valid = {0}};

	unw_reg_set(&g, arch->pc_reg, pc);
	unw_reg_set(&g, arch->sp_reg, sp);
	return g;
}

/* 0: a leaf; 0x100: a frame of 16 with the link register at its start; 0x200: no return address. */
static void link_register(const struct unw_arch *a)
{
	/* DW_CFA_def_cfa_offset 16; DW_CFA_offset_extended lr at 2 * -8; DW_CFA_undefined lr. */
	const uint8_t frame[] = {0x0e, 16, 0x05, (uint8_t)a->ra_reg, 2};
	/* The same behind DW_CFA_AARCH64_negate_ra_state, as compilers write it behind paciasp. */
	const uint8_t signs[] = {0x2d, 0x0e, 16, 0x05, (uint8_t)a->ra_reg, 2};
	const uint8_t pushes[] = {0x0e, 16};
	const uint8_t outer[] = {0x07, (uint8_t)a->ra_reg};
	const uint64_t sign = a == &unw_arch_aarch64 ? 0x2f000000000000ULL : 0;
	uint64_t thumb = a->thumb_bit;
	struct unw_regs g;

	start(a);
	func(0, 64, NULL, 0);
	if (sign)
		func(0x100, 64, signs, sizeof(signs));
	else
		func(0x100, 64, frame, sizeof(frame));
	func(0x200, 64, outer, sizeof(outer));
	func(0x300, 64, pushes, sizeof(pushes));
	g = at(CODE + 8, STACK);
	unw_reg_set(&g, a->ra_reg, (CODE + 0x110) | sign | thumb);
	poke(STACK, (CODE + 0x208) | sign | thumb);
	walk(&g, false);
	is(trace.reliable && trace.n == 3 && trace.v[1].pc == CODE + 0x110 && trace.v[2].pc == CODE + 0x208,
	   "an interrupted leaf returns to its link register");
	if (sign) {
		/* A kernel for addresses of 52 bits tells which bits an authentication code has there. */
		space.signed_bits = 0x7ULL << 52;
		walk(&g, false);
		is(!trace.reliable && trace.n >= 2 && trace.v[1].pc == ((CODE + 0x110) | 0xfULL << 48),
		   "bits of an address of 52 bits are no authentication code");
		space.signed_bits = arch->signed_bits;
	}
	/* The caller's row says that the link register has not been saved: nobody knows it any more. */
	poke(STACK, (CODE + 0x308) | thumb);
	walk(&g, false);
	is(!trace.reliable && trace.why == UNW_WHY_REGISTER && trace.n == 3,
	   "behind a call a link register that was not saved is not known");
	g = at(CODE + 0x108, STACK);
	walk(&g, false);
	is(!trace.reliable, "and never taken from an outer frame");
	unw_reg_set(&g, a->ra_reg, CODE + 0x110);
	poke(STACK, 0);
	walk(&g, false);
	is(!trace.reliable && trace.why != UNW_OK, "a return address of 0 is no end");
}

static void signal_frame(const struct unw_arch *a, const void *tramp, size_t n, int form)
{
	const uint8_t outer[] = {0x07, (uint8_t)a->ra_reg};
	struct unw_regs g;

	start(a);
	func(0x200, 64, outer, sizeof(outer));
	memcpy(code + 0x400, tramp, n);
	is(a->is_sigreturn(code + 0x400, 16) == form, "the trampoline is known by its code");
	poke(STACK + 0x40 + (uint64_t)a->sigframe_offset(form, a->pc_reg), CODE + 0x204);
	poke(STACK + 0x40 + (uint64_t)a->sigframe_offset(form, a->sp_reg), STACK + 0x1000);
	g = at((CODE + 0x400) | a->thumb_bit, STACK + 0x40);
	walk(&g, true);
	is(trace.reliable && trace.n == 2 && trace.v[0].is_signal && trace.v[0].method == UNW_SIGFRAME &&
	   trace.v[1].pc == CODE + 0x204 && trace.v[1].sp == STACK + 0x1000 && !trace.v[1].at_call,
	   "a signal frame leads to what it interrupted");
	walk(&g, false);
	is(trace.reliable && trace.n == 2, "also when interrupted inside of the trampoline");
}

/*
 * The same trampoline with the metadata that kernels gave it: a signal frame, and its rules are wrong at the
 * system call (ppc64le, which describes what stands before r1 was moved), or everywhere (riscv64, without any).
 * At each instruction what was interrupted is known by the code, and never is it what the rules lead to.
 */
static void described_trampoline(const struct unw_arch *a, const uint32_t *insns, size_t n, uint64_t moved,
				 size_t n_before)
{
	const uint8_t cie[] = {1, 'z', 'R', 'S', 0, 4, 0x78, (uint8_t)a->ra_reg, 1, 0x1b, 0x0c, (uint8_t)a->sp_reg, 0};
	const uint8_t outer[] = {0x07, (uint8_t)a->ra_reg};
	uint64_t frame = STACK + 0x40;
	struct unw_regs g;
	size_t second;

	start(a);
	func(0x200, 64, outer, sizeof(outer));
	func(0x300, 64, outer, sizeof(outer));
	second = n_eh;
	emit32(0);
	emit32(0);
	put(cie, sizeof(cie));
	close_entry(second);
	func_of(second, 0x400, (uint32_t)n * 4, NULL, 0);
	memcpy(code + 0x400, insns, n * 4);
	poke(frame + (uint64_t)a->sigframe_offset(1, a->pc_reg), CODE + 0x204);
	poke(frame + (uint64_t)a->sigframe_offset(1, a->sp_reg), STACK + 0x1000);
	for (size_t i = 0; i < n; i++) {
		g = at(CODE + 0x400 + i * 4, frame + (i >= n_before ? moved : 0));
		unw_reg_set(&g, a->ra_reg, CODE + 0x304);
		walk(&g, false);
		is(trace.reliable && trace.n == 2 && trace.v[0].is_signal && trace.v[1].pc == CODE + 0x204 &&
		   trace.v[1].sp == STACK + 0x1000, "a described trampoline is known by its code");
	}
	/* The call of the handler, where there is one, is where it returns behind. */
	g = at(CODE + 0x400 + (n - 2) * 4 - (moved ? 4 : 0), frame);
	walk(&g, true);
	is(trace.reliable && trace.n == 2 && trace.v[1].pc == CODE + 0x204, "also where the handler returns to");
	/* Other code: nothing that could be relied on. */
	memset(code + 0x400, 0, n * 4);
	for (size_t i = 0; i < n; i++) {
		g = at(CODE + 0x400 + i * 4, frame);
		unw_reg_set(&g, a->ra_reg, CODE + 0x304);
		walk(&g, false);
		is(!trace.reliable && trace.why == UNW_WHY_BAD_CFI, "one that is not known is not believed");
	}
	g = at(CODE + 0x404, frame);
	unw_reg_set(&g, a->ra_reg, CODE + 0x304);
	walk(&g, true);
	is(!trace.reliable, "nor where the handler returns to");
}

static void new_thread(const struct unw_arch *a, const void *after, size_t n, unsigned int result)
{
	struct unw_regs g;

	start(a);
	func(0x500, 64, NULL, 0);
	memcpy(code + 0x504, after, n);
	g = at(CODE + 0x504, STACK + 0x800);
	unw_reg_set(&g, result, 0);
	unw_reg_set(&g, a->ra_reg, CODE + 0x110);
	walk(&g, false);
	is(trace.reliable && trace.n == 1 && trace.end == UNW_END_NEWBORN,
	   "a thread that has run nothing does not have its parent's frames");
	unw_reg_set(&g, result, 4711);
	walk(&g, false);
	is(trace.end != UNW_END_NEWBORN, "its parent is no new thread");
}

/*
 * A table for calls alone, as LLVM writes it: nothing of the epilogue, in which the caller's frame pointer is
 * back already. By the row that stands there the caller is passed over, and the walk ends as well as any.
 */
static void calls_only(const struct unw_arch *a, const uint32_t *insns, size_t n, uint32_t body, uint32_t end,
		       unsigned int fp, uint64_t pair)
{
	/* Behind the prologue: DW_CFA_def_cfa fp, 16; the frame pointer at -16, the link register at -8. */
	const uint8_t prog[] = {(uint8_t)(0x40 | body / 4), 0x0c, (uint8_t)fp, 16, 0x05, (uint8_t)a->ra_reg, 1,
				0x05, (uint8_t)fp, 2};
	const uint8_t exact[] = {0x0e, 32, 0x05, (uint8_t)a->ra_reg, 1, 0x05, (uint8_t)fp, 2};
	const uint8_t outer[] = {0x07, (uint8_t)a->ra_reg};
	struct unw_regs g;

	start(a);
	func(0x100, (uint32_t)n * 4, prog, sizeof(prog));
	func(0x200, 64, exact, sizeof(exact));
	func(0x300, 64, outer, sizeof(outer));
	memcpy(code + 0x100, insns, n * 4);
	/* In the body: a row is right there, but the walk cannot know that. */
	g = at(CODE + 0x100 + end, STACK);
	unw_reg_set(&g, fp, STACK + pair);
	unw_reg_set(&g, a->ra_reg, CODE + 0x210);
	poke(STACK + pair, STACK + pair + 32);
	poke(STACK + pair + 8, CODE + 0x304);
	walk(&g, false);
	is(!trace.reliable && trace.why == UNW_WHY_CALLS, "a table for calls does not tell of interrupted code");
	g = at(CODE + 0x100 + body + 4, STACK);
	unw_reg_set(&g, fp, STACK + pair);
	walk(&g, true);
	is(trace.reliable && trace.n == 2 && trace.v[0].method == UNW_CFI, "of a call it does");
}

/*
 * A redirect of two instructions stands where the table knows a prologue. By the row of the second place the frame is
 * there; it is not, and the walk would go past the caller and end as well as any.
 */
static void redirect(const struct unw_arch *a, const uint32_t jump[2], const uint32_t orig[2],
		     const uint32_t tramp[2])
{
	/* DW_CFA_advance_loc 4; DW_CFA_def_cfa_offset 32; the link register at -8 */
	const uint8_t prog[] = {0x41, 0x0e, 32, 0x05, (uint8_t)a->ra_reg, 1};
	const uint8_t caller[] = {0x0e, 16, 0x05, (uint8_t)a->ra_reg, 1};
	const uint8_t outer[] = {0x07, (uint8_t)a->ra_reg};
	struct unw_regs g;

	start(a);
	func(0x100, 64, prog, sizeof(prog));
	func(0x200, 64, outer, sizeof(outer));
	func(0x400, 64, caller, sizeof(caller));
	poke(STACK + 8, CODE + 0x208);
	poke(STACK + 24, CODE + 0x208);
	g = at(CODE + 0x104, STACK);
	unw_reg_set(&g, a->ra_reg, CODE + 0x410);
	unw_space_add_redirect(&space, CODE + 0x100, (const uint8_t *)jump, 8);
	memcpy(code + 0x100, orig, 8);
	walk(&g, false);
	is(trace.reliable && trace.n == 2 && trace.v[1].pc == CODE + 0x208,
	   "the original's second place is as described");
	memcpy(code + 0x100, jump, 8);
	walk(&g, false);
	is(trace.reliable && trace.n == 3 && trace.v[0].pc == CODE + 0x104 && trace.v[1].pc == CODE + 0x410 &&
	   trace.v[2].pc == CODE + 0x208, "inside of a redirect there is no frame yet");
	memcpy(code + 0x100, orig, 8);
	walk(&g, false);
	is(trace.reliable && trace.n == 2, "and when it was taken back there is");
	memcpy(code + 0x100, jump, 8);
	g = at(CODE + 0x108, STACK);
	walk(&g, false);
	is(trace.reliable && trace.n == 2, "behind it the table holds");
	/* Interrupted there by a signal. */
	memcpy(code + 0x600, tramp, 8);
	poke(STACK + 0x400 + (uint64_t)a->sigframe_offset(1, a->pc_reg), CODE + 0x104);
	poke(STACK + 0x400 + (uint64_t)a->sigframe_offset(1, a->sp_reg), STACK);
	poke(STACK + 0x400 + (uint64_t)a->sigframe_offset(1, a->ra_reg), CODE + 0x410);
	g = at(CODE + 0x600, STACK + 0x400);
	walk(&g, true);
	is(trace.reliable && trace.n == 4 && trace.v[1].pc == CODE + 0x104 && trace.v[2].pc == CODE + 0x410,
	   "nor where a signal interrupted it");
}

int main(void)
{
	/* auipc t1,0x123; jr 0x456(t1); and what stood there: addi sp,sp,-32; sd ra,24(sp) */
	static const uint32_t riscv64_jump[] = {0x00123317, 0x45630067}, riscv64_orig[] = {0xfe010113, 0x00113c23};
	/* bti c; b; and sub sp,sp,#32; str x30,[sp,#24] */
	static const uint32_t aarch64_jump[] = {0xd503245f, 0x14001000}, aarch64_orig[] = {0xd10083ff, 0xf9000ffe};
	static const uint32_t aarch64[] = {
		0xa9be7bfd, 0x910003fd, 0x910003e1, 0x94000000, 0xa8c27bfd, 0xd65f03c0,
	};
	/* addi sp,sp,-32; mv s0,sp; nop; jal; addi sp,sp,32; ret */
	static const uint32_t riscv64[] = {
		0xfe010113, 0x00010413, 0x00000013, 0x008000ef, 0x02010113, 0x00008067,
	};
	static const uint32_t ppc64le[] = {
		0xf821ffe1, 0x7c3f0b78, 0x60000000, 0x48000001, 0x38210020, 0x4e800020,
	};
	static const uint32_t aarch64_return[] = {0xd2801168, 0xd4000001}; /* mov x8,#139; svc #0 */
	static const uint32_t riscv64_return[] = {0x08b00893, 0x00000073}; /* li a7,139; ecall */
	/* bctrl, the call of the handler; addi r1,r1,128; li r0,172; sc */
	static const uint32_t ppc64le_return[] = {0x4e800421, 0x38210080, 0x380000ac, 0x44000002};

	redirect(&unw_arch_riscv64, riscv64_jump, riscv64_orig, riscv64_return);
	redirect(&unw_arch_aarch64, aarch64_jump, aarch64_orig, aarch64_return);
	calls_only(&unw_arch_aarch64, aarch64, 6, 8, 20, 29, 0x100);
	calls_only(&unw_arch_ppc64le, ppc64le, 6, 8, 20, 31, 0x100);
	calls_only(&unw_arch_riscv64, riscv64, 6, 8, 20, 8, 0x100);
	link_register(&unw_arch_aarch64);
	link_register(&unw_arch_arm);
	link_register(&unw_arch_ppc64le);
	link_register(&unw_arch_riscv64);
	signal_frame(&unw_arch_x86_64, "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05", 9, 1);
	signal_frame(&unw_arch_aarch64, "\x68\x11\x80\xd2\x01\x00\x00\xd4", 8, 1);
	signal_frame(&unw_arch_arm, "\x4f\xf0\x77\x07\x00\xdf\x00\xbf", 8, 1);
	signal_frame(&unw_arch_arm, "\x4f\xf0\xad\x07\x00\xdf\x00\xbf", 8, 2);
	signal_frame(&unw_arch_arm, "\x77\x27\x00\xdf\x00\x00\x00\x00", 8, 1);
	signal_frame(&unw_arch_arm, "\xad\x70\xa0\xe3\xad\x00\x90\xef", 8, 2);
	signal_frame(&unw_arch_ppc64le, "\x80\x00\x21\x38\xac\x00\x00\x38\x02\x00\x00\x44", 12, 1);
	signal_frame(&unw_arch_ppc64le, "\xac\x00\x00\x38\x02\x00\x00\x44", 8, 2);
	signal_frame(&unw_arch_riscv64, "\x93\x08\xb0\x08\x73\x00\x00\x00", 8, 1);
	described_trampoline(&unw_arch_aarch64, aarch64_return, 2, 0, 2);
	described_trampoline(&unw_arch_riscv64, riscv64_return, 2, 0, 2);
	described_trampoline(&unw_arch_ppc64le, ppc64le_return, 4, 128, 2);
	new_thread(&unw_arch_aarch64, "\x1f\x00\x00\xf1\xa0\x00\x00\x54\x4b\x00\x00\x54", 12, 0);
	new_thread(&unw_arch_arm, "\x00\x28\x03\xd0\x90\xbc\xff\xf6", 8, 0);
	new_thread(&unw_arch_ppc64le, "\x00\x00\xa3\x2c\x02\x19\xc6\x4c\x30\x00\xc6\x40", 12, 3);
	new_thread(&unw_arch_riscv64, "\x63\x45\x05\x00\x11\xc1\x82\x80\x00\x00\x00\x00", 12, 10);
	unw_trace_free(&trace);
	unw_space_free(&space);
	return tap_done();
}
