// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * 64-bit little-endian PowerPC (OpenPOWER ELF V2 ABI, revision 1.5).
 *
 * All instructions are four bytes, but for the prefixed ones of ISA 3.1 (power10), which are eight. A
 * relocation of a 16-bit field names the field, which on a little-endian machine is also where the
 * instruction begins.
 *
 * Code reaches its object's data through a *TOC pointer* in r2, at most 2 GB away in two instructions
 * (addis, and the low half in the one that uses it). Whose business r2 is follows from how a function
 * is entered, and its symbol's st_other says so:
 *
 *	offset 8 (any above 1)	Two entries. The *global* one, which pointers and other objects use with
 *				the function's address in r12, computes r2 from that and falls into the
 *				*local* one, which callers of the same object use, with r2 as they have it.
 *	0			One entry; r2 is neither needed nor changed.
 *	1			One entry; r2 is not needed, and may be anything afterwards.
 *
 * A redirect therefore stands at the *local* entry: both ways lead through it, and r2 is the object's
 * there. The patch is linked against that same TOC, so nothing has to be saved: it is entered at its
 * own local entry with the r2 that is right already.
 *
 * Where the original has one entry and the new version needs r2, encode_way_in() sets it: whoever came
 * by a pointer or through a linkage stub of another object has saved its own r2 at 24(r1) and takes it
 * back after the call (the psABI's rule for calls that may leave the object, whatever the callee's
 * st_other); whoever came from the same object has this very value in r2 already, or, with st_other 1 or
 * by a call without TOC (power10), does not count on r2 at all. A function with st_other 0 that jumps to
 * this one as its last act has a caller of one of these kinds. (Several TOCs in one object, which a
 * linker makes for small-model code above 64 KB, are told by code_gp() and refused.)
 *
 * The other way round, a new version with st_other 1 in the place of one that leaves r2 alone, is refused
 * where code that has r2 for itself calls the function directly (check_gp() in build/link.c).
 *
 * A call through a linkage stub: the stub saves r2 at 24(r1) and the nop behind the call becomes
 * `ld r2,24(r1)`. For code of a patch link_call() does what the linker does.
 *
 * Where the patch lies farther from that TOC than 2 GB, r2 stays what it is all the same: the instructions
 * that name its own data take detours (encode_detour(); apply/detour.c says why).
 *
 * What a linker may rewrite is in ppc64le_match.c.
 *
 * Registers that stubs use: r12 (address of what is entered, at a global entry only) and ctr, cr0. r11 is
 * the static chain and left alone. A caller of a local function cannot know more than the psABI says
 * here: GCC has no -fipa-ra on this machine (measured: a value is not kept in a volatile register over
 * a call of a static function that leaves it alone).
 *
 * Not supported: the large code model's 64-bit constants in code, ELF V1.
 */
#include "target/ppc64le.h"

#include <elf.h>

#include <capstone/capstone.h>

#define REL(type, kind, size, part) {type, #type, kind, size, true, part, 0}
#define GOT(type, kind, part, plain) {type, #type, kind, 4, true, part, plain}
#define NEW(type, kind, size) {PPC64_##type, "R_PPC64_" #type, kind, size, true, PART_WHOLE, 0}
#define NEWGOT(type, kind) {PPC64_##type, "R_PPC64_" #type, kind, 8, true, PART_WHOLE, PPC64_PCREL34}
static const struct rel_info rels[] = {
	REL(R_PPC64_NONE, REL_NONE, 0, PART_WHOLE),
	REL(R_PPC64_ADDR64, REL_ABS, 8, PART_WHOLE),
	REL(R_PPC64_UADDR64, REL_ABS, 8, PART_WHOLE),
	REL(R_PPC64_ADDR32, REL_ABS, 4, PART_WHOLE),
	REL(R_PPC64_REL64, REL_PC, 8, PART_WHOLE),
	REL(R_PPC64_REL32, REL_PC, 4, PART_WHOLE),
	REL(R_PPC64_REL24, REL_PLT, 4, PART_WHOLE),
	NEW(ENTRY, REL_NONE, 8), /* a marker of two instructions that a linker or loader may rewrite */
	NEW(REL24_NOTOC, REL_PLT, 4),
	NEW(REL24_P9NOTOC, REL_PLT, 4),
	REL(R_PPC64_REL14, REL_PLT, 4, PART_WHOLE),
	REL(R_PPC64_REL14_BRTAKEN, REL_PLT, 4, PART_WHOLE),
	REL(R_PPC64_REL14_BRNTAKEN, REL_PLT, 4, PART_WHOLE),
	REL(R_PPC64_REL16_HA, REL_GP, 4, PART_HI),
	REL(R_PPC64_REL16_LO, REL_GP, 4, PART_LO),
	REL(R_PPC64_TOC16, REL_PC, 4, PART_WHOLE),
	REL(R_PPC64_TOC16_DS, REL_PC, 4, PART_WHOLE),
	REL(R_PPC64_TOC16_HA, REL_PC, 4, PART_HI),
	REL(R_PPC64_TOC16_LO, REL_PC, 4, PART_LO),
	REL(R_PPC64_TOC16_LO_DS, REL_PC, 4, PART_LO),
	GOT(R_PPC64_GOT16, REL_GOT, PART_WHOLE, R_PPC64_TOC16),
	GOT(R_PPC64_GOT16_DS, REL_GOT, PART_WHOLE, R_PPC64_TOC16_DS),
	GOT(R_PPC64_GOT16_HA, REL_GOT, PART_HI, R_PPC64_TOC16_HA),
	GOT(R_PPC64_GOT16_LO, REL_GOT, PART_LO, R_PPC64_TOC16_LO),
	GOT(R_PPC64_GOT16_LO_DS, REL_GOT, PART_LO, R_PPC64_TOC16_LO_DS),
	REL(R_PPC64_TPREL16, REL_TLS_LE, 4, PART_WHOLE),
	REL(R_PPC64_TPREL16_DS, REL_TLS_LE, 4, PART_WHOLE),
	REL(R_PPC64_TPREL16_HA, REL_TLS_LE, 4, PART_HI),
	REL(R_PPC64_TPREL16_LO, REL_TLS_LE, 4, PART_LO),
	REL(R_PPC64_TPREL16_LO_DS, REL_TLS_LE, 4, PART_LO),
	REL(R_PPC64_DTPREL16, REL_TLS_DTPOFF, 4, PART_WHOLE),
	REL(R_PPC64_DTPREL16_DS, REL_TLS_DTPOFF, 4, PART_WHOLE),
	REL(R_PPC64_DTPREL16_HA, REL_TLS_DTPOFF, 4, PART_HI),
	REL(R_PPC64_DTPREL16_LO, REL_TLS_DTPOFF, 4, PART_LO),
	REL(R_PPC64_DTPREL16_LO_DS, REL_TLS_DTPOFF, 4, PART_LO),
	REL(R_PPC64_DTPREL64, REL_TLS_DTPOFF, 8, PART_WHOLE),
	GOT(R_PPC64_GOT_TPREL16_DS, REL_TLS_IE, PART_WHOLE, R_PPC64_TOC16_DS),
	GOT(R_PPC64_GOT_TPREL16_HA, REL_TLS_IE, PART_HI, R_PPC64_TOC16_HA),
	GOT(R_PPC64_GOT_TPREL16_LO_DS, REL_TLS_IE, PART_LO, R_PPC64_TOC16_LO_DS),
	GOT(R_PPC64_GOT_TLSGD16, REL_TLS_GD, PART_WHOLE, R_PPC64_TOC16),
	GOT(R_PPC64_GOT_TLSGD16_HA, REL_TLS_GD, PART_HI, R_PPC64_TOC16_HA),
	GOT(R_PPC64_GOT_TLSGD16_LO, REL_TLS_GD, PART_LO, R_PPC64_TOC16_LO),
	GOT(R_PPC64_GOT_TLSLD16, REL_TLS_LD, PART_WHOLE, R_PPC64_TOC16),
	GOT(R_PPC64_GOT_TLSLD16_HA, REL_TLS_LD, PART_HI, R_PPC64_TOC16_HA),
	GOT(R_PPC64_GOT_TLSLD16_LO, REL_TLS_LD, PART_LO, R_PPC64_TOC16_LO),
	/* Markers: the instruction belongs to a sequence that a linker may rewrite as a whole. */
	REL(R_PPC64_TLS, REL_NONE, 0, PART_WHOLE),
	REL(R_PPC64_TLSGD, REL_NONE, 0, PART_WHOLE),
	REL(R_PPC64_TLSLD, REL_NONE, 0, PART_WHOLE),
	NEW(PCREL_OPT, REL_NONE, 0),
	NEW(PCREL34, REL_PC, 8),
	NEW(TPREL34, REL_TLS_LE, 8),
	NEW(DTPREL34, REL_TLS_DTPOFF, 8),
	NEWGOT(GOT_PCREL34, REL_GOT),
	NEWGOT(GOT_TPREL_PCREL34, REL_TLS_IE),
	NEWGOT(GOT_TLSGD_PCREL34, REL_TLS_GD),
	NEWGOT(GOT_TLSLD_PCREL34, REL_TLS_LD),
};

/* Functions and, for what is compared and carried, variables in sections of their own. */
static const char *const compile_flags[] = {"-ffunction-sections", "-fdata-sections", NULL};
/* With -fdata-sections there are no section anchors, and the code is another. */
static const char *const proof_flags[] = {"-ffunction-sections", NULL};
/*
 * A module has a TOC of its own, gigabytes from the kernel. With these all data, those of the unit, too, are
 * reached by an address in a slot of .toc. Calls stay calls, which may lead to a stub of the loader or of our
 * core; so behind each must be room for an instruction that puts r2 back, also where the compiler knows that
 * the callee is in the same unit, and none may be a jump. -mlongcall would do all that, but makes each function
 * one with an attribute, of which GCC then changes no signature, and the kernel's has other functions.
 */
static const char *const kernel_flags[] = {"-ffunction-sections", "-fdata-sections", "-mcmodel=large",
					   "-fno-optimize-sibling-calls", NULL};
static const char kernel_header[] = "#if !defined(__GENKSYMS__) && !defined(__ASSEMBLY__)\n"
				    "__asm__(\".macro bl to:vararg\\n\"\n"
				    "\".reloc ., R_PPC64_REL24, \\\\to\\n\"\n"
				    "\".long 0x48000001\\n\"\n" /* bl */
				    "\".ifnc \\\\to, _mcount\\n\"\n"
				    "\".long 0x60000000\\n\"\n" /* nop */
				    "\".endif\\n\"\n"
				    "\".endm\\n\");\n"
				    "#endif\n";

/*
 * At -Os functions save and restore registers by routines (ELFv2 ABI, 2.3.3) that no library has: each
 * linker makes its own. Those that restore the link register, too, are jumped to and return for the
 * function. The entry for register N runs on through those of the higher ones.
 */
#define EACH "	.irp n,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
#define ROUTINE(name, rows, insn, more)                                                            \
	"	.section .text." name ",\"ax\",@progbits\n	.p2align 2\n	.cfi_startproc\n" rows EACH  \
	"	.globl " name "_\\n\n	.hidden " name "_\\n\n	.type " name "_\\n, @function\n"           \
	"	.size " name "_\\n, 4\n" name "_\\n:\n" insn "	.endr\n" more "	blr\n	.cfi_endproc\n"
#define SAVE_LR "	std 0,16(1)\n"
#define LOAD_LR "	ld 0,16(1)\n	mtlr 0\n	.cfi_restore lr\n"
static const char own_helpers[] =
	ROUTINE("_savegpr0", "", "	std \\n,(\\n-32)*8(1)\n", SAVE_LR)
	ROUTINE("_savegpr1", "", "	std \\n,(\\n-32)*8(12)\n", "")
	ROUTINE("_savefpr", "", "	stfd \\n,(\\n-32)*8(1)\n", SAVE_LR)
	/* Where a register is until it is loaded. Relative to r12 nobody needs to know. */
	ROUTINE("_restgpr0", "	.cfi_offset lr,16\n" EACH "	.cfi_offset \\n,(\\n-32)*8\n	.endr\n",
		"	ld \\n,(\\n-32)*8(1)\n	.cfi_restore \\n\n", LOAD_LR)
	ROUTINE("_restgpr1", EACH "	.cfi_undefined \\n\n	.endr\n",
		"	ld \\n,(\\n-32)*8(12)\n	.cfi_restore \\n\n", "")
	ROUTINE("_restfpr", "	.cfi_offset lr,16\n", "	lfd \\n,(\\n-32)*8(1)\n", LOAD_LR)
	"	.section .note.GNU-stack,\"\",@progbits\n";

/* A reference to a slot of .toc is one to what the slot holds, by way of a slot. */
static uint32_t slot_rel(uint32_t type)
{
	switch (type) {
	case R_PPC64_TOC16: return R_PPC64_GOT16;
	case R_PPC64_TOC16_DS: return R_PPC64_GOT16_DS;
	case R_PPC64_TOC16_HA: return R_PPC64_GOT16_HA;
	case R_PPC64_TOC16_LO: return R_PPC64_GOT16_LO;
	case R_PPC64_TOC16_LO_DS: return R_PPC64_GOT16_LO_DS;
	default: return 0;
	}
}

uint32_t ppc_disp_mask(uint32_t i)
{
	switch (ppc_op(i)) {
	case 56: /* lq */
		return 0xfff0;
	case 58: /* ld, ldu, lwa */
	case 62: /* std, stdu, stq */
	case 57: /* lfdp, lxsd, lxssp */
		return 0xfffc;
	case 61: /* lxv, stxv are DQ form; stxsd, stxssp, stfdp DS form */
		return (i & 3) == 1 ? 0xfff0 : 0xfffc;
	default:
		return 0xffff;
	}
}

int64_t ppc_imm34(const uint8_t *p)
{
	uint64_t v = (uint64_t)(get32(p) & 0x3ffff) << 16 | (get32(p + 4) & 0xffff);

	return (int64_t)(v << 30) >> 30;
}

/* The nops that assemblers align with; ori r1,r1,0 and ori r2,r2,0 end a group on some processors. */
static bool is_nop(uint32_t i)
{
	return i == PPC_NOP || i == 0x60210000 || i == 0x60420000;
}

/* Also a jump over nothing but nops, which GNU as writes where there are more than four of them. */
static size_t pad_len(const uint8_t *p, size_t n, unsigned int isa)
{
	uint32_t i = n >= 4 ? get32(p) : 0, len;

	if (is_nop(i))
		return 4;
	len = i & 0x03fffffc; /* b .+len */
	if ((i & 0xfc000003) != 0x48000000 || len < 8 || len > 64 || len > n)
		return 0;
	for (uint32_t at = 4; at < len; at += 4)
		if (!is_nop(get32(p + at)))
			return 0;
	return len;
}

static int open_dis(size_t *ret)
{
	return cs_open(CS_ARCH_PPC, (cs_mode)(CS_MODE_64 | CS_MODE_LITTLE_ENDIAN), ret) == CS_ERR_OK ? 0 : -1;
}

static int64_t sext(uint64_t v, unsigned int bits)
{
	return (int64_t)(v << (64 - bits)) >> (64 - bits);
}

/*
 * Bytes are never refused as no instructions: GCC keeps jump tables and traceback tables inside of
 * functions. The latter are compared as they are.
 */
int ppc_decode(struct target_dis *dis, const uint8_t *p, size_t n, uint64_t addr, struct insn *ret)
{
	uint32_t i, xo;
	size_t pad = pad_len(p, n, 0);

	memset(ret, 0, sizeof(*ret));
	if (n < 4)
		return -1;
	i = get32(p);
	xo = i >> 1 & 0x3ff;
	ret->addr = addr;
	ret->len = 4;
	if (pad) {
		ret->len = (uint8_t)pad;
		ret->kind = INSN_NOP;
		return 0;
	}
	switch (ppc_op(i)) {
	case 1: /* prefix */
		ret->len = n >= 8 ? 8 : 4;
		if (n < 8 || i >> 18 != 0x06100000 >> 18 || ppc_op(get32(p + 4)) != 14 || ppc_ra(get32(p + 4)))
			break;
		/* pla rX,table: without a relocation, and nops that keep others of its kind in one line are between */
		ret->kind = INSN_PCREL;
		ret->cond = get32(p + 4) >> 16;
		ret->has_target = true;
		ret->target = addr + (uint64_t)sext((uint64_t)(i & 0x3ffff) << 16 | (get32(p + 4) & 0xffff), 34);
		ret->field_len = 8;
		break;
	case 18: /* b, bl; ba and bla are not used */
		if (i & 2)
			break;
		ret->kind = i & 1 ? INSN_CALL : INSN_JUMP;
		ret->has_target = true;
		ret->target = addr + (uint64_t)sext(i & 0x03fffffc, 26);
		ret->field_len = 4;
		break;
	case 16: /* bc; with the link bit (`bcl 20,31,.+4`) it only reads the pc */
		if (i & 3)
			break;
		ret->kind = INSN_COND;
		ret->cond = (uint16_t)(i >> 16 & 0x3ff);
		ret->has_target = true;
		ret->target = addr + (uint64_t)sext(i & 0xfffc, 16);
		ret->field_len = 2;
		break;
	case 19:
		if (xo == 16 && !(i & 1) && (i >> 21 & 20) == 20) /* blr */
			ret->kind = INSN_RET;
		if ((xo == 528 || xo == 560) && (i >> 21 & 20) == 20) /* bctr, bctar */
			ret->kind = i & 1 ? INSN_CALL_IND : INSN_JUMP_IND;
		/* GCC's jump tables stand in the code. No instruction has the primary opcode 0, and of those
		 * that look like a small negative number none follows such a branch. */
		if (ret->kind == INSN_JUMP_IND && n >= 8 && !(get32(p + 4) & 3) && get32(p + 4) &&
		    (get32(p + 4) >> 16 == 0 || get32(p + 4) >> 16 == 0xffff))
			ret->cond = 4;
		break;
	}
	return 0;
}

/* Bytes in front of the local entry. Patchable nops stand at the global one, in front of the addis. */
static size_t before_local(const uint8_t *p, size_t n)
{
	size_t at = 0;

	while (at + 12 <= n && get32(p + at) == PPC_NOP)
		at += 4;
	if (at + 8 > n)
		return 0;
	if (((get32(p + at) & 0xffff0000) == PPC_ADDIS_R2_R12 ||
	     (get32(p + at) & 0xffff0000) == PPC_LIS_R2) &&
	    (get32(p + at + 4) & 0xffff0000) == PPC_ADDI_R2_R2)
		return at + 8;
	if (get32(p + at) == PPC_LD_R2_R12 && get32(p + at + 4) == PPC_ADD_R2_R2_R12)
		return at + 8;
	return 0;
}

static size_t entry_shape(const uint8_t *p, size_t n, size_t *ret_len)
{
	*ret_len = 4;
	return before_local(p, n);
}

static uint64_t code_gp(const uint8_t *p, size_t n, uint64_t addr)
{
	size_t at = before_local(p, n);
	uint32_t a, b;

	if (!at)
		return 0;
	a = get32(p + at - 8);
	b = get32(p + at - 4);
	/* The distance is a word before the function. */
	if (a == PPC_LD_R2_R12)
		return 0;
	/* r12 is the address of the function; a linker that knows the place writes lis. */
	return ((a & 0xffff0000) == PPC_LIS_R2 ? 0 : addr) + ((uint64_t)sext(a & 0xffff, 16) << 16) +
	       (uint64_t)sext(b & 0xffff, 16);
}

static uint32_t local_entry(uint8_t st_other)
{
	uint32_t v = st_other >> 5 & 7;

	return v > 1 ? (1u << v >> 2) << 2 : 0;
}

static bool keeps_gp(uint8_t st_other)
{
	return (st_other >> 5 & 7) != 1;
}

/* b to; 0 where it does not reach. */
static uint32_t branch(uint64_t from, uint64_t to)
{
	int64_t d = (int64_t)(to - from);

	return d % 4 || d < -0x2000000 || d >= 0x2000000 ? 0 : 0x48000000 | ((uint32_t)d & 0x03fffffc);
}

static size_t encode_jump(uint64_t from, uint64_t to, const uint8_t *orig, size_t len,
			  uint8_t out[TARGET_MAX_JUMP])
{
	uint32_t b = branch(from, to);

	put32(out, b);
	return b ? 4 : 0;
}

/* Five instructions: a 64-bit constant into a register. */
static void put_const(uint8_t *out, uint32_t reg, uint64_t v)
{
	put32(out, 0x3c000000 | reg << 21 | (uint32_t)(v >> 48)); /* lis reg,highest */
	put32(out + 4, 0x60000000 | reg << 21 | reg << 16 | (uint32_t)(v >> 32 & 0xffff)); /* ori */
	put32(out + 8, 0x780007c6 | reg << 21 | reg << 16); /* sldi reg,reg,32 */
	put32(out + 12, 0x64000000 | reg << 21 | reg << 16 | (uint32_t)(v >> 16 & 0xffff)); /* oris */
	put32(out + 16, 0x60000000 | reg << 21 | reg << 16 | (uint32_t)(v & 0xffff)); /* ori */
}

/*
 * r12 is free here: the entry is a local one, or that of a function that has one entry and so no use
 * for its own address. cr0 carries nothing into a function.
 */
static size_t encode_switch(uint64_t at, uint64_t word, uint64_t old, uint64_t new,
			    uint8_t out[TARGET_MAX_JUMP])
{
	uint32_t to_old = branch(at + 32, old), to_new = branch(at + 36, new);

	put_const(out, 12, word);
	put32(out + 20, 0x818c0000); /* lwz r12,0(r12) */
	put32(out + 24, 0x2c0c0000); /* cmpwi r12,0 */
	put32(out + 28, 0x40820008); /* bne .+8 */
	put32(out + 32, to_old);
	put32(out + 36, to_new);
	return to_old && to_new ? 40 : 0;
}

/*
 * r2 stays the object's. r12 and ctr are nobody's on the way to a local entry; where the target is a
 * function that has one entry, or a linkage stub of the object, it has no use for r12.
 */
static size_t encode_far(uint64_t at, uint64_t to, uint8_t out[TARGET_MAX_JUMP])
{
	put_const(out, 12, to);
	put32(out + 20, 0x7d8903a6); /* mtctr r12 */
	put32(out + 24, 0x4e800420); /* bctr */
	return 28;
}

/* Sets r2 to the TOC pointer of the object: see above for why no caller minds. */
static int encode_way_in(uint64_t at, uint64_t to, uint64_t gp, uint8_t st_other,
			 const uint8_t *orig, size_t n, uint8_t out[TARGET_MAX_JUMP])
{
	uint32_t b = branch(at + 20, to);

	if (!local_entry(st_other) || before_local(orig, n))
		return 0;
	if (!gp || !b)
		return -1;
	put_const(out, 2, gp);
	put32(out + 20, b);
	return 24;
}

static bool without_toc(uint32_t call)
{
	return call == PPC64_REL24_NOTOC || call == PPC64_REL24_P9NOTOC;
}

static size_t encode_stub(uint32_t call, uint8_t out[TARGET_MAX_JUMP], struct match_rel *r,
			  size_t *ret_n)
{
	if (without_toc(call)) {
		put32(out, 0x04100000); /* pld r12,slot@pcrel */
		put32(out + 4, 0xe5800000);
		put32(out + 8, 0x7d8903a6); /* mtctr r12 */
		put32(out + 12, 0x4e800420); /* bctr */
		r[0] = (struct match_rel){PPC64_PCREL34, 0, 0};
		*ret_n = 1;
		return 16;
	}
	put32(out, PPC_STD_R2_24);
	put32(out + 4, 0x3d820000); /* addis r12,r2,slot@toc@ha */
	put32(out + 8, 0xe98c0000); /* ld r12,slot@toc@l(r12) */
	put32(out + 12, 0x7d8903a6); /* mtctr r12 */
	put32(out + 16, 0x4e800420); /* bctr */
	r[0] = (struct match_rel){R_PPC64_TOC16_HA, 4, 0};
	r[1] = (struct match_rel){R_PPC64_TOC16_LO_DS, 8, 0};
	*ret_n = 2;
	return 20;
}

static bool link_call(uint32_t type, uint8_t *insn, size_t n)
{
	if (without_toc(type))
		return true;
	/* Not the last act of a function: there is nobody left to restore r2. */
	if (n < 8 || (get32(insn) & 0xfc000003) != 0x48000001)
		return false;
	if (get32(insn + 4) == PPC_NOP)
		put32(insn + 4, PPC_LD_R2_24);
	return get32(insn + 4) == PPC_LD_R2_24;
}

static bool is_linkage(const uint8_t *p, size_t n)
{
	return n >= 4 && get32(p) == PPC_STD_R2_24;
}

static int put_branch(uint8_t *p, uint64_t d, uint32_t mask)
{
	int64_t reach = (int64_t)(mask + 4) / 2;

	if (d & 3 || (int64_t)d < -reach || (int64_t)d >= reach)
		return -1;
	put32(p, (get32(p) & ~mask) | ((uint32_t)d & mask));
	return 0;
}

/* A 16-bit field of an instruction; the form's low bits are the instruction's own. */
static int put_low(uint8_t *p, uint64_t v)
{
	uint32_t mask = ppc_disp_mask(get32(p));

	if (v & 0xffff & ~mask)
		return -1;
	put32(p, (get32(p) & ~mask) | ((uint32_t)v & mask));
	return 0;
}

static int put_high(uint8_t *p, uint64_t v)
{
	int64_t ha = ((int64_t)v + 0x8000) >> 16;

	if (ha != (int16_t)ha)
		return -1;
	put32(p, (get32(p) & 0xffff0000) | ((uint32_t)ha & 0xffff));
	return 0;
}

/*
 * addis rX,r2,x@toc@ha, and addis r2,r12,.TOC.-f@ha of a global entry. The low part that is added next is
 * that of the same distance, so what is left of the value is right for it.
 */
static size_t encode_detour(uint32_t type, uint8_t *p, uint64_t place, uint64_t s_plus_a, uint64_t gp,
			    uint64_t at, uint8_t out[TARGET_MAX_JUMP])
{
	uint32_t i = get32(p), there = branch(place, at), back = branch(at + 20, place + 4);
	uint64_t d, v;

	if (type == R_PPC64_TOC16_HA && ppc_op(i) == 15 && ppc_ra(i) == 2) {
		d = s_plus_a - gp;
		v = s_plus_a;
	} else if (type == R_PPC64_REL16_HA && (i & 0xffff0000) == PPC_ADDIS_R2_R12) {
		d = s_plus_a - place;
		v = gp;
	} else {
		return 0;
	}
	if (!there || !back)
		return 0;
	put_const(out, ppc_rt(i), v - (uint64_t)sext(d & 0xffff, 16));
	put32(out + 20, back);
	put32(p, there);
	return 24;
}

static int put_34(uint8_t *p, uint64_t v)
{
	if ((int64_t)v < -(1LL << 33) || (int64_t)v >= 1LL << 33)
		return -1;
	put32(p, (get32(p) & ~0x3ffffu) | ((uint32_t)(v >> 16) & 0x3ffff));
	put32(p + 4, (get32(p + 4) & ~0xffffu) | ((uint32_t)v & 0xffff));
	return 0;
}

static int apply_rel(uint32_t type, uint8_t *p, uint64_t place, uint64_t v, uint64_t gp)
{
	switch (type) {
	case R_PPC64_NONE:
		return 0;
	case R_PPC64_REL64:
		v -= place;
		memcpy(p, &v, 8);
		return 0;
	case R_PPC64_ADDR64:
	case R_PPC64_UADDR64:
	case R_PPC64_DTPREL64:
		memcpy(p, &v, 8);
		return 0;
	case R_PPC64_REL32:
		v -= place;
		if ((int64_t)v != (int32_t)v)
			return -1;
		put32(p, (uint32_t)v);
		return 0;
	case R_PPC64_ADDR32:
		if (v != (uint32_t)v)
			return -1;
		put32(p, (uint32_t)v);
		return 0;
	case R_PPC64_REL24:
	case PPC64_REL24_NOTOC:
	case PPC64_REL24_P9NOTOC:
		return put_branch(p, v - place, 0x03fffffc);
	case R_PPC64_REL14:
	case R_PPC64_REL14_BRTAKEN:
	case R_PPC64_REL14_BRNTAKEN:
		return put_branch(p, v - place, 0xfffc);
	case R_PPC64_REL16_HA:
		return put_high(p, v - place);
	case R_PPC64_REL16_LO:
		return put_low(p, v - place);
	case R_PPC64_TOC16:
	case R_PPC64_TOC16_DS:
		v -= gp;
		return (int64_t)v == (int16_t)v ? put_low(p, v) : -1;
	case R_PPC64_TOC16_HA:
		return put_high(p, v - gp);
	case R_PPC64_TOC16_LO:
	case R_PPC64_TOC16_LO_DS:
		return put_low(p, v - gp);
	case R_PPC64_TPREL16:
	case R_PPC64_TPREL16_DS:
	case R_PPC64_DTPREL16:
	case R_PPC64_DTPREL16_DS:
		return (int64_t)v == (int16_t)v ? put_low(p, v) : -1;
	case R_PPC64_TPREL16_HA:
	case R_PPC64_DTPREL16_HA:
		return put_high(p, v);
	case R_PPC64_TPREL16_LO:
	case R_PPC64_TPREL16_LO_DS:
	case R_PPC64_DTPREL16_LO:
	case R_PPC64_DTPREL16_LO_DS:
		return put_low(p, v);
	case PPC64_PCREL34:
		return put_34(p, v - place);
	case PPC64_TPREL34:
	case PPC64_DTPREL34:
		return put_34(p, v);
	default:
		return -1;
	}
}

static int64_t rel_offset(uint32_t type, int64_t addend, uint32_t insn_end)
{
	return addend;
}

const struct target target_ppc64le = {
	.machine = EM_PPC64,
	.elf_class = ELFCLASS64,
	.e_flags = 2, /* ELF V2 */
	.name = "ppc64le",
	.debian = "ppc64el",
	.multiarch = "powerpc64le-linux-gnu",
	.rels = rels,
	.n_rels = ARRAY_SIZE(rels),
	.insn_min = 4,
	.long_line = 64,
	.jump_reach = 0x1ffff00,
	/* Data is reached from the TOC pointer, by way of encode_detour() where that is too far. Code relative
	 * to the pc reaches 8 GB, which its relocations check. */
	.far_reach = INT64_MAX,
	.page_size = 65536,
	.thread_ptr_gap = -0x7000,
	.dtp_bias = 0x8000,
	.trap_byte = 0x14, /* primary opcode 5, which is no instruction */
	.rel_abs = R_PPC64_ADDR64,
	.rel_pc32 = R_PPC64_REL32,
	.rel_glob_dat = R_PPC64_GLOB_DAT,
	.rel_jump_slot = R_PPC64_JMP_SLOT,
	.rel_irelative = R_PPC64_IRELATIVE,
	.compile_flags = compile_flags,
	.proof_flags = proof_flags,
	.kernel_flags = kernel_flags,
	.kernel_header = kernel_header,
	.own_helpers = own_helpers,
	.open = open_dis,
	.decode = ppc_decode,
	.pad_len = pad_len,
	.entry_shape = entry_shape,
	.encode_jump = encode_jump,
	.encode_switch = encode_switch,
	.encode_switch_far = encode_switch,
	.encode_far = encode_far,
	.encode_stub = encode_stub,
	.apply_rel = apply_rel,
	.match_rel = ppc_match_rel,
	.rel_offset = rel_offset,
	.local_entry = local_entry,
	.keeps_gp = keeps_gp,
	.encode_way_in = encode_way_in,
	.link_call = link_call,
	.is_linkage = is_linkage,
	.slot_section = ".toc",
	.slot_rel = slot_rel,
	.encode_detour = encode_detour,
	.code_gp = code_gp,
};
