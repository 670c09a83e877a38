// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x86-64 (System V psABI, AMD64 supplement 1.0).
 *
 * Instructions are 1 to 15 bytes long and need no alignment. Code reaches data and other code by
 * 32-bit displacements from the *end* of the instruction, so a relocation's addend carries the
 * distance from its field to that end: -4 where the field is last, -5 or -8 where an immediate
 * follows (`cmpl $0, sym(%rip)`). What an instruction refers to is therefore
 *	addend + (end of instruction - field)
 * bytes into its symbol, and the generic code only ever sees that number.
 *
 * A linker may rewrite what the compiler wrote (psABI section B.2, "Optimize GOTPCRELX", and
 * chapter 11 of the TLS document):
 *
 *	mov foo@GOTPCREL(%rip), %reg	-> lea foo(%rip), %reg	or mov $foo, %reg
 *	call *foo@GOTPCREL(%rip)	-> addr32 call foo	(67 e8)
 *	jmp *foo@GOTPCREL(%rip)		-> jmp foo; nop		(e9 .. 90)
 *	op foo@GOTPCREL(%rip), %reg	-> op $foo, %reg
 *	general dynamic TLS (16 bytes)	-> initial exec or local exec, also 16 bytes
 *	local dynamic TLS (12 bytes)	-> local exec
 *	initial exec TLS		-> local exec
 *
 * match_rel() accepts exactly these and says what the linked code refers to.
 *
 * The redirect is `jmp rel32` (e9), five bytes, behind `endbr64` where there is one: indirect calls
 * under CET must still find the landing pad. The direction flag, x87 and SSE state are not touched by
 * a jump, and no register is.
 */
#include "target/target.h"

#include <elf.h>
#include <string.h>

#include <capstone/capstone.h>

#define REL(type, kind, size, is_signed) {type, #type, kind, size, is_signed, PART_WHOLE, 0}
static const struct rel_info rels[] = {
	REL(R_X86_64_NONE, REL_NONE, 0, false),
	REL(R_X86_64_64, REL_ABS, 8, false),
	REL(R_X86_64_PC32, REL_PC, 4, true),
	REL(R_X86_64_PLT32, REL_PLT, 4, true),
	REL(R_X86_64_GOTPCREL, REL_GOT, 4, true),
	REL(R_X86_64_32, REL_ABS, 4, false),
	REL(R_X86_64_32S, REL_ABS, 4, true),
	REL(R_X86_64_PC64, REL_PC, 8, true),
	REL(R_X86_64_GOTPCRELX, REL_GOT, 4, true),
	REL(R_X86_64_REX_GOTPCRELX, REL_GOT, 4, true),
	REL(R_X86_64_TLSGD, REL_TLS_GD, 4, true),
	REL(R_X86_64_TLSLD, REL_TLS_LD, 4, true),
	REL(R_X86_64_DTPOFF32, REL_TLS_DTPOFF, 4, true),
	REL(R_X86_64_DTPOFF64, REL_TLS_DTPOFF, 8, false),
	REL(R_X86_64_GOTTPOFF, REL_TLS_IE, 4, true),
	REL(R_X86_64_TPOFF32, REL_TLS_LE, 4, true),
	REL(R_X86_64_TPOFF64, REL_TLS_LE, 8, false),
	REL(R_X86_64_GOTPC32_TLSDESC, REL_TLS_DESC, 4, true),
	REL(R_X86_64_TLSDESC_CALL, REL_TLS_DESC_CALL, 0, false),
	REL(R_X86_64_SIZE32, REL_SIZE, 4, false),
	REL(R_X86_64_SIZE64, REL_SIZE, 8, false),
};

/* No code generation beyond sections of their own: what is compiled must match what runs. */
static const char *const compile_flags[] = {"-ffunction-sections", "-fdata-sections", NULL};

/*
 * Padding as assemblers write it: 90, 66..90 (xchg %ax,%ax), 0f 1f /0 with any number of 66 and 2e
 * prefixes. A fixed table would miss gas' longer forms, so the encoding is decoded.
 */
static size_t pad_len(const uint8_t *p, size_t n, unsigned int isa)
{
	size_t i = 0, len;
	uint8_t modrm;

	if (!n)
		return 0;
	if (p[0] == 0xcc)
		return 1;
	while (i < n && i < 11 && (p[i] == 0x66 || p[i] == 0x2e))
		i++;
	if (i < n && p[i] == 0x90)
		return i + 1;
	if (n - i < 3 || p[i] != 0x0f || p[i + 1] != 0x1f)
		return 0;
	modrm = p[i + 2];
	if ((modrm >> 3 & 7) != 0)
		return 0;
	len = i + 3;
	if (modrm >> 6 != 3 && (modrm & 7) == 4)
		len++; /* SIB */
	if (modrm >> 6 == 1)
		len += 1;
	if (modrm >> 6 == 2 || (modrm >> 6 == 0 && (modrm & 7) == 5))
		len += 4;
	return len <= n ? len : 0;
}

static int open_dis(size_t *ret)
{
	return cs_open(CS_ARCH_X86, CS_MODE_64, ret) == CS_ERR_OK ? 0 : -1;
}

static int decode(struct target_dis *dis, const uint8_t *p, size_t n, uint64_t addr,
		  struct insn *ret)
{
	const uint8_t *start = p;
	cs_insn *i = dis->insn;
	uint64_t at = addr;
	const cs_x86 *x;
	size_t pad;

	memset(ret, 0, sizeof(*ret));
	ret->addr = addr;
	pad = pad_len(p, n, 0);
	if (pad) {
		ret->len = (uint8_t)pad;
		ret->kind = *p == 0xcc ? INSN_TRAP : INSN_NOP;
		return 0;
	}
	if (!cs_disasm_iter(dis->handle, &p, &n, &at, i)) {
		/* serialize, which kernels have and Capstone 4 does not know */
		if (n < 3 || memcmp(start, "\x0f\x01\xe8", 3))
			return -1;
		ret->len = 3;
		return 0;
	}
	x = &i->detail->x86;
	ret->len = (uint8_t)i->size;
	if (cs_insn_group(dis->handle, i, CS_GRP_RET) || cs_insn_group(dis->handle, i, CS_GRP_IRET))
		ret->kind = INSN_RET;
	else if (i->id == X86_INS_CALL || i->id == X86_INS_LCALL)
		ret->kind = x->operands[0].type == X86_OP_IMM ? INSN_CALL : INSN_CALL_IND;
	else if (i->id == X86_INS_JMP || i->id == X86_INS_LJMP)
		ret->kind = x->operands[0].type == X86_OP_IMM ? INSN_JUMP : INSN_JUMP_IND;
	else if (cs_insn_group(dis->handle, i, CS_GRP_JUMP) && x->op_count == 1 &&
		 x->operands[0].type == X86_OP_IMM) {
		ret->kind = INSN_COND;
		ret->cond = (uint16_t)i->id;
	}
	if (ret->kind == INSN_CALL || ret->kind == INSN_JUMP || ret->kind == INSN_COND) {
		ret->has_target = true;
		ret->target = (uint64_t)x->operands[0].imm;
		/* The displacement ends the instruction. A branch with an operand-size prefix has a
		 * 16-bit displacement and truncates rip: no compiler writes it. */
		ret->field_len = (start[0] == 0xeb || (start[0] & 0xf0) == 0x70 ||
				  (start[0] >= 0xe0 && start[0] <= 0xe3) || i->size == 2)
					 ? 1
					 : 4;
		ret->field_off = (uint8_t)(ret->len - ret->field_len);
		return 0;
	}
	for (int k = 0; k < x->op_count; k++) {
		const cs_x86_op *op = &x->operands[k];

		if (op->type == X86_OP_MEM && op->mem.base == X86_REG_RIP && x->encoding.disp_size) {
			ret->has_target = true;
			ret->target = addr + i->size + (uint64_t)op->mem.disp;
			ret->field_off = x->encoding.disp_offset;
			ret->field_len = x->encoding.disp_size;
		}
	}
	return 0;
}

static size_t entry_shape(const uint8_t *p, size_t n, size_t *ret_len)
{
	static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};

	*ret_len = 5;
	return n >= 4 && !memcmp(p, endbr64, 4) ? 4 : 0;
}

/* Stores a displacement from @end to @to. False when it does not fit into 32 bits. */
static bool put_rel32(uint8_t *p, uint64_t end, uint64_t to)
{
	int64_t d = (int64_t)(to - end);

	if (d != (int32_t)d)
		return false;
	put32(p, (uint32_t)d);
	return true;
}

static size_t encode_jump(uint64_t from, uint64_t to, const uint8_t *orig, size_t len,
			  uint8_t out[TARGET_MAX_JUMP])
{
	out[0] = 0xe9; /* jmp rel32 */
	return put_rel32(out + 1, from + 5, to) ? 5 : 0;
}

static size_t encode_switch(uint64_t at, uint64_t word, uint64_t old, uint64_t new,
			    uint8_t out[TARGET_MAX_JUMP])
{
	/* 83 3d rel32 00: cmpl $0, word(%rip). The flags carry nothing across a call. */
	out[0] = 0x83;
	out[1] = 0x3d;
	out[6] = 0x00;
	/* 0f 84 rel32: je old; e9 rel32: jmp new */
	out[7] = 0x0f;
	out[8] = 0x84;
	out[13] = 0xe9;
	if (!put_rel32(out + 2, at + 7, word) || !put_rel32(out + 9, at + 13, old) ||
	    !put_rel32(out + 14, at + 18, new))
		return 0;
	return 18;
}

/*
 * Far from the word there is no register that could be used for its address and that a caller
 * cannot count on: with -fipa-ra a caller of a local function may rely even on r11. So r11 is saved
 * on the stack; pop leaves the flags alone.
 */
static size_t encode_switch_far(uint64_t at, uint64_t word, uint64_t old, uint64_t new,
				uint8_t out[TARGET_MAX_JUMP])
{
	static const uint8_t code[] = {
		0x41, 0x53,			/* push %r11 */
		0x49, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, /* movabs $word, %r11 */
		0x41, 0x83, 0x3b, 0x00,		/* cmpl $0, (%r11) */
		0x41, 0x5b,			/* pop %r11 */
		0x0f, 0x84, 0, 0, 0, 0,		/* je old */
		0xe9, 0, 0, 0, 0,		/* jmp new */
	};

	memcpy(out, code, sizeof(code));
	memcpy(out + 4, &word, 8);
	if (!put_rel32(out + 20, at + 24, old) || !put_rel32(out + 25, at + 29, new))
		return 0;
	return sizeof(code);
}

static size_t encode_stub(uint32_t call, uint8_t out[TARGET_MAX_JUMP], struct match_rel *r, size_t *ret_n)
{
	/* f3 0f 1e fa: endbr64, so that the stub may be the value of a function pointer;
	 * ff 25 rel32: jmp *slot(%rip) */
	static const uint8_t code[] = {0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25, 0, 0, 0, 0};

	memcpy(out, code, sizeof(code));
	*r = (struct match_rel){R_X86_64_PC32, 6, -4};
	*ret_n = 1;
	return sizeof(code);
}

static int apply_rel(uint32_t type, uint8_t *p, uint64_t place, uint64_t v, uint64_t gp)
{
	switch (type) {
	case R_X86_64_NONE:
		return 0;
	case R_X86_64_64:
	case R_X86_64_TPOFF64:
	case R_X86_64_DTPOFF64:
		memcpy(p, &v, 8);
		return 0;
	case R_X86_64_PC64:
		v -= place;
		memcpy(p, &v, 8);
		return 0;
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		v -= place;
		if ((int64_t)v != (int32_t)v)
			return -1;
		put32(p, (uint32_t)v);
		return 0;
	case R_X86_64_32:
		if (v != (uint32_t)v)
			return -1;
		put32(p, (uint32_t)v);
		return 0;
	case R_X86_64_32S:
	case R_X86_64_TPOFF32:
	case R_X86_64_DTPOFF32:
		if ((int64_t)v != (int32_t)v)
			return -1;
		put32(p, (uint32_t)v);
		return 0;
	default:
		return -1;
	}
}

static int64_t rel_offset(uint32_t type, int64_t addend, uint32_t insn_end)
{
	switch (target_rel(&target_x86_64, type)->kind) {
	case REL_PC:
	case REL_PLT:
	case REL_GOT:
	case REL_TLS_IE:
	case REL_TLS_GD:
	case REL_TLS_LD:
	case REL_TLS_DESC:
		return addend + insn_end;
	default:
		return addend;
	}
}

/* Bytes equal but for @skip_n of them from @skip on. */
static bool same_but(const uint8_t *a, const uint8_t *b, size_t n, size_t skip, size_t skip_n)
{
	return !memcmp(a, b, skip) && !memcmp(a + skip + skip_n, b + skip + skip_n, n - skip - skip_n);
}

static int64_t sext32(const uint8_t *p)
{
	return (int32_t)get32(p);
}

/* mov/lea/op/call/jmp through a GOT slot that the linker turned into direct use. */
static bool match_got_relaxed(const uint8_t *obj, const struct insn *oi, uint32_t at,
			      const uint8_t *bin, size_t n, uint64_t addr, struct rel_match *ret)
{
	bool rex = at == 3;
	uint8_t op = obj[at - 2], modrm = obj[at - 1], reg = modrm >> 3 & 7;

	if (at < 2 || n < oi->len || oi->len != at + 4u || (modrm & 0xc7) != 0x05)
		return false;
	ret->kind = REL_PC;
	ret->value = addr + oi->len + (uint64_t)sext32(bin + at);
	if (op == 0xff && reg == 2) { /* call *foo@GOT -> addr32 call foo */
		if (bin[0] == 0x67 && bin[1] == 0xe8)
			return true;
		/* lld and older linkers: call foo; nop */
		if (bin[0] == 0xe8 && bin[5] == 0x90) {
			ret->value = addr + 5 + (uint64_t)sext32(bin + 1);
			return true;
		}
		return false;
	}
	if (op == 0xff && reg == 4) { /* jmp *foo@GOT -> jmp foo; nop */
		if (bin[0] != 0xe9 || bin[5] != 0x90)
			return false;
		ret->value = addr + 5 + (uint64_t)sext32(bin + 1);
		return true;
	}
	if (op == 0x8b) { /* mov foo@GOT, %reg -> lea foo(%rip), %reg */
		if ((!rex || bin[0] == obj[0]) && bin[at - 2] == 0x8d && bin[at - 1] == modrm)
			return true;
		/* -> mov $foo, %reg: c7 /0; the register moves from reg to rm, REX.R to REX.B */
		if (bin[at - 2] == 0xc7 && bin[at - 1] == (0xc0 | reg) &&
		    (!rex || bin[0] == ((obj[0] & ~4) | (obj[0] & 4) >> 2))) {
			ret->kind = REL_ABS;
			ret->value = (uint64_t)sext32(bin + at);
			return true;
		}
		return false;
	}
	/* op foo@GOT, %reg -> op $foo, %reg: 81 /op; test becomes f7 /0 */
	if (rex && bin[0] != ((obj[0] & ~4) | (obj[0] & 4) >> 2))
		return false;
	ret->kind = REL_ABS;
	ret->value = (uint64_t)sext32(bin + at);
	if (op == 0x85)
		return bin[at - 2] == 0xf7 && bin[at - 1] == (0xc0 | reg);
	if ((op & 0xc7) == 0x03)
		return bin[at - 2] == 0x81 && bin[at - 1] == (0xc0 | (op & 0x38) | reg);
	return false;
}

/* Initial exec: `mov|add x@gottpoff(%rip), %reg`, which may have become local exec. */
static bool match_ie(const uint8_t *obj, const struct insn *oi, uint32_t at, const uint8_t *bin,
		     size_t n, uint64_t addr, struct rel_match *ret)
{
	uint8_t reg = obj[at - 1] >> 3 & 7, op = obj[at - 2];
	uint8_t rex_b, moved;

	if (at != 3 || n < oi->len)
		return false;
	if (same_but(obj, bin, oi->len, at, 4)) {
		ret->kind = REL_TLS_IE;
		ret->value = addr + oi->len + (uint64_t)sext32(bin + at);
		return true;
	}
	rex_b = obj[0] & 4 ? 1 : 0;
	moved = (uint8_t)(0x48 | rex_b);
	ret->kind = REL_TLS_LE;
	ret->value = (uint64_t)sext32(bin + at);
	if (op == 0x8b) /* mov $x@tpoff, %reg */
		return bin[0] == moved && bin[1] == 0xc7 && bin[2] == (0xc0 | reg);
	if (op == 0x03) {
		if (reg == 4) /* add $x@tpoff, %rsp|%r12: lea would need a SIB byte */
			return bin[0] == moved && bin[1] == 0x81 && bin[2] == (0xc0 | reg);
		/* lea x@tpoff(%reg), %reg: REX.R and REX.B both */
		return bin[0] == (0x48 | rex_b | rex_b << 2) && bin[1] == 0x8d &&
		       bin[2] == (0x80 | reg << 3 | reg);
	}
	return false;
}

/*
 * General dynamic: 66 48 8d 3d <x@tlsgd> ; 66 66 48 e8 <__tls_get_addr> or 66 48 ff 15 <got>.
 * Linked as is, or as initial exec / local exec of the same sixteen bytes.
 */
static bool match_gd(const uint8_t *obj, size_t obj_n, const struct match_rel *r, size_t n_rels,
		     const uint8_t *bin, size_t n, uint64_t addr, struct rel_match *ret)
{
	static const uint8_t load_tp[] = {0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0};
	bool prefix = obj[0] == 0x66;
	uint32_t at = prefix ? 4 : 3, len = prefix ? 16 : 15;

	if (r[0].offset != at || n_rels < 2 || obj_n < len || n < len)
		return false;
	ret->obj_len = ret->bin_len = (uint8_t)len;
	ret->n_rels = 2;
	if (!memcmp(obj, bin, at) && !memcmp(obj + at + 4, bin + at + 4, 4)) {
		ret->kind = REL_TLS_GD;
		ret->value = addr + at + 4 + (uint64_t)sext32(bin + at);
		return true;
	}
	if (!prefix || memcmp(bin, load_tp, sizeof(load_tp)))
		return false;
	if (bin[9] == 0x48 && bin[10] == 0x8d && bin[11] == 0x80) { /* lea x@tpoff(%rax), %rax */
		ret->kind = REL_TLS_LE;
		ret->value = (uint64_t)sext32(bin + 12);
		return true;
	}
	if (bin[9] == 0x48 && bin[10] == 0x03 && bin[11] == 0x05) { /* add x@gottpoff(%rip), %rax */
		ret->kind = REL_TLS_IE;
		ret->value = addr + 16 + (uint64_t)sext32(bin + 12);
		return true;
	}
	return false;
}

/* Local dynamic: 48 8d 3d <x@tlsld> ; e8 <__tls_get_addr>  ->  66 66 66 64 48 8b 04 25 0 0 0 0 */
static bool match_ld(const uint8_t *obj, size_t obj_n, const struct match_rel *r, size_t n_rels,
		     const uint8_t *bin, size_t n, uint64_t addr, struct rel_match *ret)
{
	static const uint8_t le_call[] = {0x66, 0x66, 0x66, 0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0};
	static const uint8_t le_ind[] = {0x66, 0x66, 0x66, 0x66, 0x64, 0x48, 0x8b, 0x04, 0x25};
	size_t len;

	if (r[0].offset != 3 || n_rels < 2 || obj_n < 13)
		return false;
	len = obj[7] == 0xff ? 13 : 12; /* call *__tls_get_addr@GOT(%rip) is one byte longer */
	if (n < len)
		return false;
	ret->obj_len = ret->bin_len = (uint8_t)len;
	ret->n_rels = 2;
	if (!memcmp(obj, bin, 3) && obj[7] == bin[7]) {
		ret->kind = REL_TLS_LD;
		ret->value = addr + 7 + (uint64_t)sext32(bin + 3);
		return true;
	}
	ret->kind = REL_TLS_LE;
	ret->value = 0;
	return len == 12 ? !memcmp(bin, le_call, 12) : !memcmp(bin, le_ind, 9);
}

/* lea x@tlsdesc(%rip), %rax  ->  mov $x@tpoff, %rax  or  mov x@gottpoff(%rip), %rax */
static bool match_desc(const uint8_t *obj, const struct insn *oi, uint32_t at, const uint8_t *bin,
		       size_t n, uint64_t addr, struct rel_match *ret)
{
	if (at != 3 || n < oi->len)
		return false;
	if (same_but(obj, bin, oi->len, at, 4)) {
		ret->kind = REL_TLS_DESC;
		ret->value = addr + oi->len + (uint64_t)sext32(bin + at);
		return true;
	}
	if (bin[1] == 0xc7 && (bin[2] & 0xf8) == 0xc0) {
		ret->kind = REL_TLS_LE;
		ret->value = (uint64_t)sext32(bin + at);
		return true;
	}
	if (bin[1] == 0x8b && (bin[2] & 0xc7) == 0x05) {
		ret->kind = REL_TLS_IE;
		ret->value = addr + oi->len + (uint64_t)sext32(bin + at);
		return true;
	}
	return false;
}

/* One of the two plain fields of an instruction. */
static bool plain_field(const struct match_rel *r, const struct insn *oi, const uint8_t *bin,
			uint64_t addr, uint8_t *kind, uint64_t *value)
{
	const struct rel_info *ri = target_rel(&target_x86_64, r->type);

	if (!ri || ri->size != 4 || r->offset + 4 > oi->len)
		return false;
	*kind = ri->kind;
	if (ri->kind == REL_PC)
		*value = addr + oi->len + (uint64_t)sext32(bin + r->offset);
	else
		*value = ri->is_signed ? (uint64_t)sext32(bin + r->offset) : get32(bin + r->offset);
	return ri->kind == REL_PC || ri->kind == REL_ABS || ri->kind == REL_TLS_LE;
}

/* `movq $x, y(%rip)` and `cmpq $x, y(%rip)` of code that is not position-independent. */
static bool match_both(const uint8_t *obj, const struct insn *oi, const struct match_rel *r,
		       const uint8_t *bin, size_t n, uint64_t addr, struct rel_match *ret)
{
	uint32_t a = r[0].offset, b = r[1].offset;

	if (n < oi->len || b < a + 4 || !plain_field(&r[0], oi, bin, addr, &ret->kind, &ret->value) ||
	    !plain_field(&r[1], oi, bin, addr, &ret->second_kind, &ret->second))
		return false;
	ret->has_second = true;
	ret->n_rels = 2;
	ret->bin_len = oi->len;
	return !memcmp(obj, bin, a) && !memcmp(obj + a + 4, bin + a + 4, b - a - 4) &&
	       !memcmp(obj + b + 4, bin + b + 4, oi->len - b - 4);
}

static bool match_rel(struct target_dis *dis, const uint8_t *obj, size_t obj_n,
		      const struct match_rel *r, size_t n_rels, const uint8_t *bin, size_t n,
		      uint64_t addr, struct rel_match *ret)
{
	const struct rel_info *ri = target_rel(&target_x86_64, r->type);
	uint32_t at = r->offset;
	struct insn oi, bi;

	memset(ret, 0, sizeof(*ret));
	if (decode(dis, obj, obj_n, 0, &oi) < 0 || decode(dis, bin, n, addr, &bi) < 0)
		return false;
	if (at + ri->size > oi.len)
		return false;
	ret->obj_len = oi.len;
	ret->bin_len = bi.len;
	ret->kind = ri->kind;
	ret->n_rels = 1;
	if (n_rels > 1 && r[1].offset < oi.len)
		return match_both(obj, &oi, r, bin, n, addr, ret);
	switch ((enum rel_kind)ri->kind) {
	case REL_PC:
	case REL_PLT:
		if (oi.kind == INSN_JUMP || oi.kind == INSN_COND || oi.kind == INSN_CALL) {
			/* The assembler may have shortened it in the original's own layout. */
			ret->value = bi.target;
			return bi.kind == oi.kind && bi.cond == oi.cond;
		}
		if (oi.len != bi.len || !same_but(obj, bin, oi.len, at, 4))
			return false;
		ret->value = addr + oi.len + (uint64_t)sext32(bin + at);
		return true;
	case REL_GOT:
		if (n >= oi.len && same_but(obj, bin, oi.len, at, 4)) {
			ret->value = addr + oi.len + (uint64_t)sext32(bin + at);
			return true;
		}
		ret->bin_len = oi.len; /* `jmp foo; nop` is one unit here */
		return match_got_relaxed(obj, &oi, at, bin, n, addr, ret);
	case REL_ABS:
	case REL_TLS_LE:
	case REL_TLS_DTPOFF:
	case REL_SIZE:
		if (oi.len != bi.len || !same_but(obj, bin, oi.len, at, ri->size))
			return false;
		if (ri->size == 8)
			memcpy(&ret->value, bin + at, 8);
		else
			ret->value = ri->is_signed ? (uint64_t)sext32(bin + at) : get32(bin + at);
		return true;
	case REL_TLS_IE:
		ret->bin_len = oi.len;
		return match_ie(obj, &oi, at, bin, n, addr, ret);
	case REL_TLS_GD:
		return match_gd(obj, obj_n, r, n_rels, bin, n, addr, ret);
	case REL_TLS_LD:
		return match_ld(obj, obj_n, r, n_rels, bin, n, addr, ret);
	case REL_TLS_DESC:
		ret->bin_len = oi.len;
		return match_desc(obj, &oi, at, bin, n, addr, ret);
	case REL_TLS_DESC_CALL: /* call *(%rax): as it is, or xchg %ax,%ax */
		return (bi.len == oi.len && !memcmp(obj, bin, oi.len)) ||
		       (n >= 2 && bin[0] == 0x66 && bin[1] == 0x90);
	case REL_NONE:
		return oi.len == bi.len && !memcmp(obj, bin, oi.len);
	case REL_UNKNOWN:
	case REL_GP:
		break;
	}
	return false;
}

const struct target target_x86_64 = {
	.machine = EM_X86_64,
	.elf_class = ELFCLASS64,
	.name = "x86-64",
	.debian = "amd64",
	.multiarch = "x86_64-linux-gnu",
	.rels = rels,
	.n_rels = ARRAY_SIZE(rels),
	.insn_min = 1,
	.jump_reach = 0x7fffff00,
	.page_size = 4096,
	.tls_variant2 = true,
	.trap_byte = 0xcc, /* int3 */
	.rel_abs = R_X86_64_64,
	.rel_glob_dat = R_X86_64_GLOB_DAT,
	.rel_jump_slot = R_X86_64_JUMP_SLOT,
	.rel_irelative = R_X86_64_IRELATIVE,
	.rel_pc32 = R_X86_64_PC32,
	.compile_flags = compile_flags,
	.open = open_dis,
	.decode = decode,
	.pad_len = pad_len,
	.entry_shape = entry_shape,
	.encode_jump = encode_jump,
	.encode_switch = encode_switch,
	.encode_switch_far = encode_switch_far,
	.encode_stub = encode_stub,
	.apply_rel = apply_rel,
	.match_rel = match_rel,
	.rel_offset = rel_offset,
};
