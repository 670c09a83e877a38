// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * riscv64 (RISC-V ELF psABI; lp64d, as Linux distributions have it: RV64GC, little endian).
 *
 * Instructions are of two or four bytes, at multiples of two. The two lowest bits tell which. An address is
 * made of two, 20 and 12 bits, the low ones with a sign, so the high part is rounded to the nearest:
 *
 *	auipc a5, %pcrel_hi(sym)	R_RISCV_PCREL_HI20	PART_HI, 12 bits, of a distance from itself
 *	lw    a0, %pcrel_lo(..)(a5)	R_RISCV_PCREL_LO12_I	PART_LO; of the same distance, not of its own
 *	lui   a5, %hi(sym)		R_RISCV_HI20		PART_HI: not position independent
 *	lw    a0, %lo(sym)(a5)		R_RISCV_LO12_I		PART_LO
 *
 * Calls are such a pair, too (auipc, jalr: +-2 GB), under one relocation, and taken for one instruction of
 * eight bytes here. Direct branches reach +-1 MB (jal), +-4 KB (beq and its kin), +-2 KB (c.j) and +-256
 * bytes (c.beqz).
 *
 * What an assembler leaves to the linker is in riscv64_object.c, what linkers make of code in
 * riscv64_match.c.
 *
 * gp points into the data of the executable, for the linker's use: code of compilers does not name it. A
 * patch is not relaxed, so it does not need it either.
 *
 * TLS is variant I: the thread pointer points to the first block itself, and a module's offsets are given
 * less 0x800. There are general dynamic, initial exec and local exec, and linkers turn none into another.
 *
 * The redirect of an entry is auipc t1; jalr zero,t1: 8 bytes, as `jal` reaches no farther than 1 MB, less
 * than many a program is long. It has two instructions, so a thread may stand between them:
 * src/apply/between.c. Stubs and calls that leave by another object's linkage table use t1 and t3 as well:
 * callers keep nothing there, and no argument, nor a nested function's static chain (t2), is in them.
 * A landing pad (Zicfilp's lpad, which is auipc zero) stays in front.
 *
 * Not supported: TLS descriptors, shadow call stacks that use gp, ILP32, big endian, other float ABIs.
 */
#include "target/riscv64.h"

#include <elf.h>

#define WHOLE(type, kind, size, is_signed) {type, #type, kind, size, is_signed, PART_WHOLE, 0}
#define HI(type, kind, plain) {type, #type, kind, 4, false, PART_HI, plain}
#define LO(type, kind, plain) {type, #type, kind, 4, false, PART_LO, plain}
#define LO_OF(type, name, kind) {type, "R_RISCV_PCREL_LO12_I of " name, kind, 4, false, PART_LO, R_RISCV_PCREL_LO12_I}
static const struct rel_info rels[] = {
	WHOLE(R_RISCV_NONE, REL_NONE, 0, false),
	WHOLE(R_RISCV_64, REL_ABS, 8, false),
	WHOLE(R_RISCV_32, REL_ABS, 4, false),
	WHOLE(R_RISCV_32_PCREL, REL_PC, 4, true),
	WHOLE(R_RISCV_PLT32, REL_PLT, 4, true),
	WHOLE(R_RISCV_CALL, REL_PLT, 8, true),
	WHOLE(R_RISCV_CALL_PLT, REL_PLT, 8, true),
	WHOLE(R_RISCV_JAL, REL_PLT, 4, true),
	WHOLE(R_RISCV_BRANCH, REL_PC, 4, true),
	WHOLE(R_RISCV_RVC_JUMP, REL_PLT, 2, true),
	WHOLE(R_RISCV_RVC_BRANCH, REL_PC, 2, true),
	HI(R_RISCV_PCREL_HI20, REL_PC, 0),
	LO(R_RISCV_PCREL_LO12_I, REL_PC, 0),
	LO(R_RISCV_PCREL_LO12_S, REL_PC, 0),
	HI(R_RISCV_HI20, REL_ABS, 0),
	LO(R_RISCV_LO12_I, REL_ABS, 0),
	LO(R_RISCV_LO12_S, REL_ABS, 0),
	HI(R_RISCV_GOT_HI20, REL_GOT, R_RISCV_PCREL_HI20),
	LO_OF(R_SUT_GOT_LO12_I, "R_RISCV_GOT_HI20", REL_GOT),
	HI(R_RISCV_TLS_GOT_HI20, REL_TLS_IE, R_RISCV_PCREL_HI20),
	LO_OF(R_SUT_TLS_IE_LO12_I, "R_RISCV_TLS_GOT_HI20", REL_TLS_IE),
	HI(R_RISCV_TLS_GD_HI20, REL_TLS_GD, R_RISCV_PCREL_HI20),
	LO_OF(R_SUT_TLS_GD_LO12_I, "R_RISCV_TLS_GD_HI20", REL_TLS_GD),
	HI(R_RISCV_TPREL_HI20, REL_TLS_LE, 0),
	WHOLE(R_RISCV_TPREL_ADD, REL_NONE, 4, false), /* marks the instruction; it has no field */
	LO(R_RISCV_TPREL_LO12_I, REL_TLS_LE, 0),
	LO(R_RISCV_TPREL_LO12_S, REL_TLS_LE, 0),
};

static const char *const compile_flags[] = {"-ffunction-sections", "-fdata-sections", NULL};
/* Section anchors stay on: what is proved must be what the program's own build made. */
static const char *const proof_flags[] = {"-ffunction-sections", NULL};

/* ---- decoding ---- */

/* Linkers and assemblers pad code with nops of both sizes, or with zeroes, which no program executes. */
static size_t pad_len(const uint8_t *p, size_t n, unsigned int isa)
{
	if (n >= 4 && get32(p) == INS_NOP)
		return 4;
	return n >= 2 && (get16(p) == INS_C_NOP || !get16(p)) ? 2 : 0;
}

static void set_target(struct insn *i, int64_t disp, uint32_t cond)
{
	i->has_target = true;
	i->target = i->addr + (uint64_t)disp;
	i->field_len = i->len; /* of the instruction; what else it holds is in @cond */
	i->cond = cond;
}

/* In an object the two instructions of a call are one, with one relocation. */
static bool begins_call(const struct target_dis *dis, const uint8_t *p, size_t n, uint64_t off)
{
	const struct elf_sec *s = dis->sec;

	for (size_t i = s ? elf_sec_first_rel(s, off) : 0; s && i < s->n_rels && s->rels[i].offset == off; i++)
		if (is_call_rel(s->rels[i].type))
			return n >= 8 && opcode(get32(p + 4)) == OP_JALR;
	return false;
}

static void decode_wide(struct target_dis *dis, const uint8_t *p, size_t n, struct insn *ret)
{
	uint32_t w = get32(p), rd = rd_of(w);

	switch (opcode(w)) {
	case OP_JAL:
		ret->kind = rd ? INSN_CALL : INSN_JUMP;
		set_target(ret, imm_j(w), rd);
		break;
	case OP_BRANCH:
		ret->kind = INSN_COND;
		set_target(ret, imm_b(w), (w >> 12 & 7) << 10 | (w >> 20 & 31) << 5 | rs1_of(w));
		break;
	case OP_JALR:
		ret->kind = rd ? INSN_CALL_IND : rs1_of(w) == X_RA && !(w >> 20) ? INSN_RET : INSN_JUMP_IND;
		break;
	case OP_AUIPC:
		if (begins_call(dis, p, n, ret->addr)) {
			ret->len = 8;
			ret->kind = rd_of(get32(p + 4)) ? INSN_CALL : INSN_JUMP;
		} else if (rd) { /* auipc zero is a landing pad */
			ret->kind = INSN_PCREL;
			set_target(ret, imm_u(w), rd);
		}
		break;
	default:
		if (w == INS_NOP)
			ret->kind = INSN_NOP;
		break;
	}
}

static void decode_short(uint32_t h, struct insn *ret)
{
	if (h == INS_C_NOP) {
		ret->kind = INSN_NOP;
	} else if (!h) {
		ret->kind = INSN_TRAP;
	} else if (is_c_j(h)) {
		ret->kind = INSN_JUMP;
		set_target(ret, imm_cj(h), 0);
	} else if ((h & 0xc003) == 0xc001) { /* c.beqz, c.bnez: as beq, bne with zero */
		ret->kind = INSN_COND;
		set_target(ret, imm_cb(h), (h >> 13 & 1) << 10 | ((h >> 7 & 7) + 8));
	} else if ((h & 0xe07f) == 0x8002 && h & 0xf80) { /* c.jr, c.jalr */
		ret->kind = h & 0x1000 ? INSN_CALL_IND : rd_of(h) == X_RA ? INSN_RET : INSN_JUMP_IND;
	}
}

static int decode(struct target_dis *dis, const uint8_t *p, size_t n, uint64_t addr, struct insn *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->addr = addr;
	if (n < 2 || (is_wide(p) && n < 4))
		return -1;
	if (is_wide(p)) {
		ret->len = 4;
		if ((p[0] & 0x1f) == 0x1f) /* longer ones, of which there are none */
			return -1;
		decode_wide(dis, p, n, ret);
	} else {
		ret->len = 2;
		decode_short(get16(p), ret);
	}
	return 0;
}

/* ---- encoding ---- */

static size_t entry_shape(const uint8_t *p, size_t n, size_t *ret_len)
{
	*ret_len = 8;
	return n >= 4 && (get32(p) & 0xfff) == OP_AUIPC ? 4 : 0;
}

/* The high and the low part of a distance, for an instruction's fields; false where it is too far. */
static bool split(int64_t d, uint32_t *ret_hi, uint32_t *ret_lo)
{
	int64_t hi = (int64_t)((uint64_t)d + 0x800) >> 12;

	*ret_hi = (uint32_t)hi << 12;
	*ret_lo = (uint32_t)d << 20;
	return hi == sext((uint64_t)hi, 20);
}

/* auipc reg,hi; then @low, an instruction that has the low part where I-type ones have it */
static bool put_far(uint8_t *p, uint64_t from, uint64_t to, uint32_t reg, uint32_t low)
{
	uint32_t hi, lo;
	bool fits = split((int64_t)(to - from), &hi, &lo);

	put32(p, hi | reg << 7 | OP_AUIPC);
	put32(p + 4, lo | low);
	return fits;
}

#define JR(reg) ((reg) << 15 | OP_JALR)				/* jalr zero,lo(reg) */
#define LOAD(size, to, base) ((base) << 15 | (size) << 12 | (to) << 7 | OP_LOAD)
enum { LW = 2, LD = 3 };

static size_t encode_jump(uint64_t from, uint64_t to, const uint8_t *orig, size_t len,
			  uint8_t out[TARGET_MAX_JUMP])
{
	return len == 8 && put_far(out, from, to, X_T1, JR(X_T1)) ? 8 : 0;
}

#define BEQZ_T1(dist) ((dist) << 7 | X_T1 << 15 | OP_BRANCH)	/* beq t1,zero: forward, below 32 */

static size_t encode_switch(uint64_t at, uint64_t word, uint64_t old, uint64_t new,
			    uint8_t out[TARGET_MAX_JUMP])
{
	/* auipc t1,word; lw t1,word(t1); beqz t1,1f; auipc t1,new; jr new(t1); 1: the same with old */
	put32(out + 8, BEQZ_T1(12u));
	return put_far(out, at, word, X_T1, LOAD(LW, X_T1, X_T1)) &&
	       put_far(out + 12, at + 12, new, X_T1, JR(X_T1)) &&
	       put_far(out + 20, at + 20, old, X_T1, JR(X_T1)) ? 28 : 0;
}

static size_t encode_switch_far(uint64_t at, uint64_t word, uint64_t old, uint64_t new,
				uint8_t out[TARGET_MAX_JUMP])
{
	/* auipc t1,0; ld t1,40(t1): the word's address, which follows the code; lw t1,0(t1) */
	put_far(out, at, at + 40, X_T1, LOAD(LD, X_T1, X_T1));
	put32(out + 8, LOAD(LW, X_T1, X_T1));
	put32(out + 12, BEQZ_T1(12u));
	memset(out + 32, 0, 8);
	memcpy(out + 40, &word, 8);
	return put_far(out + 16, at + 16, new, X_T1, JR(X_T1)) &&
	       put_far(out + 24, at + 24, old, X_T1, JR(X_T1)) ? 48 : 0;
}

static size_t encode_stub(uint32_t call, uint8_t out[TARGET_MAX_JUMP], struct match_rel *r, size_t *ret_n)
{
	put_far(out, 0, 0, X_T3, LOAD(LD, X_T3, X_T3));
	put32(out + 8, JR(X_T3));
	r[0] = (struct match_rel){R_RISCV_PCREL_HI20, 0, 0};
	r[1] = (struct match_rel){R_RISCV_PCREL_LO12_I, 4, 4}; /* counts from the first: riscv64_object.c */
	*ret_n = 2;
	return 12;
}

/* ---- relocation ---- */

static void put_bits(uint8_t *p, uint32_t mask, uint32_t v)
{
	put32(p, (get32(p) & ~mask) | (v & mask));
}

/* Bit @from of @v at bit @to, @n of them. */
static uint32_t bits(int64_t v, unsigned int from, unsigned int n, unsigned int to)
{
	return ((uint32_t)(v >> from) & ((1u << n) - 1)) << to;
}

int riscv64_put_branch(uint32_t type, uint8_t *p, int64_t d)
{
	unsigned int reach = type == R_RISCV_JAL ? 21 : type == R_RISCV_BRANCH ? 13 :
			     type == R_RISCV_RVC_JUMP ? 12 : 9;

	if (d & 1 || d != sext((uint64_t)d, reach))
		return -1;
	switch (type) {
	case R_RISCV_JAL:
		put_bits(p, MASK_U, bits(d, 20, 1, 31) | bits(d, 1, 10, 21) | bits(d, 11, 1, 20) | bits(d, 12, 8, 12));
		return 0;
	case R_RISCV_BRANCH:
		put_bits(p, MASK_B, bits(d, 12, 1, 31) | bits(d, 5, 6, 25) | bits(d, 1, 4, 8) | bits(d, 11, 1, 7));
		return 0;
	case R_RISCV_RVC_JUMP:
		put16(p, (get16(p) & 0xe003) | bits(d, 11, 1, 12) | bits(d, 4, 1, 11) | bits(d, 8, 2, 9) |
				 bits(d, 10, 1, 8) | bits(d, 6, 1, 7) | bits(d, 7, 1, 6) | bits(d, 1, 3, 3) |
				 bits(d, 5, 1, 2));
		return 0;
	default:
		put16(p, (get16(p) & 0xe383) | bits(d, 8, 1, 12) | bits(d, 3, 2, 10) | bits(d, 6, 2, 5) |
				 bits(d, 1, 2, 3) | bits(d, 5, 1, 2));
		return 0;
	}
}

static void put_s(uint8_t *p, uint32_t lo)
{
	put_bits(p, MASK_S, (lo & 0xfe000000) | (lo >> 20 & 31) << 7);
}

static int apply_rel(uint32_t type, uint8_t *p, uint64_t place, uint64_t v, uint64_t gp)
{
	int64_t d = (int64_t)(v - place);
	uint32_t hi, lo, dhi, dlo;
	bool fits = split((int64_t)v, &hi, &lo), dfits = split(d, &dhi, &dlo);

	switch (type) {
	case R_RISCV_NONE:
	case R_RISCV_TPREL_ADD:
		return 0;
	case R_RISCV_64:
		memcpy(p, &v, 8);
		return 0;
	case R_RISCV_32:
		if (v != (uint32_t)v && (int64_t)v != (int32_t)v)
			return -1;
		put32(p, (uint32_t)v);
		return 0;
	case R_RISCV_32_PCREL:
	case R_RISCV_PLT32:
		if (d != (int32_t)d)
			return -1;
		put32(p, (uint32_t)d);
		return 0;
	case R_RISCV_CALL:
	case R_RISCV_CALL_PLT:
		if (!dfits)
			return -1;
		put_bits(p, MASK_U, dhi);
		put_bits(p + 4, MASK_I, dlo);
		return 0;
	case R_RISCV_JAL:
	case R_RISCV_BRANCH:
	case R_RISCV_RVC_JUMP:
	case R_RISCV_RVC_BRANCH:
		return riscv64_put_branch(type, p, d);
	case R_RISCV_PCREL_HI20:
		if (!dfits)
			return -1;
		put_bits(p, MASK_U, dhi);
		return 0;
	/* The high half refuses what is too far. */
	case R_RISCV_PCREL_LO12_I:
		put_bits(p, MASK_I, dlo);
		return 0;
	case R_RISCV_PCREL_LO12_S:
		put_s(p, dlo);
		return 0;
	case R_RISCV_HI20:
	case R_RISCV_TPREL_HI20:
		if (!fits)
			return -1;
		put_bits(p, MASK_U, hi);
		return 0;
	case R_RISCV_LO12_I:
	case R_RISCV_TPREL_LO12_I:
		put_bits(p, MASK_I, lo);
		return 0;
	case R_RISCV_LO12_S:
	case R_RISCV_TPREL_LO12_S:
		put_s(p, lo);
		return 0;
	default:
		return -1;
	}
}

/* @insn_end leads from a low half to its high one, from where its addend counts: riscv64_object.c. */
static int64_t rel_offset(uint32_t type, int64_t addend, uint32_t insn_end)
{
	switch (type) {
	case R_RISCV_PCREL_LO12_I:
	case R_RISCV_PCREL_LO12_S:
	case R_SUT_GOT_LO12_I:
	case R_SUT_TLS_IE_LO12_I:
	case R_SUT_TLS_GD_LO12_I:
		return addend + (int32_t)insn_end;
	default:
		return addend;
	}
}

const struct target target_riscv64 = {
	.machine = EM_RISCV,
	.elf_class = ELFCLASS64,
	.e_flags = EF_RISCV_RVC | EF_RISCV_FLOAT_ABI_DOUBLE,
	.name = "riscv64",
	.debian = "riscv64",
	.multiarch = "riscv64-linux-gnu",
	.rels = rels,
	.n_rels = ARRAY_SIZE(rels),
	.insn_min = 2,
	.jump_reach = 0x7ffff000,
	.page_size = 4096,
	.dtp_bias = 0x800,
	.tls_as_compiled = true,
	.trap_byte = 0x00,
	.rel_abs = R_RISCV_64,
	.rel_glob_dat = R_RISCV_64,
	.rel_jump_slot = R_RISCV_JUMP_SLOT,
	.rel_irelative = R_RISCV_IRELATIVE,
	.rel_pc32 = R_RISCV_32_PCREL,
	.compile_flags = compile_flags,
	.proof_flags = proof_flags,
	.prepare = riscv64_prepare,
	.start_gp = riscv64_start_gp,
	.decode = decode,
	.pad_len = pad_len,
	.entry_shape = entry_shape,
	.encode_jump = encode_jump,
	.encode_switch = encode_switch,
	.encode_switch_far = encode_switch_far,
	.encode_stub = encode_stub,
	.apply_rel = apply_rel,
	.match_rel = riscv64_match_rel,
	.rel_offset = rel_offset,
};
