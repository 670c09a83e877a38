// SPDX-License-Identifier: GPL-2.0-or-later
/* The conservative scan on made-up memory: whatever may be a way back into a function must be found. */
#include "tap.h"
#include "unwind/scan.h"

#include <stdlib.h>
#include <string.h>

/* Two writable spans with a hole between them, and code. */
#define HOME 0x7f0000100000ULL
#define ALT 0x7f0000200000ULL
#define SIZE 0x20000ULL
#define TOP 0x18000ULL	/* of the thread's own stack: other memory follows without a gap */
#define FUNC 0x401000ULL
#define FUNC_END 0x401080ULL

static uint8_t home_mem[SIZE], alt_mem[SIZE], code_mem[0x1000];
static const struct unw_arch *arch;
static uint64_t home_at, alt_at, func_at, signed_bits;
static bool refuse_alt;

static int read_mem(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct {
		uint64_t at, size;
		uint8_t *p;
	} v[] = {{home_at, SIZE, home_mem}, {alt_at, SIZE, alt_mem}, {FUNC - 0x100, 0x1000, code_mem}};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		if (addr >= v[i].at && addr + len <= v[i].at + v[i].size && !(i == 1 && refuse_alt)) {
			memcpy(buf, v[i].p + (addr - v[i].at), len);
			return 0;
		}
	return -1;
}

static struct unw_regs regs;
static struct unw_scan_out out;

static void reset(const struct unw_arch *a)
{
	arch = a;
	func_at = FUNC;
	signed_bits = a->signed_bits;
	home_at = a->addr_size == 4 ? 0x70100000 : HOME;
	alt_at = a->addr_size == 4 ? 0x70200000 : ALT;
	refuse_alt = false;
	memset(home_mem, 0, SIZE);
	memset(alt_mem, 0, SIZE);
	memset(code_mem, 0x90, sizeof(code_mem));
	memset(&regs, 0, sizeof(regs));
	unw_reg_set(&regs, a->pc_reg, 0x500000);
	unw_reg_set(&regs, a->sp_reg, home_at + 0x1000);
}

static enum unw_scan_verdict scan(void)
{
	const struct unw_range code[] = {{0x300000, 0x300010}, {func_at, func_at + (FUNC_END - FUNC)}};
	const struct unw_range spans[] = {{home_at, home_at + SIZE}, {alt_at, alt_at + SIZE}};
	struct unw_mem mem = {read_mem, NULL};
	struct unw_scan_in in = {
		.arch = arch, .signed_bits = signed_bits, .mem = &mem, .code = code, .n_code = 2, .spans = spans, .n_spans = 2,
		.home = {home_at, home_at + TOP},
	};

	unw_scan(&in, &regs, &out);
	return out.verdict;
}

static void poke(uint8_t *mem, uint64_t off, uint64_t v)
{
	memcpy(mem + off, &v, arch->addr_size);
}

static void is(enum unw_scan_verdict want, const char *what)
{
	enum unw_scan_verdict got = scan();

	if (!tap_ok(got == want, "%s: %s", arch->name, what))
		printf("#   verdict %d, want %d: %s\n", got, want, out.text);
}

static void words(const struct unw_arch *a)
{
	unsigned int w = a->addr_size;

	reset(a);
	is(UNW_SCAN_CLEAR, "an empty stack is clear");
	poke(home_mem, 0x1000, FUNC + 9);
	is(UNW_SCAN_HIT, "the word at sp counts");
	tap_ok(out.code == 1 && out.at == home_at + 0x1000 && !out.certain, "%s: and is told", a->name);
	reset(a);
	poke(home_mem, TOP - w, FUNC + 9);
	is(UNW_SCAN_HIT, "the last word of the stack counts");
	reset(a);
	poke(home_mem, TOP, FUNC + 9);
	is(UNW_SCAN_CLEAR, "what lies behind the stack is none of its words");
	unw_reg_set(&regs, a->sp_reg, alt_at + 0x1000);
	poke(alt_mem, SIZE - w, FUNC + 9);
	is(UNW_SCAN_HIT, "on another stack the last word of the mapping counts");
	reset(a);
	poke(home_mem, 0x1000 + 65536 - w, FUNC + 9);
	is(UNW_SCAN_HIT, "the last word of a piece counts");
	reset(a);
	poke(home_mem, 0x1000 + 65536, FUNC + 9);
	is(UNW_SCAN_HIT, "the first word of the next piece counts");
	reset(a);
	poke(home_mem, 0x1000 - w, FUNC + 9);
	is(a->red_zone ? UNW_SCAN_HIT : UNW_SCAN_CLEAR, "the red zone counts where there is one");
	reset(a);
	poke(home_mem, 0x1000 - a->red_zone - w, FUNC + 9);
	is(UNW_SCAN_CLEAR, "below it is stale");

	reset(a);
	poke(home_mem, 0x2000, FUNC);
	is(UNW_SCAN_CLEAR, "a function pointer is none");
	poke(home_mem, 0x2000, FUNC + (a->thumb_bit ? 2 : 1));
	is(UNW_SCAN_HIT, "the second instruction is one");
	poke(home_mem, 0x2000, FUNC_END + (a->thumb_bit ? 2 : 1));
	is(UNW_SCAN_CLEAR, "behind the end is none");
	poke(home_mem, 0x2000, FUNC_END);
	is(UNW_SCAN_CLEAR, "the very end is none without a call before it");
	if (a->thumb_bit) {
		poke(home_mem, 0x2000, FUNC | 1);
		is(UNW_SCAN_CLEAR, "nor is a Thumb function pointer");
		poke(home_mem, 0x2000, (FUNC + 8) | 1);
		is(UNW_SCAN_HIT, "a Thumb return address is one");
	}
	if (a->signed_bits) {
		poke(home_mem, 0x2000, (FUNC + 8) | 0x007b000000000000ULL);
		is(UNW_SCAN_HIT, "a signed return address is one");
		poke(home_mem, 0x2000, (FUNC + 8) | 0xff7b000000000000ULL);
		is(UNW_SCAN_HIT, "also with the top byte set");
		/* A kernel for addresses of 52 bits: a function that was mapped high, and one below it. */
		signed_bits = 0x7ULL << 52;
		func_at = FUNC | 0x3ULL << 48;
		is(UNW_SCAN_CLEAR, "bits of the address are no authentication code");
		poke(home_mem, 0x2000, (func_at + 8) | 0x5ULL << 52);
		is(UNW_SCAN_HIT, "a signed address of 52 bits is one");
		signed_bits = 0;
		poke(home_mem, 0x2000, func_at + 8);
		is(UNW_SCAN_HIT, "so is one where nothing is signed");
	}
}

/* The forms of calls, as the last bytes of a function. */
static void calls(const struct unw_arch *a, const char *const *forms, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char what[80];
		size_t len = 0;
		uint8_t b[8];

		for (const char *p = forms[i]; p[0] && p[1]; p += 2, len++) {
			unsigned int v;

			sscanf(p, "%2x", &v);
			b[len] = (uint8_t)v;
		}
		reset(a);
		memcpy(code_mem + 0x100 + (FUNC_END - FUNC) - len, b, len);
		poke(home_mem, 0x2000, FUNC_END | (a->thumb_bit && len == 2 ? 1 : 0));
		snprintf(what, sizeof(what), "the end counts behind the call %s", forms[i]);
		is(UNW_SCAN_HIT, what);
	}
}

static void registers(const struct unw_arch *a)
{
	unsigned int n = 0, missed = 0;

	for (unsigned int i = 0; i < a->n_regs; i++) {
		if (i == a->pc_reg || i == a->sp_reg)
			continue;
		reset(a);
		unw_reg_set(&regs, i, FUNC + 8);
		n++;
		missed += scan() != UNW_SCAN_HIT;
	}
	tap_ok(n > 10 && !missed, "%s: each of %u registers counts", a->name, n);
	reset(a);
	unw_reg_set(&regs, a->pc_reg, FUNC);
	is(UNW_SCAN_HIT, "the pc at the first byte counts");
	tap_ok(out.certain && out.at == 0, "%s: and is certain", a->name);
	unw_reg_set(&regs, a->pc_reg, FUNC_END);
	is(UNW_SCAN_CLEAR, "the pc behind it does not");
	unw_reg_unset(&regs, a->pc_reg);
	is(UNW_SCAN_FAILED, "no pc, no verdict");
	reset(a);
	unw_reg_unset(&regs, a->sp_reg);
	is(UNW_SCAN_FAILED, "no sp, no verdict");
	reset(a);
	unw_reg_set(&regs, a->sp_reg, 0x600000);
	is(UNW_SCAN_FAILED, "sp in no memory, no verdict");
	unw_reg_set(&regs, a->sp_reg, home_at + 0x1001);
	is(UNW_SCAN_FAILED, "sp not aligned, no verdict");
	unw_reg_set(&regs, a->sp_reg, alt_at + 0x1000);
	is(UNW_SCAN_AWAY, "another stack and no signal frame: not clear");
	refuse_alt = true;
	is(UNW_SCAN_FAILED, "memory that cannot be read: no verdict");
	reset(a);
	unw_reg_set(&regs, a->sp_reg, home_at + TOP + 32);
	is(UNW_SCAN_AWAY, "above the thread's descriptor: not its stack");
}

static void put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, 8);
}

/* A ucontext as the kernel of each architecture writes it, at @off of the alternate stack. */
static void context(uint64_t off, uint64_t sp, uint64_t pc)
{
	uint8_t *p = alt_mem + off;

	if (arch == &unw_arch_x86_64) {
		put64(p, 7);
		put64(p + 160, sp);
		put64(p + 168, pc);
		put64(p + 176, 0x246);
		put64(p + 184, 0x002b000000000033);
	} else if (arch == &unw_arch_aarch64) {
		put64(p + 432, sp);
		put64(p + 440, pc);
		put64(p + 448, 0x60001000);
		put32(p + 464, 0x46508001);
	} else if (arch == &unw_arch_arm) {
		put32(p + 20, 14);
		put32(p + 84, (uint32_t)sp);
		put32(p + 92, (uint32_t)pc);
		put32(p + 96, 0x60000030);
		put32(p + 232, 0x56465001); /* the VFP record */
	} else if (arch == &unw_arch_riscv64) {
		put64(p + 24, 1);
		put64(p + 32, 8192);
		put64(p + 176 + 16, sp);
		put64(p + 176, pc);
	} else {
		put64(p + 224, alt_at + off + 232);
		put64(p + 232 + 8, sp);
		put64(p + 232 + 32 * 8, pc);
		put64(p + 232 + 33 * 8, 0x800000010280f033);
	}
}

static void signals(const struct unw_arch *a)
{
	reset(a);
	unw_reg_set(&regs, a->sp_reg, alt_at + 0x1000);
	context(0x1800, home_at + 0x4000, 0x500000);
	is(UNW_SCAN_CLEAR, "from a signal stack back to the own one");
	poke(home_mem, 0x5000, FUNC + 8);
	is(UNW_SCAN_HIT, "what waits there counts");
	poke(home_mem, 0x5000, 0);
	poke(home_mem, 0x3000, FUNC + 8);
	is(UNW_SCAN_CLEAR, "what is stale there does not");
	context(0x1800, home_at + 0x4000, FUNC);
	is(UNW_SCAN_HIT, "interrupted at the first byte counts");
	context(0x1800, home_at + 0x4000, FUNC_END);
	is(UNW_SCAN_CLEAR, "interrupted behind the last one does not");
	context(0x1800, home_at - 0x100, 0x500000);
	is(UNW_SCAN_AWAY, "an overflowed stack is not taken for an empty one");
	context(0x1800, home_at + 0x4001, 0x500000);
	is(UNW_SCAN_FAILED, "nor one that is not aligned");
	if (arch == &unw_arch_riscv64) {
		put32(alt_mem + 0x1800 + 176 + 256 + 516, 1);
		is(UNW_SCAN_AWAY, "what has something in the reserved word is no context");
		put32(alt_mem + 0x1800 + 176 + 256 + 516, 0);
		put32(alt_mem + 0x1800 + 176 + 256 + 520, 1);
		is(UNW_SCAN_AWAY, "nor is what has a record of no size");
		put32(alt_mem + 0x1800 + 176 + 256 + 524, 4096);
		is(UNW_SCAN_FAILED, "one with a record is");
	}
	/* Over the end of a piece of the reader. */
	reset(a);
	unw_reg_set(&regs, a->sp_reg, alt_at + 0x1000);
	context(0x1000 + 65536 - 16 - a->red_zone, home_at + 0x4000, 0x500000);
	is(UNW_SCAN_CLEAR, "a frame over the end of a piece is seen");
	/* Two handlers on the same stack, each interrupting the other stack. */
	reset(a);
	unw_reg_set(&regs, a->sp_reg, alt_at + 0x1000);
	context(0x1800, alt_at + 0x3000, 0x500000);
	context(0x4000, home_at + 0x8000, 0x500000);
	is(UNW_SCAN_CLEAR, "nested frames lead home");
	poke(alt_mem, 0x6000, FUNC + 8);
	is(UNW_SCAN_HIT, "and all of the way counts");
	/* A signal stack behind the own stack, in the same memory, which a handler on the own one interrupted. */
	reset(a);
	context(0x1800, home_at + TOP + 0x2000, 0x500000);
	memcpy(home_mem + 0x1800, alt_mem + 0x1800, 1024);
	if (a == &unw_arch_ppc64le)
		put64(home_mem + 0x1800 + 224, home_at + 0x1800 + 232);
	is(UNW_SCAN_CLEAR, "a frame on the own stack leads behind it");
	poke(home_mem, TOP + 0x3000, FUNC + 8);
	is(UNW_SCAN_HIT, "and what is there counts");
	/* Many contexts: bounded, and never clear by giving up. */
	reset(a);
	unw_reg_set(&regs, a->sp_reg, alt_at + 0x1000);
	for (unsigned int i = 0; i < 70; i++)
		context(0x1800 + 512ull * i, home_at + 0x10000 - 0x200 * i, 0x500000);
	poke(home_mem, 0x10000 + 0x200, FUNC + 8);
	tap_ok(scan() != UNW_SCAN_CLEAR, "%s: seventy frames do not hide one", a->name);
}

int main(void)
{
	static const char *const x86[] = {"e800000000", "ffd0", "ff1425aabbccdd", "ff15aabbccdd", "41ff5308"};
	static const char *const arm64[] = {"00000094", "00003fd6", "1f0b3fd6", "22083fd7"};
	static const char *const arm[] = {"000000eb", "000000fa", "33ff2fe1", "00f000f8", "9847"};
	static const char *const riscv[] = {"ef008000", "e7800000", "0295", "ef028000"};
	static const char *const ppc[] = {"01000048", "2104804e", "2100804e"};
	const struct unw_arch *const v[] = {&unw_arch_x86_64, &unw_arch_aarch64, &unw_arch_arm,
					    &unw_arch_ppc64le, &unw_arch_riscv64};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		words(v[i]);
		registers(v[i]);
		signals(v[i]);
	}
	calls(v[0], x86, ARRAY_SIZE(x86));
	calls(v[1], arm64, ARRAY_SIZE(arm64));
	calls(v[2], arm, ARRAY_SIZE(arm));
	calls(v[3], ppc, ARRAY_SIZE(ppc));
	calls(v[4], riscv, ARRAY_SIZE(riscv));
	return tap_done();
}
