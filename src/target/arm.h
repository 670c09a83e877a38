/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the arm target share. */
#ifndef SUTURE_TARGET_ARM_H
#define SUTURE_TARGET_ARM_H

#include "target/target.h"

#include <string.h>

enum { ISA_A32 = 0, ISA_THUMB = 1 };

/* The @bits low ones of @v, sign-extended. */
static inline int32_t arm_sext(uint32_t v, unsigned int bits)
{
	return (int32_t)(v << (32 - bits)) >> (32 - bits);
}

/* arm_decode.c: struct target's hook. */
int arm_decode(struct target_dis *dis, const uint8_t *p, size_t n, uint64_t addr, struct insn *ret);
/* Displacement of Thumb's 25-bit branches (bl, blx, b.w), from the pc; and storing it. */
int32_t thumb_branch_get(const uint8_t *p);
void thumb_branch_put(uint8_t *p, uint32_t second, int32_t d);
/* A decoded INSN_PCREL that loads a word: the register. -1: it is another kind. */
int arm_literal_reg(const uint8_t *p, const struct insn *in);
/* The register that the instruction adds its pc to, and how far that is ahead; -1: it is another. */
int arm_anchor_reg(const uint8_t *p, const struct insn *in, uint8_t *ret_pc);

/* arm_object.c: struct target's hook. */
void arm_prepare(struct elf_obj *o);

#endif
