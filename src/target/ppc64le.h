/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instruction words of 64-bit PowerPC: what ppc64le.c and ppc64le_match.c share. */
#ifndef SUTURE_TARGET_PPC64LE_H
#define SUTURE_TARGET_PPC64LE_H

#include "target/target.h"

#include <string.h>

/* Not in all C libraries' headers. */
enum {
	PPC64_ENTRY = 118, PPC64_REL24_NOTOC = 116, PPC64_PCREL_OPT = 123, PPC64_REL24_P9NOTOC = 124,
	PPC64_PCREL34 = 132, PPC64_GOT_PCREL34 = 133, PPC64_TPREL34 = 146, PPC64_DTPREL34 = 147,
	PPC64_GOT_TLSGD_PCREL34 = 148, PPC64_GOT_TLSLD_PCREL34 = 149, PPC64_GOT_TPREL_PCREL34 = 150,
};

#define PPC_NOP		0x60000000u	/* ori r0,r0,0 */
#define PPC_LD_R2_24	0xe8410018u	/* ld r2,24(r1) */
#define PPC_STD_R2_24	0xf8410018u	/* std r2,24(r1) */
#define PPC_ADDIS_R2_R12 0x3c4c0000u	/* addis r2,r12,0 */
#define PPC_LIS_R2	0x3c400000u	/* lis r2,0 */
#define PPC_ADDI_R2_R2	0x38420000u	/* addi r2,r2,0 */
#define PPC_LD_R2_R12	0xe84cfff8u	/* ld r2,-8(r12): the large code model, as of kernel modules */
#define PPC_ADD_R2_R2_R12 0x7c426214u	/* add r2,r2,r12 */

static inline uint32_t ppc_op(uint32_t i)	/* primary opcode */
{
	return i >> 26;
}

static inline uint32_t ppc_rt(uint32_t i)
{
	return i >> 21 & 31;
}

static inline uint32_t ppc_ra(uint32_t i)
{
	return i >> 16 & 31;
}

/* The bits of a D-, DS- or DQ-form instruction that hold its displacement. */
uint32_t ppc_disp_mask(uint32_t i);
/* Immediate of a prefixed instruction (8LS:D or MLS:D form), sign-extended. */
int64_t ppc_imm34(const uint8_t *p);

/* target->decode() and ->match_rel() */
int ppc_decode(struct target_dis *dis, const uint8_t *p, size_t n, uint64_t addr, struct insn *ret);
bool ppc_match_rel(struct target_dis *dis, const uint8_t *obj, size_t obj_n,
		   const struct match_rel *r, size_t n_rels, const uint8_t *bin, size_t n,
		   uint64_t addr, struct rel_match *ret);

#endif
