// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arm64 (ELF for the Arm 64-bit Architecture, AAELF64; Procedure Call Standard, AAPCS64).
 *
 * Instructions are four bytes at multiples of four. An address does not fit into one, so code uses
 * pairs: `adrp` takes the 4 KB page (21 bits of pages, so +-4 GB) and a second instruction adds the low
 * twelve bits, or has them as the scaled offset of a load or store:
 *
 *	adrp x0, sym			R_AARCH64_ADR_PREL_PG_HI21	PART_HI, 12 bits
 *	add  x0, x0, :lo12:sym		R_AARCH64_ADD_ABS_LO12_NC	PART_LO, 12 bits
 *	ldr  w1, [x0, :lo12:sym]	R_AARCH64_LDST32_ABS_LO12_NC	PART_LO, 12 bits
 *
 * One `adrp` may serve many. Displacements count from the instruction itself, so an addend carries no
 * bias: it is the offset in the symbol.
 *
 * Direct branches reach +-128 MB (b, bl), +-1 MB (b.cond, cbz) or +-32 KB (tbz); all have one size.
 *
 * What linkers make of relocated code is in aarch64_match.c.
 *
 * TLS is variant I: the thread pointer points to two words of the C library's, and the executable's
 * block follows them.
 *
 * Landing pads. Where a page is guarded (BTI), an indirect call must arrive at `bti c`, `bti jc`,
 * `paciasp` or `pacibsp`. So the redirect, one `b`, goes behind a `bti`; where the function begins with
 * `paciasp`, that becomes `bti c` and the `b` takes the place of what follows, as the new code signs
 * for itself. x30 is untouched by `b`. A nop of -fpatchable-function-entry= is an instruction like
 * any other, and the profiling call of -pg comes after the prologue, where the redirect does not reach.
 *
 * Registers. Only x16 and x17 (IP0, IP1) may be used between a caller and its callee: linkers put
 * them into veneers, so a caller keeps nothing there, and GCC tells even -fipa-ra that every call
 * changes both (aarch64_emit_call_insn), also the call of a local function, whose own code does not.
 *
 * Not supported: the large code model's split moves unless all four stand together; -fpic, which reaches slots from
 * where the GOT begins (-fPIC does not); ILP32; big endian.
 */
#include "target/aarch64.h"

#include <elf.h>

#include <capstone/capstone.h>

#ifndef R_AARCH64_PLT32
#define R_AARCH64_PLT32 314
#endif

#define WHOLE(type, kind, size, is_signed) {type, #type, kind, size, is_signed, PART_WHOLE, 0}
#define HI(type, kind, plain) {type, #type, kind, 4, false, PART_HI, plain}
#define LO(type, kind, plain) {type, #type, kind, 4, false, PART_LO, plain}
#define VIA_HI R_AARCH64_ADR_PREL_PG_HI21
#define VIA_LDR R_AARCH64_LDST64_ABS_LO12_NC
#define VIA_ADD R_AARCH64_ADD_ABS_LO12_NC
static const struct rel_info rels[] = {
	WHOLE(R_AARCH64_NONE, REL_NONE, 0, false),
	{256, "R_AARCH64_withdrawn", REL_NONE, 0, false, PART_WHOLE, 0}, /* an older NONE */
	WHOLE(R_AARCH64_ABS64, REL_ABS, 8, false),
	WHOLE(R_AARCH64_ABS32, REL_ABS, 4, false),
	WHOLE(R_AARCH64_PREL64, REL_PC, 8, true),
	WHOLE(R_AARCH64_PREL32, REL_PC, 4, true),
	WHOLE(R_AARCH64_PLT32, REL_PLT, 4, true),
	HI(R_AARCH64_ADR_PREL_PG_HI21, REL_PC, 0),
	HI(R_AARCH64_ADR_PREL_PG_HI21_NC, REL_PC, 0),
	LO(R_AARCH64_ADD_ABS_LO12_NC, REL_ABS, 0),
	LO(R_AARCH64_LDST8_ABS_LO12_NC, REL_ABS, 0),
	LO(R_AARCH64_LDST16_ABS_LO12_NC, REL_ABS, 0),
	LO(R_AARCH64_LDST32_ABS_LO12_NC, REL_ABS, 0),
	LO(R_AARCH64_LDST64_ABS_LO12_NC, REL_ABS, 0),
	LO(R_AARCH64_LDST128_ABS_LO12_NC, REL_ABS, 0),
	WHOLE(R_AARCH64_CALL26, REL_PLT, 4, true),
	WHOLE(R_AARCH64_JUMP26, REL_PLT, 4, true),
	WHOLE(R_AARCH64_CONDBR19, REL_PC, 4, true),
	WHOLE(R_AARCH64_TSTBR14, REL_PC, 4, true),
	WHOLE(R_AARCH64_ADR_PREL_LO21, REL_PC, 4, true),
	WHOLE(R_AARCH64_LD_PREL_LO19, REL_PC, 4, true),
	WHOLE(R_AARCH64_MOVW_UABS_G3, REL_ABS, 4, false),
	LO(R_AARCH64_MOVW_UABS_G0_NC, REL_ABS, 0),
	LO(R_AARCH64_MOVW_UABS_G1_NC, REL_ABS, 0),
	LO(R_AARCH64_MOVW_UABS_G2_NC, REL_ABS, 0),
	HI(R_AARCH64_ADR_GOT_PAGE, REL_GOT, VIA_HI),
	LO(R_AARCH64_LD64_GOT_LO12_NC, REL_GOT, VIA_LDR),
	HI(R_AARCH64_TLSGD_ADR_PAGE21, REL_TLS_GD, VIA_HI),
	LO(R_AARCH64_TLSGD_ADD_LO12_NC, REL_TLS_GD, VIA_ADD),
	HI(R_AARCH64_TLSLD_ADR_PAGE21, REL_TLS_LD, VIA_HI),
	LO(R_AARCH64_TLSLD_ADD_LO12_NC, REL_TLS_LD, VIA_ADD),
	HI(R_AARCH64_TLSLD_ADD_DTPREL_HI12, REL_TLS_DTPOFF, 0),
	LO(R_AARCH64_TLSLD_ADD_DTPREL_LO12_NC, REL_TLS_DTPOFF, 0),
	HI(R_AARCH64_TLSIE_ADR_GOTTPREL_PAGE21, REL_TLS_IE, VIA_HI),
	LO(R_AARCH64_TLSIE_LD64_GOTTPREL_LO12_NC, REL_TLS_IE, VIA_LDR),
	HI(R_AARCH64_TLSLE_ADD_TPREL_HI12, REL_TLS_LE, 0),
	LO(R_AARCH64_TLSLE_ADD_TPREL_LO12, REL_TLS_LE, 0),
	LO(R_AARCH64_TLSLE_ADD_TPREL_LO12_NC, REL_TLS_LE, 0),
	LO(R_AARCH64_TLSLE_LDST8_TPREL_LO12, REL_TLS_LE, 0),
	LO(R_AARCH64_TLSLE_LDST8_TPREL_LO12_NC, REL_TLS_LE, 0),
	LO(R_AARCH64_TLSLE_LDST16_TPREL_LO12, REL_TLS_LE, 0),
	LO(R_AARCH64_TLSLE_LDST16_TPREL_LO12_NC, REL_TLS_LE, 0),
	LO(R_AARCH64_TLSLE_LDST32_TPREL_LO12, REL_TLS_LE, 0),
	LO(R_AARCH64_TLSLE_LDST32_TPREL_LO12_NC, REL_TLS_LE, 0),
	LO(R_AARCH64_TLSLE_LDST64_TPREL_LO12, REL_TLS_LE, 0),
	LO(R_AARCH64_TLSLE_LDST64_TPREL_LO12_NC, REL_TLS_LE, 0),
	HI(R_AARCH64_TLSLE_MOVW_TPREL_G1, REL_TLS_LE, 0),
	LO(R_AARCH64_TLSLE_MOVW_TPREL_G0_NC, REL_TLS_LE, 0),
	HI(R_AARCH64_TLSDESC_ADR_PAGE21, REL_TLS_DESC, VIA_HI),
	LO(R_AARCH64_TLSDESC_LD64_LO12, REL_TLS_DESC, VIA_LDR),
	LO(R_AARCH64_TLSDESC_ADD_LO12, REL_TLS_DESC, VIA_ADD),
	WHOLE(R_AARCH64_TLSDESC_CALL, REL_TLS_DESC_CALL, 0, false),
	/* -fpic: a slot by its distance from the page where the GOT begins. Has a name, to be refused by. */
	WHOLE(R_AARCH64_LD64_GOTPAGE_LO15, REL_UNKNOWN, 0, false),
};

static const char *const compile_flags[] = {"-ffunction-sections", "-fdata-sections", NULL};
/* Section anchors stay on: what is proved must be what the program's own build made. */
static const char *const proof_flags[] = {"-ffunction-sections", NULL};
/*
 * Kernels since 6.12 write the values of some variables, which boot decides, into the code itself (asm/runtime-const.h),
 * and do so for vmlinux alone. A module's code reads the variables.
 */
static const char kernel_header[] = "#define _ASM_RUNTIME_CONST_H\n"
				    "#define runtime_const_ptr(var) (var)\n"
				    "#define runtime_const_shift_right_32(value, var) ((unsigned int)(value) >> (var))\n"
				    "#define runtime_const_init(type, var) do { } while (0)\n";

/*
 * Atomic operations ask this flag of libgcc whether the processor has instructions for them. A constructor
 * sets it when a program starts; code that comes later takes the way that every processor has, with
 * load-exclusive and store-exclusive, which mix with the others.
 */
static const char own_helpers[] =
	"	.section .rodata.__aarch64_have_lse_atomics,\"a\"\n"
	"	.globl __aarch64_have_lse_atomics\n"
	"	.hidden __aarch64_have_lse_atomics\n"
	"	.type __aarch64_have_lse_atomics, %object\n"
	"	.size __aarch64_have_lse_atomics, 1\n"
	"__aarch64_have_lse_atomics: .byte 0\n"
	"	.section .note.GNU-stack,\"\",%progbits\n";

/* ---- decoding ---- */

/* Linkers and assemblers pad code with nops, or with zeroes (udf #0), which no program executes. */
static size_t pad_len(const uint8_t *p, size_t n, unsigned int isa)
{
	return n >= 4 && (get32(p) == INS_NOP || get32(p) == INS_UDF) ? 4 : 0;
}

static int open_dis(size_t *ret)
{
	return cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, ret) == CS_ERR_OK ? 0 : -1;
}

static void set_target(struct insn *i, int64_t disp, uint32_t cond)
{
	i->has_target = true;
	i->target = i->addr + (uint64_t)disp;
	i->field_len = 4; /* of the instruction; what else it holds is in @cond */
	i->cond = (uint16_t)cond;
}

/*
 * The few classes that matter have fixed bit patterns (Arm Architecture Reference Manual, C4.1), and
 * Capstone 4 does not know all of them (bc.cond, braa). Every other word is an instruction like any
 * other: data among code cannot be told apart, and nothing here depends on it.
 */
static int decode(struct target_dis *dis, const uint8_t *p, size_t n, uint64_t addr,
		  struct insn *ret)
{
	uint32_t w;

	memset(ret, 0, sizeof(*ret));
	ret->addr = addr;
	if (n < 4)
		return -1;
	w = get32(p);
	ret->len = 4;
	if (w == INS_NOP) {
		ret->kind = INSN_NOP;
	} else if (w == INS_UDF) {
		ret->kind = INSN_TRAP;
	} else if ((w & 0x7c000000) == 0x14000000) { /* b, bl */
		ret->kind = w >> 31 ? INSN_CALL : INSN_JUMP;
		set_target(ret, sext(w & MASK_IMM26, 26) * 4, 0);
	} else if ((w & 0xff000000) == 0x54000000) { /* b.cond, bc.cond */
		ret->kind = INSN_COND;
		set_target(ret, sext(w >> 5 & 0x7ffff, 19) * 4, w & 0x1f);
	} else if ((w & 0x7e000000) == 0x34000000) { /* cbz, cbnz */
		ret->kind = INSN_COND;
		set_target(ret, sext(w >> 5 & 0x7ffff, 19) * 4,
			   0x1000 | (w >> 31) << 6 | (w >> 24 & 1) << 5 | (w & 0x1f));
	} else if ((w & 0x7e000000) == 0x36000000) { /* tbz, tbnz */
		ret->kind = INSN_COND;
		set_target(ret, sext(w >> 5 & 0x3fff, 14) * 4,
			   0x2000 | (w >> 24 & 1) << 11 | (w >> 31) << 10 | (w >> 19 & 0x1f) << 5 |
				   (w & 0x1f));
	} else if ((w & 0xfefff800) == 0xd61f0000) { /* br, braa, brab, braaz, brabz */
		ret->kind = INSN_JUMP_IND;
	} else if ((w & 0xfefff800) == 0xd63f0000) { /* blr and its kin */
		ret->kind = INSN_CALL_IND;
	} else if ((w & 0xfffff01f) == 0xd65f0000 || (w & 0xfffffbff) == 0xd65f0bff) { /* ret, retaa */
		ret->kind = INSN_RET;
	} else if (is_adr(w)) {
		set_target(ret, adr_imm(w), w & 0x1f);
	} else if ((w & 0x3b000000) == 0x18000000) { /* ldr literal */
		set_target(ret, sext(w >> 5 & 0x7ffff, 19) * 4,
			   0x4000 | (w >> 30) << 6 | (w >> 26 & 1) << 5 | (w & 0x1f));
	}
	return 0;
}

/* ---- encoding ---- */

/* bti, bti c, bti j, bti jc. `bti j` lets no call in, but a function may begin with it. */
static bool is_bti(uint32_t w)
{
	return (w & 0xffffff3f) == 0xd503241f;
}

static bool is_pac(uint32_t w)
{
	return w == INS_PACIASP || w == INS_PACIBSP;
}

/* May an indirect call, or a jump through x16 or x17, arrive here? */
static bool lands(const uint8_t *p, size_t n)
{
	uint32_t w = n >= 4 ? get32(p) : 0;

	return is_pac(w) || w == INS_BTI_C || w == INS_BTI_JC;
}

static size_t entry_shape(const uint8_t *p, size_t n, size_t *ret_len)
{
	*ret_len = 4;
	if (n >= 4 && is_bti(get32(p)))
		return 4;
	if (n >= 4 && is_pac(get32(p)))
		*ret_len = 8;
	return 0;
}

static bool put_b(uint8_t *p, uint64_t from, uint64_t to)
{
	int64_t d = (int64_t)(to - from);

	if (d & 3 || d != sext((uint64_t)d, 28))
		return false;
	put32(p, 0x14000000 | ((uint32_t)(d >> 2) & MASK_IMM26));
	return true;
}

static bool put_adrp(uint8_t *p, unsigned int reg, uint64_t from, uint64_t to)
{
	int64_t d = (int64_t)((to & ~0xfffull) - (from & ~0xfffull)) >> 12;

	if (d != sext((uint64_t)d, 21))
		return false;
	put32(p, 0x90000000 | ((uint32_t)d & 3) << 29 | ((uint32_t)(d >> 2) & 0x7ffff) << 5 | reg);
	return true;
}

static size_t encode_jump(uint64_t from, uint64_t to, const uint8_t *orig, size_t len,
			  uint8_t out[TARGET_MAX_JUMP])
{
	if (len == 4)
		return put_b(out, from, to) ? 4 : 0;
	if (len != 8)
		return 0;
	put32(out, INS_BTI_C);
	return put_b(out + 4, from + 4, to) ? 8 : 0;
}

static size_t encode_switch(uint64_t at, uint64_t word, uint64_t old, uint64_t new,
			    uint8_t out[TARGET_MAX_JUMP])
{
	/* adrp x16, word; ldr w16, [x16, :lo12:word]; cbz w16, 1f; b new; 1: b old */
	if (word & 3 || !put_adrp(out, 16, at, word))
		return 0;
	put32(out + 4, 0xb9400210 | (uint32_t)(word >> 2 & 0x3ff) << 10);
	put32(out + 8, 0x34000050);
	return put_b(out + 12, at + 12, new) && put_b(out + 16, at + 16, old) ? 20 : 0;
}

/* adrp x16, to; add x16, x16, :lo12:to; br x16. A guarded page lets `br x16` in at `bti c`. */
static bool put_far_jump(uint8_t *p, uint64_t from, uint64_t to)
{
	put32(p + 4, 0x91000210 | (uint32_t)(to & 0xfff) << 10);
	put32(p + 8, 0xd61f0200);
	return put_adrp(p, 16, from, to);
}

static size_t encode_switch_far(uint64_t at, uint64_t word, uint64_t old, uint64_t new,
				uint8_t out[TARGET_MAX_JUMP])
{
	/* movz, movk x16, word, sixteen bits each */
	for (unsigned int i = 0; i < 4; i++)
		put32(out + 4 * i, (i ? 0xf2800010 : 0xd2800010) | i << 21 |
					   (uint32_t)(word >> (16 * i) & 0xffff) << 5);
	put32(out + 16, 0xb9400210);	/* ldr w16, [x16] */
	put32(out + 20, 0x34000090);	/* cbz w16, the second jump */
	return put_far_jump(out + 24, at + 24, new) && put_far_jump(out + 36, at + 36, old) ? 48 : 0;
}

/* `br x16` to a page that is guarded has to land on a pad: whoever uses this sees to that. */
static size_t encode_far(uint64_t at, uint64_t to, uint8_t out[TARGET_MAX_JUMP])
{
	put32(out, 0x58000050);		/* ldr x16, .+8 */
	put32(out + 4, 0xd61f0200);	/* br x16 */
	memcpy(out + 8, &to, 8);
	return 16;
}

static size_t encode_stub(uint32_t call, uint8_t out[TARGET_MAX_JUMP], struct match_rel *r, size_t *ret_n)
{
	put32(out, INS_BTI_C);		/* the stub may be the value of a function pointer */
	put32(out + 4, 0x90000010);	/* adrp x16, slot */
	put32(out + 8, 0xf9400211);	/* ldr x17, [x16, :lo12:slot] */
	put32(out + 12, 0xd61f0220);	/* br x17 */
	r[0] = (struct match_rel){R_AARCH64_ADR_PREL_PG_HI21, 4, 0};
	r[1] = (struct match_rel){R_AARCH64_LDST64_ABS_LO12_NC, 8, 0};
	*ret_n = 2;
	return 16;
}

/*
 * A descriptor's resolver gets its address in x0, returns the offset from the thread pointer there and
 * keeps every other register but x30 (and the flags, which GCC takes for changed).
 */
static size_t encode_tls_resolver(bool relative, uint8_t out[TARGET_MAX_JUMP])
{
	static const uint32_t fixed[] = {
		INS_BTI_C,
		0xf9400400,	/* ldr x0, [x0, #8] */
		0xd65f03c0,	/* ret */
	};
	static const uint32_t other[] = {
		INS_BTI_C,
		0xa9bf7bf3,	/* stp x19, x30, [sp, #-16]! */
		0xf9400413,	/* ldr x19, [x0, #8]: the pair */
		0xf9400260,	/* ldr x0, [x19]: the other descriptor */
		0xf940001e,	/* ldr x30, [x0]: its resolver */
		0xd63f03c0,	/* blr x30 */
		0xf9400673,	/* ldr x19, [x19, #8]: the distance */
		0x8b130000,	/* add x0, x0, x19 */
		0xa8c17bf3,	/* ldp x19, x30, [sp], #16 */
		0xd65f03c0,	/* ret */
	};

	memcpy(out, relative ? other : fixed, relative ? sizeof(other) : sizeof(fixed));
	return relative ? sizeof(other) : sizeof(fixed);
}

/* ---- relocation ---- */

int lo12_scale(uint32_t type)
{
	switch (type) {
	case R_AARCH64_ADD_ABS_LO12_NC:
	case R_AARCH64_LDST8_ABS_LO12_NC:
	case R_AARCH64_TLSGD_ADD_LO12_NC:
	case R_AARCH64_TLSLD_ADD_LO12_NC:
	case R_AARCH64_TLSLD_ADD_DTPREL_LO12_NC:
	case R_AARCH64_TLSLE_ADD_TPREL_LO12:
	case R_AARCH64_TLSLE_ADD_TPREL_LO12_NC:
	case R_AARCH64_TLSLE_LDST8_TPREL_LO12:
	case R_AARCH64_TLSLE_LDST8_TPREL_LO12_NC:
	case R_AARCH64_TLSDESC_ADD_LO12:
		return 0;
	case R_AARCH64_LDST16_ABS_LO12_NC:
	case R_AARCH64_TLSLE_LDST16_TPREL_LO12:
	case R_AARCH64_TLSLE_LDST16_TPREL_LO12_NC:
		return 1;
	case R_AARCH64_LDST32_ABS_LO12_NC:
	case R_AARCH64_TLSLE_LDST32_TPREL_LO12:
	case R_AARCH64_TLSLE_LDST32_TPREL_LO12_NC:
		return 2;
	case R_AARCH64_LDST64_ABS_LO12_NC:
	case R_AARCH64_LD64_GOT_LO12_NC:
	case R_AARCH64_TLSIE_LD64_GOTTPREL_LO12_NC:
	case R_AARCH64_TLSLE_LDST64_TPREL_LO12:
	case R_AARCH64_TLSLE_LDST64_TPREL_LO12_NC:
	case R_AARCH64_TLSDESC_LD64_LO12:
		return 3;
	case R_AARCH64_LDST128_ABS_LO12_NC:
		return 4;
	default:
		return -1;
	}
}

/* TLSLE_*_LO12 without _NC: the whole value must fit. */
static bool lo12_checked(uint32_t type)
{
	return type == R_AARCH64_TLSLE_ADD_TPREL_LO12 || type == R_AARCH64_TLSLE_LDST8_TPREL_LO12 ||
	       type == R_AARCH64_TLSLE_LDST16_TPREL_LO12 || type == R_AARCH64_TLSLE_LDST32_TPREL_LO12 ||
	       type == R_AARCH64_TLSLE_LDST64_TPREL_LO12;
}

static void put_field(uint8_t *p, uint32_t mask, uint32_t v)
{
	put32(p, (get32(p) & ~mask) | (v & mask));
}

/* A signed displacement in units of four bytes, @bits wide, at bit @shift of the instruction. */
static int put_branch(uint8_t *p, int64_t d, unsigned int bits, unsigned int shift, uint32_t mask)
{
	if (d & 3 || d != sext((uint64_t)d, bits + 2))
		return -1;
	put_field(p, mask, (uint32_t)(d >> 2) << shift);
	return 0;
}

static int apply_rel(uint32_t type, uint8_t *p, uint64_t place, uint64_t v, uint64_t gp)
{
	int64_t d = (int64_t)(v - place);
	int scale = lo12_scale(type);

	/* Those that go through a slot are made plain when the patch is linked. */
	if (target_rel(&target_aarch64, type)->plain)
		return -1;
	if (scale >= 0) {
		if (v & ((1u << scale) - 1) || (lo12_checked(type) && v > 0xfff))
			return -1;
		put_field(p, MASK_IMM12, (uint32_t)((v & 0xfff) >> scale) << 10);
		return 0;
	}
	switch (type) {
	case R_AARCH64_NONE:
		return 0;
	case R_AARCH64_ABS64:
		memcpy(p, &v, 8);
		return 0;
	case R_AARCH64_PREL64:
		memcpy(p, &d, 8);
		return 0;
	case R_AARCH64_ABS32:
		if (v != (uint32_t)v && (int64_t)v != (int32_t)v)
			return -1;
		put32(p, (uint32_t)v);
		return 0;
	case R_AARCH64_PREL32:
	case R_AARCH64_PLT32:
		if (d != (int32_t)d)
			return -1;
		put32(p, (uint32_t)d);
		return 0;
	case R_AARCH64_ADR_PREL_PG_HI21:
	case R_AARCH64_ADR_PREL_PG_HI21_NC:
		d = (int64_t)((v & ~0xfffull) - (place & ~0xfffull)) >> 12;
		if (type == R_AARCH64_ADR_PREL_PG_HI21 && d != sext((uint64_t)d, 21))
			return -1;
		put_field(p, MASK_ADR, ((uint32_t)d & 3) << 29 | ((uint32_t)(d >> 2) & 0x7ffff) << 5);
		return 0;
	case R_AARCH64_ADR_PREL_LO21:
		if (d != sext((uint64_t)d, 21))
			return -1;
		put_field(p, MASK_ADR, ((uint32_t)d & 3) << 29 | ((uint32_t)(d >> 2) & 0x7ffff) << 5);
		return 0;
	case R_AARCH64_CALL26:
	case R_AARCH64_JUMP26:
		return put_branch(p, d, 26, 0, MASK_IMM26);
	case R_AARCH64_CONDBR19:
	case R_AARCH64_LD_PREL_LO19:
		return put_branch(p, d, 19, 5, MASK_IMM19);
	case R_AARCH64_TSTBR14:
		return put_branch(p, d, 14, 5, MASK_IMM14);
	case R_AARCH64_MOVW_UABS_G3:
	case R_AARCH64_MOVW_UABS_G2_NC:
	case R_AARCH64_MOVW_UABS_G1_NC:
	case R_AARCH64_MOVW_UABS_G0_NC: {
		static const uint8_t shift[] = {[R_AARCH64_MOVW_UABS_G0_NC - 263] = 0,
						[R_AARCH64_MOVW_UABS_G1_NC - 263] = 16,
						[R_AARCH64_MOVW_UABS_G2_NC - 263] = 32,
						[R_AARCH64_MOVW_UABS_G3 - 263] = 48};

		put_field(p, MASK_MOV16, (uint32_t)(v >> shift[type - 263] & 0xffff) << 5);
		return 0;
	}
	case R_AARCH64_TLSLE_ADD_TPREL_HI12:
	case R_AARCH64_TLSLD_ADD_DTPREL_HI12:
		if (v >> 24)
			return -1;
		put_field(p, MASK_IMM12, (uint32_t)(v >> 12) << 10);
		return 0;
	case R_AARCH64_TLSLE_MOVW_TPREL_G1:
		if (v >> 32)
			return -1;
		put_field(p, MASK_MOV16, (uint32_t)(v >> 16) << 5);
		return 0;
	case R_AARCH64_TLSLE_MOVW_TPREL_G0_NC:
		put_field(p, MASK_MOV16, (uint32_t)(v & 0xffff) << 5);
		return 0;
	default:
		return -1;
	}
}

static int64_t rel_offset(uint32_t type, int64_t addend, uint32_t insn_end)
{
	return addend;
}

const struct target target_aarch64 = {
	.machine = EM_AARCH64,
	.elf_class = ELFCLASS64,
	.name = "arm64",
	.debian = "arm64",
	.multiarch = "aarch64-linux-gnu",
	.rels = rels,
	.n_rels = ARRAY_SIZE(rels),
	.insn_min = 4,
	.jump_reach = 0x7ffff00,
	.far_reach = 0xffff0000, /* of adrp */
	.page_size = 65536,
	.thread_ptr_gap = 16,
	.trap_byte = 0x00, /* udf #0 */
	.rel_abs = R_AARCH64_ABS64,
	.rel_glob_dat = R_AARCH64_GLOB_DAT,
	.rel_jump_slot = R_AARCH64_JUMP_SLOT,
	.rel_tlsdesc = R_AARCH64_TLSDESC,
	.rel_irelative = R_AARCH64_IRELATIVE,
	.rel_pc32 = R_AARCH64_PREL32,
	.compile_flags = compile_flags,
	.proof_flags = proof_flags,
	.kernel_header = kernel_header,
	.own_helpers = own_helpers,
	.open = open_dis,
	.decode = decode,
	.pad_len = pad_len,
	.entry_shape = entry_shape,
	.encode_jump = encode_jump,
	.encode_switch = encode_switch,
	.encode_switch_far = encode_switch_far,
	.encode_far = encode_far,
	.encode_stub = encode_stub,
	.guard_property = 0xc0000000,	/* GNU_PROPERTY_AARCH64_FEATURE_1_AND */
	.guard_bits = 1,		/* GNU_PROPERTY_AARCH64_FEATURE_1_BTI */
	.lands = lands,
	.rel_branch = R_AARCH64_JUMP26,
	.branch = 0x14000000,		/* b */
	.encode_tls_resolver = encode_tls_resolver,
	.apply_rel = apply_rel,
	.follow = aarch64_follow,
	.moved = aarch64_moved,
	.match_rel = aarch64_match_rel,
	.switch_use = aarch64_switch_use,
	.rel_offset = rel_offset,
};
