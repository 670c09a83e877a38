// SPDX-License-Identifier: GPL-2.0-or-later
/* Call frame information made by hand: every encoding that matters, and every way to be damaged. */
#include "tap.h"
#include "unwind/cfi.h"
#include "unwind/expr.h"

#include <stdlib.h>
#include <string.h>

#define ADDR 0x400000ULL
#define FUNC 0x401000ULL

static uint8_t sec[512];
static size_t n_sec;

static void put(const void *p, size_t n)
{
	memcpy(sec + n_sec, p, n);
	n_sec += n;
}

static void emit32(uint32_t v)
{
	put(&v, 4);
}

static size_t begin(void)
{
	emit32(0);
	return n_sec;
}

static void end(size_t at)
{
	while (n_sec % 4)
		sec[n_sec++] = 0;
	*(uint32_t *)(void *)(sec + at - 4) = (uint32_t)(n_sec - at);
}

/* A CIE "zRS"-like with the given augmentation and an FDE of 64 bytes of code with @prog. */
static void make(bool signal, const void *prog, size_t n)
{
	static const uint8_t head[] = {1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1};
	static const uint8_t sig[] = {1, 'z', 'R', 'S', 0, 1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1};
	size_t at;

	n_sec = 0;
	at = begin();
	emit32(0);
	if (signal)
		put(sig, sizeof(sig));
	else
		put(head, sizeof(head));
	end(at);
	at = begin();
	emit32((uint32_t)n_sec);
	emit32((uint32_t)(FUNC - (ADDR + n_sec)));
	emit32(64);
	sec[n_sec++] = 0;
	put(prog, n);
	end(at);
	emit32(0);
}

static int row_at(uint64_t off, struct cfi_row *row)
{
	struct cfi_section s = {.data = sec, .size = n_sec, .addr = ADDR, .addr_size = 8};
	struct cfi_fde f;
	int r = cfi_find(&s, NULL, 0, 0, FUNC + off, &f);

	return r ? r : cfi_row(&s, &f, FUNC + off, &unw_arch_x86_64, row);
}

static const struct cfi_rule *rule(const struct cfi_row *row, unsigned int reg)
{
	for (unsigned int i = 0; i < row->n_rules; i++)
		if (row->rules[i].reg == reg)
			return &row->rules[i];
	return NULL;
}

static int no_mem(void *ctx, uint64_t addr, void *buf, size_t len)
{
	return -1;
}

static void rows(void)
{
	/* push rbp; mov rsp,rbp; remember; pop rbp; restore_state; val_offset; args_size */
	static const uint8_t prog[] = {0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6, 0x44, 0x0a, 0xc6, 0x0c,
				       7, 8, 0x42, 0x0b, 0x42, 0x14, 3, 1, 0x2e, 24};
	struct cfi_row row;

	make(false, prog, sizeof(prog));
	tap_ok(row_at(0, &row) == 0 && row.cfa_reg == 7 && row.cfa_off == 8, "entry: CFA rsp+8");
	tap_ok(rule(&row, 16) && rule(&row, 16)->value == -8, "return address at CFA-8");
	tap_ok(row_at(1, &row) == 0 && row.cfa_off == 16 && rule(&row, 6)->value == -16,
	       "after push: CFA rsp+16, rbp saved");
	tap_ok(row_at(4, &row) == 0 && row.cfa_reg == 6, "after mov: CFA by rbp");
	tap_ok(row_at(8, &row) == 0 && row.cfa_reg == 7 && !rule(&row, 6), "epilogue: rbp restored");
	tap_ok(row_at(10, &row) == 0 && row.cfa_reg == 6 && rule(&row, 6), "restore_state");
	tap_ok(row_at(12, &row) == 0 && rule(&row, 3)->kind == CFI_VAL_OFFSET &&
	       rule(&row, 3)->value == -8 && row.args_size == 24, "val_offset and args_size");
	tap_ok(row_at(63, &row) == 0 && row_at(64, &row) == 1, "the range ends where it says");
	tap_ok(row.func_lo == FUNC && row.func_hi == FUNC + 64, "the row knows its function");
	make(true, "\x07\x10", 2);
	tap_ok(row_at(0, &row) == 0 && row.is_signal && row.ra_undef, "signal frame, undefined RA");
}

static void bad_programs(void)
{
	static const char *const progs[] = {
		"\x0b", "\x3f", "\x0f\x7f", "\x01", "\x16\x03\x50", "\x0c\x80",
	};
	struct cfi_row row;

	for (size_t i = 0; i < ARRAY_SIZE(progs); i++) {
		make(false, progs[i], strlen(progs[i]));
		tap_ok(row_at(63, &row) != 0, "bad program %zu is refused", i);
	}
}

static int count(void *ctx, const struct cfi_fde *f)
{
	++*(int *)ctx;
	return 0;
}

static void damage(void)
{
	static const uint8_t prog[] = {0x41, 0x0f, 3, 0x77, 8, 0x06, 0x42, 0x10, 3, 2, 0x76, 0};
	unsigned int seed = 1, found = 0;
	struct cfi_row row;
	uint8_t *copy;
	int n = 0;

	make(false, prog, sizeof(prog));
	tap_ok(row_at(5, &row) == 0 && row.cfa_expr_len == 3, "an expression for the CFA");
	for (size_t len = 0; len <= n_sec; len++) {
		/* On the heap, exactly sized, so that one byte too far is noticed. */
		struct cfi_section s = {.size = len, .addr = ADDR, .addr_size = 8};
		struct cfi_fde f;

		s.data = copy = xmemdup(sec, len ? len : 1);
		cfi_for_each_fde(&s, count, &n);
		if (cfi_find(&s, NULL, 0, 0, FUNC + 5, &f) == 0)
			found += cfi_row(&s, &f, FUNC + 5, &unw_arch_x86_64, &row) == 0;
		free(copy);
	}
	tap_ok(found >= 1 && found <= 5, "prefixes: found only when whole (%u)", found);
	for (int round = 0; round < 200000; round++) {
		struct cfi_section s = {.size = n_sec, .addr = ADDR, .addr_size = 8};
		struct unw_mem mem = {no_mem, NULL};
		struct unw_regs regs = {0};
		struct cfi_fde f;
		uint64_t v;

		s.data = copy = xmemdup(sec, n_sec);
		s.is_debug_frame = round % 16 == 0;
		for (int k = 0; k < 1 + round % 3; k++)
			copy[rand_r(&seed) % n_sec] = (uint8_t)rand_r(&seed);
		cfi_for_each_fde(&s, count, &n);
		if (cfi_find(&s, copy, round % n_sec, ADDR, FUNC + 5, &f) == 0 &&
		    cfi_row(&s, &f, FUNC + 5, &unw_arch_x86_64, &row) == 0 && row.cfa_expr_len)
			expr_eval(row.cfa_expr, row.cfa_expr_len, &regs, &mem, 8, false, 0, &v);
		free(copy);
	}
	tap_ok(true, "200000 mutations without a fault");
}

static void exprs(void)
{
	struct unw_mem mem = {no_mem, NULL};
	struct unw_regs g = {0};
	uint64_t v = 0;

	unw_reg_set(&g, 7, 0x1000);
	unw_reg_set(&g, 16, 0x40b);
	/* The expression that linkers write for the PLT: rsp + 8 + ((rip & 15) >= 11) * 8. */
	tap_ok(!expr_eval((const uint8_t *)"\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22", 11, &g,
			  &mem, 8, false, 0, &v), "the PLT's expression");
	tap_eq_u64(v, 0x1010, "it sees that the index was pushed");
	tap_ok(expr_eval((const uint8_t *)"\x73\x00", 2, &g, &mem, 8, false, 0, &v) == -3,
	       "an unknown register is said to be one");
	tap_ok(expr_eval((const uint8_t *)"\x30\x06", 2, &g, &mem, 8, false, 0, &v) == -2,
	       "unreadable memory is said to be");
	tap_ok(expr_eval((const uint8_t *)"\x2f\xfd\xff", 3, &g, &mem, 8, false, 0, &v) == -1,
	       "an endless loop ends");
	tap_ok(expr_eval((const uint8_t *)"\x22", 1, &g, &mem, 8, false, 0, &v) == -1, "underflow");
	tap_ok(expr_eval((const uint8_t *)"\x31\x30\x1b", 3, &g, &mem, 8, false, 0, &v) == -1,
	       "division by zero");
	tap_ok(expr_eval((const uint8_t *)"", 0, &g, &mem, 8, false, 0, &v) == -1, "nothing at all");
}

int main(void)
{
	rows();
	bad_programs();
	damage();
	exprs();
	return tap_done();
}
