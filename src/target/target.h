/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a *file* says about its processor: relocations, branch encodings, entry shapes, padding.
 *
 * Every architecture is compiled in on every host, so that any host can build, compare and
 * inspect patches for any target. What this CPU and this kernel do (registers, system calls)
 * lives in src/proc/native/ and never here. One `const struct target` per psABI; a port fills in
 * every hook.
 */
#ifndef SUTURE_TARGET_TARGET_H
#define SUTURE_TARGET_TARGET_H

#include "elf/elfobj.h"

/* What a relocation asks for; the generic code knows these and no psABI's numbers. */
enum rel_kind {
	REL_UNKNOWN,	/* not in the table: a refusal wherever it is met */
	REL_NONE,
	REL_ABS,	/* S + A */
	REL_PC,		/* S + A - P */
	REL_PLT,	/* L + A - P: a branch that may go through a linkage stub */
	REL_GOT,	/* G + A - P: PC-relative address of a GOT slot that holds S */
	REL_TLS_LE,	/* offset of a TLS variable from the thread pointer */
	REL_TLS_IE,	/* PC-relative address of a GOT slot that holds that offset */
	REL_TLS_GD,	/* PC-relative address of a {module, offset} pair in the GOT */
	REL_TLS_LD,	/* the same for the module alone */
	REL_TLS_DTPOFF,	/* offset of a TLS variable in its module's block */
	REL_TLS_DESC,	/* PC-relative address of a TLS descriptor in the GOT */
	REL_TLS_DESC_CALL, /* marks the call through the descriptor; no field */
	REL_SIZE,	/* Z + A: the size of a symbol */
	REL_GP,		/* distance to the object's global pointer, which its symbol stands for */
};

/*
 * Fixed-length instructions have no room for an address: one gives its high part, another adds the
 * low one, and either may serve several of the other kind.
 */
enum rel_part {
	PART_WHOLE,
	PART_HI,	/* the value lies in [v, v + 2^bits) */
	PART_LO,	/* the value modulo 2^bits is v */
};

struct rel_info {
	uint32_t type;
	const char *name;	/* the psABI's own */
	uint8_t kind;		/* enum rel_kind */
	uint8_t size;		/* bytes of the field, for one inside an instruction: of the instruction */
	bool is_signed;		/* the field is sign-extended when it is used */
	uint8_t part;		/* enum rel_part */
	/* REL_GOT and REL_TLS_* that go through a slot: the relocation that fills the same field with
	 * the address of a slot given as its symbol. 0: rel_pc32. */
	uint32_t plain;
};

enum insn_kind {
	INSN_OTHER,
	INSN_NOP,	/* does nothing: padding and alignment */
	INSN_TRAP,	/* int3 and the like: padding between functions */
	INSN_JUMP,	/* direct, unconditional */
	INSN_COND,	/* direct, conditional */
	INSN_CALL,	/* direct */
	INSN_JUMP_IND,	/* through a register or memory */
	INSN_CALL_IND,
	INSN_RET,
	INSN_PCREL,	/* takes an address near the pc, or what lies there: a literal of the function */
	INSN_DATA,	/* none: data between the instructions (objects alone tell) */
};

enum { INSN_TABLE_ISA = 8 };

struct insn {
	uint64_t addr;
	uint8_t len;
	uint8_t kind;		/* enum insn_kind */
	uint8_t isa;		/* instruction set, where there are several: see struct target */
	uint32_t cond;		/* INSN_COND: which condition; equal for all sizes of one branch.
				 * INSN_PCREL: all of the instruction but the displacement, likewise.
				 * INSN_JUMP_IND: where a table follows at once, of distances from
				 * there: the bytes of an entry. 1 or 2: they count in units of
				 * insn_min; 4: with a sign, in bytes; INSN_TABLE_ISA: so, too, with
				 * the instruction set in bit 0, and the table is aligned.
				 * INSN_DATA: the same, in the table */
	bool has_target;	/* @target is a branch target or a PC-relative memory address */
	uint64_t target;
	uint8_t field_off, field_len; /* the displacement field behind @target */
};

/* A disassembler: not shared between threads. */
struct target_dis;

/* What a linker did to an instruction, where that concerns others. */
enum rel_form {
	FORM_AS_IS,
	FORM_GONE,	/* left it out: the value that it made is not there */
	FORM_FREE,	/* made it do without such a value */
};

/*
 * How a linked instruction relates to the relocated one it was made from. `value` is the address
 * the linked code really refers to: the effective target of a branch or a PC-relative operand
 * (instruction end taken into account), the immediate of an absolute one, the TLS offset.
 */
struct rel_match {
	uint8_t obj_len, bin_len; /* bytes of object and of linked code that were consumed */
	uint8_t kind;		/* enum rel_kind as linked: REL_GOT may have become REL_PC ... */
	uint8_t n_rels;		/* relocations consumed (a TLS sequence has two) */
	uint8_t part, bits;	/* enum rel_part: what @value tells; PART_WHOLE has no bits */
	bool anchored;		/* @value is a distance from the relocation's anchor: see elfobj.h */
	uint8_t form;		/* enum rel_form */
	uint64_t value;
	/* A second one in the same instruction (an address stored to an address), where has_second:
	 * then two relocations were consumed. */
	bool has_second;
	uint8_t second_kind;
	uint64_t second;
};

struct match_rel {		/* a relocation as the matcher sees it */
	uint32_t type;
	uint32_t offset;	/* of the field from the start of the instruction */
	int64_t addend;
};

/* How code in front of an indirect branch takes its target from a table: offsets are of instructions. */
struct switch_use {
	uint32_t address;	/* this one completes the table's address, and has a relocation */
	uint32_t from;		/* and this one has the place that entries count from */
	uint8_t width, unit;	/* bytes of an entry, and what one of them counts for */
	bool is_signed;
};

#define TARGET_MAX_JUMP 64	/* no entry or stub is longer */
#define TARGET_STUB_RELS 4

struct target {
	uint16_t machine;	/* EM_* */
	uint8_t elf_class;	/* ELFCLASS* */
	uint32_t e_flags;	/* of the ELF files that are made */
	const char *name;	/* "x86-64" */
	const char *debian;	/* Debian's name of the architecture: "amd64" */
	const char *multiarch;	/* folder of its libraries in Debian's layout: "x86_64-linux-gnu" */
	const struct rel_info *rels;
	size_t n_rels;
	uint8_t insn_min;	/* smallest instruction, also their alignment */
	/* Longer instructions do not cross a multiple of this: assemblers put a smallest nop in front. 0: they may. */
	uint8_t long_line;
	uint64_t jump_reach;	/* farthest displacement of that jump, bytes either way */
	/* Farthest that code can lie from its object, with encode_far() for all branches between them and
	 * encode_detour(): how far its references to the object's data reach. 0: no farther than branches. */
	uint64_t far_reach;
	uint64_t page_size;	/* largest page size that the psABI allows for segments */
	int32_t thread_ptr_gap;	/* bytes between thread pointer and first TLS block (variant I) */
	bool tls_as_compiled;	/* linkers do not turn one TLS model into another */
	uint32_t dtp_bias;	/* a variable's offset in its block is given less this */
	bool tls_variant2;	/* TLS blocks lie below the thread pointer */
	/*
	 * Bits of an address that code branches to which select the instruction set (arm: 1 for
	 * Thumb) and are no part of where it lies; 0: there is one set. "isa" is the value of these
	 * bits everywhere. Addresses of bytes never have them; slots, function pointers and what is
	 * given to the encode functions below do.
	 */
	uint64_t isa_mask;
	int isa_modes[2];	/* Capstone's modes, by isa, where isa_mask is not 0 */
	bool gp_is_pltgot;	/* the global pointer is what DT_PLTGOT names */
	uint8_t trap_byte;	/* fills gaps between functions in executable memory */
	uint32_t rel_abs, rel_pc32; /* plain: a word of the size of a pointer; a distance */
	uint32_t rel_glob_dat, rel_jump_slot; /* the dynamic linker's: slots of the GOT, of the PLT */
	uint32_t rel_tlsdesc;	/* a TLS descriptor of two words; 0: none */
	bool tls_desc_argument_first; /* {argument, resolver}, else {resolver, argument} */
	uint32_t rel_irelative;	/* a slot for what an IFUNC resolver (the addend) returns */
	const char *const *compile_flags; /* flags for both compiles of a unit; NULL-terminated */
	/* Where those flags change the code: flags for the compile that is proved. NULL: the same. */
	const char *const *proof_flags;
	/* compile_flags for units of the kernel, whose patches are modules: out of reach of what they patch,
	 * so each reference must have room for any address. NULL: compile_flags. */
	const char *const *kernel_flags;
	const char *kernel_header; /* what such a unit includes before anything else; NULL: nothing */
	/* Helpers of the compiler that its static library does not have, or not for code that comes late:
	 * assembly; NULL: there are none. */
	const char *own_helpers;

	/*
	 * Brings a freshly opened relocatable or linked file into the form that all code here works
	 * with: isa bits off symbol values, addends out of the fields (which are then zero), anchors,
	 * marks. NULL where it is in that form as it is.
	 */
	void (*prepare)(struct elf_obj *o);
	/*
	 * Where a linker's detour at the branch address @addr leads: code that only changes the
	 * instruction set or reaches further. @p: @n bytes there. 0: it is none. May be NULL.
	 */
	uint64_t (*follow)(uint64_t addr, const uint8_t *p, size_t n);
	/*
	 * Is what stands at @p a branch to code of the linker's that has one instruction and comes back behind
	 * the branch (it moved away what a processor would do wrong there)? Returns where that lies, with the
	 * instruction, of the branch's length, in @out; 0: no. Reads by dis->code. May be NULL.
	 */
	uint64_t (*moved)(struct target_dis *dis, const uint8_t *p, size_t n, uint64_t addr,
			  uint8_t out[TARGET_MAX_JUMP]);
	/* The instruction set of a branch that cannot change it, by its relocation; -1: it can, or is
	 * none. May be NULL. */
	int (*branch_isa)(uint32_t type);
	/* The global pointer that a program's start code sets (of a linked object), 0: none. NULL: it is found
	 * otherwise, see prove_object. */
	uint64_t (*start_gp)(const struct elf_obj *o);
	/* Opens Capstone for this target (a csh through @ret_handle). 0 or -1. NULL: it does not know it. */
	int (*open)(size_t *ret_handle);
	/*
	 * Decodes one instruction at @p (@n bytes available). 0, or -1 where it is none. Where there
	 * are several instruction sets it is of dis->isa, unless dis->sec is set: then @addr is an
	 * offset in that section, which knows.
	 */
	int (*decode)(struct target_dis *dis, const uint8_t *p, size_t n, uint64_t addr,
		      struct insn *ret);
	/* Length of the padding instruction at @p, 0 where there is none. */
	size_t (*pad_len)(const uint8_t *p, size_t n, unsigned int isa);
	/* Offset from a function's first byte at which its entry may be redirected (behind a
	 * landing pad such as endbr64); in @ret_len how many bytes that overwrites there. */
	size_t (*entry_shape)(const uint8_t *p, size_t n, size_t *ret_len);
	/*
	 * The redirect of an entry whose bytes are @orig: @len of them, as entry_shape() says.
	 * Returns @len, or 0 where @to is out of reach.
	 */
	size_t (*encode_jump)(uint64_t from, uint64_t to, const uint8_t *orig, size_t len,
			      uint8_t out[TARGET_MAX_JUMP]);
	/*
	 * Code that goes to @old while the 32-bit word at @word is zero and to @new otherwise.
	 * Preserves every register that can carry an argument. Returns its length or 0.
	 */
	size_t (*encode_switch)(uint64_t at, uint64_t word, uint64_t old, uint64_t new,
				uint8_t out[TARGET_MAX_JUMP]);
	/* The same where @word may be anywhere; used when encode_switch() does not reach. */
	size_t (*encode_switch_far)(uint64_t at, uint64_t word, uint64_t old, uint64_t new,
				    uint8_t out[TARGET_MAX_JUMP]);
	/*
	 * Code at @at, aligned to 16, that goes to @to wherever that is. Changes no register but those that
	 * a linker's own detours may change on the way into a function. Returns its length, 32 at most.
	 * NULL where far_reach is 0.
	 */
	size_t (*encode_far)(uint64_t at, uint64_t to, uint8_t out[TARGET_MAX_JUMP]);
	/*
	 * A linkage stub for calls by relocation @call: jumps to the address held in a slot. The code is
	 * position-independent but for @rels against the slot, at most TARGET_STUB_RELS. Returns its
	 * length. Calls of different types that get equal stubs share one.
	 */
	size_t (*encode_stub)(uint32_t call, uint8_t out[TARGET_MAX_JUMP], struct match_rel *rels,
			      size_t *ret_n);

	/*
	 * Landing pads. Where a file's GNU property @guard_property has a bit of @guard_bits, its code may lie
	 * in pages that an indirect branch can only enter at one. @lands: is the code at @p one? NULL: such
	 * pages are not known. @rel_branch is the relocation of code that goes there directly: @branch.
	 */
	uint32_t guard_property, guard_bits;
	bool (*lands)(const uint8_t *p, size_t n);
	uint32_t rel_branch, branch;

	/* The following are for psABIs with a global pointer; all may be NULL. */

	/* Offset of the entry for callers that share the global pointer, from a symbol's st_other. */
	uint32_t (*local_entry)(uint8_t st_other);
	/* Does a function with this st_other leave its caller's global pointer as it was? */
	bool (*keeps_gp)(uint8_t st_other);
	/*
	 * Code at @at that an entry leads to first where the version at @to needs more of a caller than
	 * the function whose code is @orig does: its global pointer. @st_other is the version's.
	 * Returns its length, 0 where none is needed, -1 where it cannot be.
	 */
	int (*encode_way_in)(uint64_t at, uint64_t to, uint64_t gp, uint8_t st_other,
				const uint8_t *orig, size_t n, uint8_t out[TARGET_MAX_JUMP]);
	/*
	 * The call (or jump) of relocation @type at @insn, @n bytes up to its section's end, goes through
	 * a linkage stub: makes it restore what the stub replaced. False where there is no room.
	 */
	bool (*link_call)(uint32_t type, uint8_t *insn, size_t n);
	/* Is this the code of a linkage stub after which a caller has to do so? */
	bool (*is_linkage)(const uint8_t *p, size_t n);
	/* A section of slots that units bring themselves (".toc"), whose order is nobody's concern. A
	 * relocation against a slot is this one against what the slot holds; 0: none. */
	const char *slot_section;
	uint32_t (*slot_rel)(uint32_t type);
	/*
	 * The instruction @p at @place has a PART_HI field of relocation @type that apply_rel() cannot fill, as
	 * the value is too far from the global pointer. Makes it a branch to @at, and code there that gives
	 * the register what the instruction would have, whatever the distance, changes no other, and goes
	 * back. Returns the length, 32 at most; 0 where it cannot be.
	 */
	size_t (*encode_detour)(uint32_t type, uint8_t *p, uint64_t place, uint64_t s_plus_a, uint64_t gp,
				uint64_t at, uint8_t out[TARGET_MAX_JUMP]);
	/* The global pointer that a function's code at @addr computes for itself; 0: it does not. */
	uint64_t (*code_gp)(const uint8_t *p, size_t n, uint64_t addr);

	/*
	 * Code of a resolver for TLS descriptors. Where @relative the argument points
	 * to {another descriptor, a distance}, and the result is that one's plus the distance; else it is
	 * the result. Returns the length. NULL: there are no descriptors.
	 */
	size_t (*encode_tls_resolver)(bool relative, uint8_t out[TARGET_MAX_JUMP]);
	/*
	 * Code that a linker adds, and that REL_TLS_DESC_CALL branches to (by the relocation's @plain), where
	 * the call of the resolver is not in the code itself. Returns its length. NULL: it is.
	 */
	size_t (*encode_tls_call)(uint8_t out[TARGET_MAX_JUMP]);
	/*
	 * Stores S + A (or S + A - P, or S + A - GP) into a field. @p is the field's local copy, @place
	 * its address in the target, @gp the object's global pointer there (ppc64le: its TOC pointer).
	 * 0; -1 where the value does not fit or the type is not a plain one.
	 */
	int (*apply_rel)(uint32_t type, uint8_t *p, uint64_t place, uint64_t s_plus_a, uint64_t gp);
	/*
	 * Compares one relocated instruction (or the short sequence that a linker may rewrite as one)
	 * with linked bytes. @obj starts at the instruction, @rels[0] is its first relocation and
	 * @n_rels how many follow in the function. True with @ret filled where a linker could have
	 * made @bin (at @bin_addr) of it.
	 */
	bool (*match_rel)(struct target_dis *dis, const uint8_t *obj, size_t obj_n,
			  const struct match_rel *rels, size_t n_rels, const uint8_t *bin,
			  size_t bin_n, uint64_t bin_addr, struct rel_match *ret);
	/* The indirect branch at @br of a function's @code: does it take a target from a table whose entries
	 * have no relocations? NULL: there are no such tables. */
	bool (*switch_use)(const uint8_t *code, uint32_t br, struct switch_use *ret);
	/* Where a relocated instruction points within its symbol: the addend without the PC bias.
	 * @insn_end is the distance from the field to the end of the instruction, or to its anchor. */
	int64_t (*rel_offset)(uint32_t type, int64_t addend, uint32_t insn_end);
};

/* The @i-th of all targets, NULL behind the last. */
const struct target *target_nth(size_t i);
/* The target for an ELF machine, or NULL. */
const struct target *target_find(uint16_t machine);
const struct rel_info *target_rel(const struct target *t, uint32_t type);

struct target_dis *target_dis_open(const struct target *t);
void target_dis_close(struct target_dis *dis);
/* For targets' own use: the Capstone handle and a reusable instruction. */
struct target_dis {
	const struct target *t;
	const struct elf_sec *sec; /* of an object: what is decoded lies in it */
	unsigned int isa;
	uint64_t gp;		/* of the linked code that is decoded: ppc64le's TOC pointer */
	/* Linked code anywhere, and how much of it follows; NULL: there is no such thing to be seen. */
	const uint8_t *(*code)(const void *ctx, uint64_t addr, uint64_t *ret_left);
	const void *code_ctx;
	size_t handle;		/* csh */
	void *insn;		/* cs_insn * */
};
/* Decodes one instruction as text, for messages. Fresh string. */
char *target_dis_text(struct target_dis *dis, const uint8_t *p, size_t n, uint64_t addr);

/* elf_obj_open() and prepare(), by the file's own machine. */
struct elf_obj *target_obj_open(const char *path, struct sut_err *err);
/* The same from memory: takes @data (malloc'ed) over, also on failure. */
struct elf_obj *target_obj_open_mem(const char *name, uint8_t *data, size_t size, struct sut_err *err);

/* PORT: declared here, defined in src/target/NAME.c: every hook, no NULL that is not said to be allowed */
extern const struct target target_x86_64, target_aarch64, target_arm, target_ppc64le, target_riscv64;

#endif
