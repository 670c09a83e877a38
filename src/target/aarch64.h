/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instruction words of arm64: what aarch64.c and aarch64_match.c share. */
#ifndef SUTURE_TARGET_AARCH64_H
#define SUTURE_TARGET_AARCH64_H

#include "target/target.h"

#include <string.h>

enum {
	INS_NOP = 0xd503201f,
	INS_UDF = 0x00000000,
	INS_BTI_C = 0xd503245f,
	INS_BTI_JC = 0xd50324df,
	INS_PACIASP = 0xd503233f,
	INS_PACIBSP = 0xd503237f,
	INS_MRS_TP_X0 = 0xd53bd040,	/* mrs x0, tpidr_el0 */
	INS_MRS_TP_X1 = 0xd53bd041,
	INS_ADD_X0_X1_X0 = 0x8b000020,
	MASK_ADR = 0x60ffffe0,		/* immlo, immhi */
	MASK_IMM12 = 0x003ffc00,
	MASK_IMM19 = 0x00ffffe0,
	MASK_IMM14 = 0x0007ffe0,
	MASK_IMM26 = 0x03ffffff,
	MASK_MOV16 = 0x001fffe0,
};

static inline int64_t sext(uint64_t v, unsigned int bits)
{
	return (int64_t)(v << (64 - bits)) >> (64 - bits);
}

static inline int64_t adr_imm(uint32_t w)
{
	return sext((w >> 5 & 0x7ffff) << 2 | (w >> 29 & 3), 21);
}

static inline bool is_adrp(uint32_t w)
{
	return (w & 0x9f000000) == 0x90000000;
}

static inline bool is_adr(uint32_t w)
{
	return (w & 0x9f000000) == 0x10000000;
}

/* add Xd, Xn, #imm12 (64 bits, shifted or not) */
static inline bool is_add_imm(uint32_t w)
{
	return (w & 0xff800000) == 0x91000000;
}

/* log2 of the access size whose offset a relocation scales; -1: it does not fill an imm12. */
int lo12_scale(uint32_t type);

uint64_t aarch64_follow(uint64_t addr, const uint8_t *p, size_t n);
uint64_t aarch64_moved(struct target_dis *dis, const uint8_t *p, size_t n, uint64_t addr, uint8_t out[TARGET_MAX_JUMP]);
/* aarch64_switch.c: target->switch_use() */
bool aarch64_switch_use(const uint8_t *code, uint32_t br, struct switch_use *ret);

/* target->match_rel() */
bool aarch64_match_rel(struct target_dis *dis, const uint8_t *obj, size_t obj_n,
		       const struct match_rel *r, size_t n_rels, const uint8_t *bin, size_t n,
		       uint64_t addr, struct rel_match *ret);

#endif
