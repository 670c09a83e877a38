/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instruction words of riscv64: what riscv64.c, riscv64_object.c and riscv64_match.c share. */
#ifndef SUTURE_TARGET_RISCV64_H
#define SUTURE_TARGET_RISCV64_H

#include "target/target.h"

#include <string.h>

/* Younger than the host's <elf.h> may be. */
#ifndef R_RISCV_PLT32
#define R_RISCV_PLT32 59
#endif
#ifndef R_RISCV_SET_ULEB128
#define R_RISCV_SET_ULEB128 60
#define R_RISCV_SUB_ULEB128 61
#endif

/*
 * Types of our own: objects have R_RISCV_PCREL_LO12_I for the low half of all of these, and only the high
 * half, which its symbol leads to, tells them apart. No file has them: in a patch they are plain.
 */
enum {
	R_SUT_GOT_LO12_I = 0x100,
	R_SUT_TLS_IE_LO12_I,
	R_SUT_TLS_GD_LO12_I,
	R_SUT_NOT_UNDERSTOOD,
};

enum {
	INS_NOP = 0x00000013,		/* addi x0,x0,0 */
	INS_C_NOP = 0x0001,
	OP_LOAD = 0x03,
	OP_IMM = 0x13,
	OP_AUIPC = 0x17,
	OP_LUI = 0x37,
	OP_BRANCH = 0x63,
	OP_JALR = 0x67,
	OP_JAL = 0x6f,
	X_ZERO = 0,
	X_RA = 1,
	X_GP = 3,
	X_TP = 4,
	X_T0 = 5,
	X_T1 = 6,
	X_T3 = 28,
	MASK_RS1 = 0x000f8000,
	MASK_I = 0xfff00000,		/* imm[11:0] */
	MASK_S = 0xfe000f80,
	MASK_U = 0xfffff000,
	MASK_B = 0xfe000f80,
};

static inline int64_t sext(uint64_t v, unsigned int bits)
{
	return (int64_t)(v << (64 - bits)) >> (64 - bits);
}

static inline uint32_t opcode(uint32_t w)
{
	return w & 0x7f;
}

static inline uint32_t rd_of(uint32_t w)
{
	return w >> 7 & 31;
}

static inline uint32_t rs1_of(uint32_t w)
{
	return w >> 15 & 31;
}

/* An instruction of four bytes? (There are none of six or more in use.) */
static inline bool is_wide(const uint8_t *p)
{
	return (p[0] & 3) == 3;
}

static inline int64_t imm_i(uint32_t w)
{
	return sext(w >> 20, 12);
}

static inline int64_t imm_s(uint32_t w)
{
	return sext((w >> 25) << 5 | (w >> 7 & 31), 12);
}

static inline int64_t imm_u(uint32_t w)
{
	return (int32_t)(w & MASK_U);
}

static inline int64_t imm_b(uint32_t w)
{
	return sext((w >> 31) << 12 | (w >> 7 & 1) << 11 | (w >> 25 & 0x3f) << 5 | (w >> 8 & 15) << 1, 13);
}

static inline int64_t imm_j(uint32_t w)
{
	return sext((w >> 31) << 20 | (w >> 12 & 0xff) << 12 | (w >> 20 & 1) << 11 | (w >> 21 & 0x3ff) << 1, 21);
}

/* c.j */
static inline int64_t imm_cj(uint32_t h)
{
	return sext((h >> 12 & 1) << 11 | (h >> 11 & 1) << 4 | (h >> 9 & 3) << 8 | (h >> 8 & 1) << 10 |
			    (h >> 7 & 1) << 6 | (h >> 6 & 1) << 7 | (h >> 3 & 7) << 1 | (h >> 2 & 1) << 5, 12);
}

/* c.beqz, c.bnez */
static inline int64_t imm_cb(uint32_t h)
{
	return sext((h >> 12 & 1) << 8 | (h >> 10 & 3) << 3 | (h >> 5 & 3) << 6 | (h >> 3 & 3) << 1 |
			    (h >> 2 & 1) << 5, 9);
}

static inline bool is_c_j(uint32_t h)
{
	return (h & 0xe003) == 0xa001;
}

/* Does this relocation give two instructions, auipc and jalr, their target? */
static inline bool is_call_rel(uint32_t type)
{
	return type == R_RISCV_CALL || type == R_RISCV_CALL_PLT;
}

/* Fills the field of a branch: 0, -1 where @d does not fit. */
int riscv64_put_branch(uint32_t type, uint8_t *p, int64_t d);

/* target->prepare() */
void riscv64_prepare(struct elf_obj *o);
/* target->start_gp() */
uint64_t riscv64_start_gp(const struct elf_obj *o);
/* target->match_rel() */
bool riscv64_match_rel(struct target_dis *dis, const uint8_t *obj, size_t obj_n,
		       const struct match_rel *r, size_t n_rels, const uint8_t *bin, size_t n,
		       uint64_t addr, struct rel_match *ret);

#endif
