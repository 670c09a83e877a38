// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * 32-bit ARM, EABI version 5 (AAPCS32, AAELF32; "armhf" in Debian).
 *
 * Two instruction sets. A32 has words, Thumb-2 has halfwords, one or two per instruction; which of
 * them a thread executes is a bit of its status register, and it changes with the target of bx, blx
 * and of a load into the pc: bit 0 of the address is set for Thumb. Compilers choose one per function
 * (Debian: Thumb), so all files are mixed: PLT entries are A32 code. A call (bl) is turned into blx by
 * the linker where the callee is of the other set; a jump (b) has no such form and goes by a detour,
 *
 *	bx pc; nop				Thumb, behind it A32 code
 *	ldr pc, [pc, #-4]; .word target		A32
 *
 * as do branches that do not reach (16 MB in Thumb, 32 MB in A32). follow() sees through those.
 *
 * Relocations are REL and have their addends in the fields; see arm_object.c for what is done about it,
 * and for literals that hold distances from another instruction. Code of fixed position uses movw and
 * movt with half an address each. The GOT's own address (_GLOBAL_OFFSET_TABLE_, DT_PLTGOT) serves as
 * global pointer: R_ARM_GOT_BREL is a slot's distance from it.
 *
 * The redirect is one branch of four bytes at the very entry, on a halfword boundary in Thumb (it may
 * cross a page: all threads are stopped when it is written). There are no landing pads. Where the
 * profile call of -pg comes after the prologue, the redirect is before both, and the new code has its
 * own; -fpatchable-function-entry's nops are overwritten like anything else.
 *
 * Stubs use ip (r12) alone. Linkers may put a veneer that does the same between any call and its
 * callee, and GCC counts on that even for local functions (arm_emit_call_insn() marks ip as clobbered
 * by every call, whatever -fipa-ra knows of the callee). The flags carry nothing across a call.
 *
 * TLS is of variant I: the executable's block begins 8 bytes above the thread pointer, or further by
 * its alignment. Descriptors ({argument, resolver}, the other way round than elsewhere) are called through
 * a piece of code that the linker puts into the PLT: it gets in r0 the distance of the descriptor from the
 * return address of its own call. Linkers of executables turn that into something else, depending on the
 * variable, and what the distance has become then is told by the call and not by the literal: such code is
 * not recognized. Compilers make it only when asked (-mtls-dialect=gnu2).
 */
#include "target/arm.h"

#include <capstone/capstone.h>

/* Names of the psABI that <elf.h> has under older ones. */
#define R_ARM_THM_CALL R_ARM_THM_PC22
#define R_ARM_THM_JUMP11 R_ARM_THM_PC11
#define R_ARM_THM_JUMP8 R_ARM_THM_PC9
#define R_ARM_BASE_PREL R_ARM_GOTPC
#define R_ARM_GOT_BREL R_ARM_GOT32
#define R_ARM_GOTOFF32 R_ARM_GOTOFF

#define REL(type, kind, size, is_signed) {type, #type, kind, size, is_signed, PART_WHOLE, 0}
#define SLOT(type, kind, plain) {type, #type, kind, 4, true, PART_WHOLE, plain}
static const struct rel_info rels[] = {
	REL(R_ARM_NONE, REL_NONE, 0, false),
	REL(R_ARM_V4BX, REL_NONE, 0, false),
	REL(R_ARM_ABS32, REL_ABS, 4, false),
	REL(R_ARM_TARGET1, REL_ABS, 4, false),
	REL(R_ARM_REL32, REL_PC, 4, true),
	REL(R_ARM_PREL31, REL_PC, 4, true),
	REL(R_ARM_BASE_PREL, REL_PC, 4, true),
	REL(R_ARM_GOTOFF32, REL_PC, 4, true),
	REL(R_ARM_CALL, REL_PLT, 4, true),
	REL(R_ARM_PLT32, REL_PLT, 4, true),
	REL(R_ARM_PC24, REL_PLT, 4, true),
	REL(R_ARM_JUMP24, REL_PLT, 4, true),
	REL(R_ARM_THM_CALL, REL_PLT, 4, true),
	REL(R_ARM_THM_JUMP24, REL_PLT, 4, true),
	REL(R_ARM_THM_JUMP19, REL_PLT, 4, true),
	REL(R_ARM_THM_JUMP11, REL_PLT, 2, true),
	REL(R_ARM_THM_JUMP8, REL_PLT, 2, true),
	{R_ARM_MOVW_ABS_NC, "R_ARM_MOVW_ABS_NC", REL_ABS, 4, false, PART_LO, 0},
	{R_ARM_MOVT_ABS, "R_ARM_MOVT_ABS", REL_ABS, 4, false, PART_HI, 0},
	{R_ARM_THM_MOVW_ABS_NC, "R_ARM_THM_MOVW_ABS_NC", REL_ABS, 4, false, PART_LO, 0},
	{R_ARM_THM_MOVT_ABS, "R_ARM_THM_MOVT_ABS", REL_ABS, 4, false, PART_HI, 0},
	SLOT(R_ARM_GOT_BREL, REL_GOT, R_ARM_GOTOFF32),
	SLOT(R_ARM_GOT_PREL, REL_GOT, R_ARM_REL32),
	SLOT(R_ARM_TLS_IE32, REL_TLS_IE, R_ARM_REL32),
	SLOT(R_ARM_TLS_GD32, REL_TLS_GD, R_ARM_REL32),
	SLOT(R_ARM_TLS_LDM32, REL_TLS_LD, R_ARM_REL32),
	SLOT(R_ARM_TLS_GOTDESC, REL_TLS_DESC, R_ARM_REL32),
	SLOT(R_ARM_TLS_CALL, REL_TLS_DESC_CALL, R_ARM_CALL),
	SLOT(R_ARM_THM_TLS_CALL, REL_TLS_DESC_CALL, R_ARM_THM_CALL),
	REL(R_ARM_TLS_LDO32, REL_TLS_DTPOFF, 4, true),
	REL(R_ARM_TLS_LE32, REL_TLS_LE, 4, true),
};

/* Sections of their own for code and data: nothing moves that was not changed. Without section
 * anchors the code is another one, so what is proved is compiled with the first flag only. */
static const char *const compile_flags[] = {"-ffunction-sections", "-fdata-sections", NULL};
static const char *const proof_flags[] = {"-ffunction-sections", NULL};

static int open_dis(size_t *ret)
{
	return cs_open(CS_ARCH_ARM, CS_MODE_ARM, ret) == CS_ERR_OK ? 0 : -1;
}

static size_t pad_len(const uint8_t *p, size_t n, unsigned int isa)
{
	if (isa == ISA_A32)
		return n >= 4 && (get32(p) == 0xe320f000 || get32(p) == 0xe1a00000) ? 4 : 0;
	if (n >= 2 && (get16(p) == 0xbf00 || get16(p) == 0x46c0))
		return 2;
	return n >= 4 && get32(p) == 0x8000f3af ? 4 : 0; /* nop.w */
}

static uint64_t follow(uint64_t addr, const uint8_t *p, size_t n)
{
	uint64_t at = addr & ~1ULL;

	if (addr & 1) {
		if (n >= 4 && get16(p) == 0x4778 && !(at & 3) &&
		    (get16(p + 2) == 0x46c0 || get16(p + 2) == 0xbf00 ||
		     get16(p + 2) == 0xe7fd)) /* bx pc; nop (or b .-2, never reached) */
			return at + 4;
		if (n >= 8 && get32(p) == 0xf000f8df && !(at & 3)) /* ldr.w pc, [pc, #0] */
			return get32(p + 4);
		return 0;
	}
	if (n >= 8 && get32(p) == 0xe51ff004) /* ldr pc, [pc, #-4] */
		return get32(p + 4);
	if (n < 12 || (get32(p) != 0xe59fc000 && get32(p) != 0xe59fc004))
		return 0;
	if (get32(p) == 0xe59fc000 && get32(p + 4) == 0xe12fff1c) /* ldr ip,[pc]; bx ip */
		return get32(p + 8);
	if (get32(p) == 0xe59fc000 &&
	    (get32(p + 4) == 0xe08ff00c || get32(p + 4) == 0xe08cf00f)) /* add pc, pc, ip */
		return (uint32_t)(get32(p + 8) + at + 12);
	if (n >= 16 && get32(p) == 0xe59fc004 && get32(p + 8) == 0xe12fff1c &&
	    (get32(p + 4) == 0xe08fc00c || get32(p + 4) == 0xe08cc00f)) /* add ip,pc,ip; bx ip */
		return (uint32_t)(get32(p + 12) + at + 12);
	return 0;
}

static int branch_isa(uint32_t type)
{
	switch (type) {
	case R_ARM_PLT32:
	case R_ARM_PC24:
	case R_ARM_JUMP24:
		return ISA_A32;
	case R_ARM_THM_JUMP24:
	case R_ARM_THM_JUMP19:
	case R_ARM_THM_JUMP11:
	case R_ARM_THM_JUMP8:
		return ISA_THUMB;
	default:
		return -1;
	}
}

static size_t entry_shape(const uint8_t *p, size_t n, size_t *ret_len)
{
	*ret_len = 4;
	return 0;
}

/* A Thumb branch reaches 2^24 bytes, an A32 one 2^25. */
static bool fits(int64_t d, unsigned int bits)
{
	return d >= -(1LL << bits) && d < 1LL << bits;
}

static size_t encode_jump(uint64_t from, uint64_t to, const uint8_t *orig, size_t len,
			  uint8_t out[TARGET_MAX_JUMP])
{
	int64_t d = (int32_t)((uint32_t)to - (uint32_t)from);

	if ((from ^ to) & 1)
		return 0;
	if (from & 1) { /* b.w */
		if (!fits(d - 4, 24))
			return 0;
		thumb_branch_put(out, 0x9000, (int32_t)(d - 4));
	} else { /* b */
		if (!fits(d - 8, 25))
			return 0;
		put32(out, 0xea000000 | ((uint32_t)(d - 8) >> 2 & 0xffffff));
	}
	return 4;
}

/* All addresses are literals: nothing is out of reach, and a load into the pc changes the set. */
static size_t encode_switch(uint64_t at, uint64_t word, uint64_t old, uint64_t new,
			    uint8_t out[TARGET_MAX_JUMP])
{
	static const uint16_t thumb[] = {
		0xf8df, 0xc014,	/* ldr.w ip, [pc, #20] */
		0xf8dc, 0xc000, /* ldr.w ip, [ip] */
		0xf1bc, 0x0f00, /* cmp.w ip, #0 */
		0xbf08,		/* it eq */
		0xf8df, 0xf00c, /* ldreq.w pc, [pc, #12] */
		0xf8df, 0xf00c, /* ldr.w pc, [pc, #12] */
		0xbf00,		/* nop */
	};
	static const uint32_t a32[] = {
		0xe59fc00c, /* ldr ip, [pc, #12] */
		0xe59cc000, /* ldr ip, [ip] */
		0xe35c0000, /* cmp ip, #0 */
		0x059ff004, /* ldreq pc, [pc, #4] */
		0xe59ff004, /* ldr pc, [pc, #4] */
	};
	uint32_t lit[] = {(uint32_t)word, (uint32_t)old, (uint32_t)new};
	size_t n = at & 1 ? sizeof(thumb) : sizeof(a32);

	memcpy(out, at & 1 ? (const void *)thumb : a32, n);
	memcpy(out + n, lit, sizeof(lit));
	return n + sizeof(lit);
}

/* No register is touched, and the instruction set may change on the way. */
static size_t encode_far(uint64_t at, uint64_t to, uint8_t out[TARGET_MAX_JUMP])
{
	put32(out, at & 1 ? 0xf000f8df : 0xe51ff004); /* ldr.w pc, [pc, #0]; ldr pc, [pc, #-4] */
	put32(out + 4, (uint32_t)to);
	return 8;
}

static size_t encode_stub(uint32_t call, uint8_t out[TARGET_MAX_JUMP], struct match_rel *r,
			  size_t *ret_n)
{
	static const uint16_t thumb[] = {
		0xf8df, 0xc008, /* ldr.w ip, [pc, #8] */
		0x44fc,		/* add ip, pc: 4 ahead of the literal */
		0xf8dc, 0xf000, /* ldr.w pc, [ip] */
		0xbf00,		/* nop */
	};
	static const uint32_t a32[] = {
		0xe59fc004, /* ldr ip, [pc, #4] */
		0xe08fc00c, /* add ip, pc, ip: the literal's own address */
		0xe59cf000, /* ldr pc, [ip] */
	};

	bool isa = branch_isa(call) != ISA_A32;

	memset(out, 0, 16);
	memcpy(out, isa ? (const void *)thumb : a32, 12);
	*r = (struct match_rel){R_ARM_REL32, 12, isa ? 4 : 0};
	*ret_n = 1;
	return 16;
}

/* The linker's code in the PLT that calls a descriptor. GCC counts r1, lr and the flags as changed. */
static size_t encode_tls_call(uint8_t out[TARGET_MAX_JUMP])
{
	static const uint32_t code[] = {
		0xe08e0000, /* add r0, lr, r0 */
		0xe5901004, /* ldr r1, [r0, #4] */
		0xe12fff11, /* bx r1 */
	};

	memcpy(out, code, sizeof(code));
	return sizeof(code);
}

static size_t encode_tls_resolver(bool relative, uint8_t out[TARGET_MAX_JUMP])
{
	static const uint32_t fixed[] = {
		0xe5900000, /* ldr r0, [r0] */
		0xe12fff1e, /* bx lr */
	};
	static const uint32_t other[] = {
		0xe92d4010, /* push {r4, lr} */
		0xe5904000, /* ldr r4, [r0]: the pair */
		0xe5940000, /* ldr r0, [r4]: the other descriptor */
		0xe5901004, /* ldr r1, [r0, #4]: its resolver */
		0xe12fff31, /* blx r1 */
		0xe5941004, /* ldr r1, [r4, #4]: the distance */
		0xe0800001, /* add r0, r0, r1 */
		0xe8bd8010, /* pop {r4, pc} */
	};

	memcpy(out, relative ? other : fixed, relative ? sizeof(other) : sizeof(fixed));
	return relative ? sizeof(other) : sizeof(fixed);
}

/* Branches: @v is S + A with the isa of S in bit 0, @d its distance from the field. */
static int apply_branch(uint32_t type, uint8_t *p, uint64_t place, uint32_t v)
{
	int64_t d = (int32_t)((v & ~1u) - (uint32_t)place);
	uint32_t u, w;

	switch (type) {
	case R_ARM_THM_CALL:
		if (!(v & 1)) /* blx: from the word that holds the pc */
			d = (int32_t)(v - ((uint32_t)place & ~3u));
		if (!fits(d, 24) || (!(v & 1) && d & 3))
			return -1;
		thumb_branch_put(p, v & 1 ? 0xd000 : 0xc000, (int32_t)d);
		return 0;
	case R_ARM_THM_JUMP24:
		/* Zero is nowhere: a weak function that is not there. */
		if (!fits(d, 24) || (!(v & 1) && v))
			return -1;
		thumb_branch_put(p, 0x9000, (int32_t)d);
		return 0;
	case R_ARM_THM_JUMP19:
		if (!fits(d, 20) || (!(v & 1) && v))
			return -1;
		u = (uint32_t)d;
		put16(p, (get16(p) & 0xfbc0) | (u >> 20 & 1) << 10 | (u >> 12 & 0x3f));
		put16(p + 2, (get16(p + 2) & 0xd000) | (u >> 18 & 1) << 13 | (u >> 19 & 1) << 11 |
					 (u >> 1 & 0x7ff));
		return 0;
	case R_ARM_THM_JUMP11:
	case R_ARM_THM_JUMP8:
		if (!fits(d, type == R_ARM_THM_JUMP11 ? 11 : 8) || (!(v & 1) && v))
			return -1;
		u = type == R_ARM_THM_JUMP11 ? 0x7ff : 0xff;
		put16(p, (get16(p) & ~u) | ((uint32_t)d >> 1 & u));
		return 0;
	default:
		w = get32(p);
		if (!fits(d, 25))
			return -1;
		if (!(v & 1)) {
			if (d & 3)
				return -1;
			if (w >> 28 == 15) /* blx to A32 code is bl */
				w = 0xeb000000;
			put32(p, (w & 0xff000000) | ((uint32_t)d >> 2 & 0xffffff));
			return 0;
		}
		/* blx has no condition */
		if (type != R_ARM_CALL || (w >> 28 != 14 && w >> 28 != 15))
			return -1;
		put32(p, 0xfa000000 | ((uint32_t)d >> 1 & 1) << 24 | ((uint32_t)d >> 2 & 0xffffff));
		return 0;
	}
}

static int apply_rel(uint32_t type, uint8_t *p, uint64_t place, uint64_t s_plus_a, uint64_t gp)
{
	uint32_t v = (uint32_t)s_plus_a, h;

	if (target_rel(&target_arm, type)->kind == REL_PLT)
		return apply_branch(type, p, place, v);
	switch (type) {
	case R_ARM_NONE:
	case R_ARM_V4BX:
		return 0;
	case R_ARM_ABS32:
	case R_ARM_TARGET1:
	case R_ARM_TLS_LE32:
	case R_ARM_TLS_LDO32:
		put32(p, v);
		return 0;
	case R_ARM_REL32:
	case R_ARM_BASE_PREL:
		put32(p, v - (uint32_t)place);
		return 0;
	case R_ARM_GOTOFF32:
		put32(p, v - (uint32_t)gp);
		return 0;
	case R_ARM_PREL31:
		v -= (uint32_t)place;
		if ((v ^ v << 1) >> 31)
			return -1;
		put32(p, (get32(p) & 0x80000000) | (v & 0x7fffffff));
		return 0;
	case R_ARM_MOVW_ABS_NC:
	case R_ARM_MOVT_ABS:
		h = type == R_ARM_MOVT_ABS ? v >> 16 : v & 0xffff;
		put32(p, (get32(p) & 0xfff0f000) | (h & 0xf000) << 4 | (h & 0xfff));
		return 0;
	case R_ARM_THM_MOVW_ABS_NC:
	case R_ARM_THM_MOVT_ABS:
		h = type == R_ARM_THM_MOVT_ABS ? v >> 16 : v & 0xffff;
		put16(p, (get16(p) & 0xfbf0) | h >> 12 | (h >> 11 & 1) << 10);
		put16(p + 2, (get16(p + 2) & 0x8f00) | (h >> 8 & 7) << 12 | (h & 0xff));
		return 0;
	default:
		return -1;
	}
}

static int64_t rel_offset(uint32_t type, int64_t addend, uint32_t insn_end)
{
	switch (type) {
	case R_ARM_THM_CALL:
	case R_ARM_THM_JUMP24:
	case R_ARM_THM_JUMP19:
	case R_ARM_THM_JUMP11:
	case R_ARM_THM_JUMP8:
		return addend + 4;
	case R_ARM_CALL:
	case R_ARM_JUMP24:
	case R_ARM_PLT32:
	case R_ARM_PC24:
		return addend + 8;
	case R_ARM_REL32:
	case R_ARM_BASE_PREL:
	case R_ARM_GOT_PREL:
	case R_ARM_TLS_IE32:
	case R_ARM_TLS_GD32:
	case R_ARM_TLS_LDM32:
	case R_ARM_TLS_GOTDESC:
		return (int32_t)(addend + (int32_t)insn_end); /* an anchor may lie before its literal */
	default:
		return addend;
	}
}

/* Half an address in movw or movt. */
static bool match_half(const uint8_t *obj, const uint8_t *bin, size_t n, bool thumb, bool high,
		       struct rel_match *ret)
{
	uint32_t h1 = get16(bin), h2, w, v;

	if (n < 4)
		return false;
	if (thumb) {
		h2 = get16(bin + 2);
		v = (h1 & 15) << 12 | (h1 >> 10 & 1) << 11 | (h2 >> 12 & 7) << 8 | (h2 & 0xff);
		if ((h1 ^ get16(obj)) & 0xfbf0 || (h2 ^ get16(obj + 2)) & 0x8f00)
			return false;
	} else {
		w = get32(bin);
		v = (w >> 4 & 0xf000) | (w & 0xfff);
		if ((w ^ get32(obj)) & 0xfff0f000)
			return false;
	}
	ret->part = high ? PART_HI : PART_LO;
	ret->bits = 16;
	ret->value = high ? v << 16 : v;
	return true;
}

static bool match_branch(struct target_dis *dis, const uint8_t *obj, size_t obj_n, const uint8_t *bin,
			 size_t n, uint64_t addr, struct rel_match *ret)
{
	struct insn oi, bi;

	if (arm_decode(dis, obj, obj_n, 0, &oi) < 0 || arm_decode(dis, bin, n, addr, &bi) < 0 ||
	    oi.kind != bi.kind || !bi.has_target || oi.cond != bi.cond)
		return false;
	ret->obj_len = oi.len;
	ret->bin_len = bi.len;
	ret->value = bi.target;
	return true;
}

static bool match_rel(struct target_dis *dis, const uint8_t *obj, size_t obj_n,
		      const struct match_rel *r, size_t n_rels, const uint8_t *bin, size_t n,
		      uint64_t addr, struct rel_match *ret)
{
	const struct rel_info *ri = target_rel(&target_arm, r->type);
	uint32_t v;

	memset(ret, 0, sizeof(*ret));
	ret->kind = ri->kind;
	ret->n_rels = 1;
	ret->obj_len = ret->bin_len = 4;
	if (ri->kind == REL_PLT || ri->kind == REL_TLS_DESC_CALL)
		return !r->offset && match_branch(dis, obj, obj_n, bin, n, addr, ret);
	if (ri->kind == REL_NONE) {
		ret->obj_len = ret->bin_len = dis->isa && get16(obj) < 0xe800 ? 2 : 4;
		return n >= ret->obj_len && obj_n >= ret->obj_len && !memcmp(obj, bin, ret->obj_len);
	}
	if (r->offset || n < 4 || obj_n < 4)
		return false;
	v = get32(bin);
	switch (r->type) {
	case R_ARM_MOVW_ABS_NC:
	case R_ARM_MOVT_ABS:
	case R_ARM_THM_MOVW_ABS_NC:
	case R_ARM_THM_MOVT_ABS:
		return match_half(obj, bin, n, dis->isa, ri->part == PART_HI, ret);
	case R_ARM_ABS32:
	case R_ARM_TARGET1:
		ret->value = v;
		break;
	case R_ARM_TLS_LE32:
	case R_ARM_TLS_LDO32:
		ret->value = (uint64_t)(int32_t)v;
		break;
	case R_ARM_REL32:
	case R_ARM_BASE_PREL:
	case R_ARM_GOT_PREL:
	case R_ARM_TLS_IE32:
	case R_ARM_TLS_GD32:
	case R_ARM_TLS_LDM32:
	case R_ARM_TLS_GOTDESC:
		ret->value = v;
		ret->anchored = true;
		break;
	case R_ARM_GOT_BREL:
	case R_ARM_GOTOFF32:
		if (!dis->gp)
			return false;
		ret->value = (uint32_t)(v + dis->gp);
		break;
	default:
		return false;
	}
	return addr % 4 == 0; /* a literal */
}

const struct target target_arm = {
	.machine = EM_ARM,
	.elf_class = ELFCLASS32,
	.e_flags = EF_ARM_EABI_VER5,
	.name = "arm",
	.debian = "armhf",
	.multiarch = "arm-linux-gnueabihf",
	.rels = rels,
	.n_rels = ARRAY_SIZE(rels),
	.insn_min = 2,
	.jump_reach = 0xff0000, /* of a Thumb branch, with room for where in the image it leads */
	.far_reach = 0xffffffff, /* data is named by its whole address, or by a distance that wraps */
	.page_size = 4096,
	.thread_ptr_gap = 8,
	.tls_as_compiled = true,
	.isa_mask = 1,
	.isa_modes = {CS_MODE_ARM, CS_MODE_THUMB},
	.gp_is_pltgot = true,
	.trap_byte = 0xde, /* udf #0xde in Thumb; not defined in A32 */
	.rel_abs = R_ARM_ABS32,
	.rel_pc32 = R_ARM_REL32,
	.rel_glob_dat = R_ARM_GLOB_DAT,
	.rel_jump_slot = R_ARM_JUMP_SLOT,
	.rel_irelative = R_ARM_IRELATIVE,
	.rel_tlsdesc = R_ARM_TLS_DESC,
	.tls_desc_argument_first = true,
	.compile_flags = compile_flags,
	.proof_flags = proof_flags,
	.prepare = arm_prepare,
	.follow = follow,
	.branch_isa = branch_isa,
	.open = open_dis,
	.decode = arm_decode,
	.pad_len = pad_len,
	.entry_shape = entry_shape,
	.encode_jump = encode_jump,
	.encode_switch = encode_switch,
	.encode_switch_far = encode_switch,
	.encode_far = encode_far,
	.encode_stub = encode_stub,
	.encode_tls_resolver = encode_tls_resolver,
	.encode_tls_call = encode_tls_call,
	.apply_rel = apply_rel,
	.match_rel = match_rel,
	.rel_offset = rel_offset,
};
