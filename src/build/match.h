/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run-pre matching of one function: is this linked code what that relocatable code becomes?
 */
#ifndef SUTURE_BUILD_MATCH_H
#define SUTURE_BUILD_MATCH_H

#include "elf/elfobj.h"
#include "target/target.h"

/* A function of a relocatable object, decoded once and compared with many places. */
struct match_func {
	const struct elf_obj *o;
	const struct elf_sec *sec;
	uint32_t off, size;	/* in the section */
	uint8_t isa;		/* instruction set of its entry */
	struct insn *insns;	/* addresses are section offsets */
	size_t n_insns;
	uint32_t lead;		/* bytes of nops that it begins with: patchable entries */
	size_t first_rel;	/* index of its first relocation in sec->rels */
	size_t n_rels;
	uint8_t head[32], head_mask[32]; /* what a match begins with, but for padding */
	size_t head_len;
	size_t head_fixed;	/* bytes of the head that are not masked */
};

struct match_ref {
	uint32_t rel;		/* index into sec->rels */
	uint8_t kind;		/* enum rel_kind as linked */
	uint8_t part, bits;	/* enum rel_part; PART_WHOLE in a finished match */
	bool anchored;		/* false in a finished match */
	uint8_t form;		/* enum rel_form */
	uint64_t value;		/* what the linked code refers to: see struct rel_match */
};

struct match_branch {		/* a branch inside the function, in the linked code */
	uint64_t at, target;
	uint8_t isa;
};

struct match {
	uint64_t addr;
	uint64_t size;		/* linked bytes, without trailing padding */
	struct match_ref *refs;
	size_t n_refs;
	struct match_branch *branches;
	size_t n_branches;
	uint64_t *moved;	/* pieces of it that the linker moved away: struct target, moved() */
	size_t n_moved, cap_moved;
	uint64_t *bin_of;	/* [instruction] -> linked address of it */
};

#define MATCH_MOVED_SIZE 8	/* an instruction and a branch back */

void match_free(struct match *m);
/* The linked address of the instruction (or the data) at @off of the section; 0: there is none. */
uint64_t match_place(const struct match_func *f, const struct match *m, uint64_t off);

/*
 * Does @bin_target of the linked code correspond to @obj_target of the section, as the two targets of a branch
 * do? @bin: the @n bytes from the match on.
 */
bool match_leads(const struct match_func *f, const struct match *m, const struct target *t, const uint8_t *bin,
		 size_t n, uint64_t obj_target, uint64_t bin_target);

/*
 * Decodes (section, @off, @size). False where the bytes are not instructions: hand-written code with
 * data inside. Trailing padding does not count.
 */
bool match_func_init(struct match_func *f, const struct elf_obj *o, const struct elf_sec *sec,
		     uint32_t off, uint32_t size, struct target_dis *dis);
void match_func_free(struct match_func *f);

/*
 * Compares with linked bytes that start at address @addr. Jump sizes and alignment padding may differ,
 * relocated fields are decoded into @ret->refs. True on a match; the caller frees it by match_free().
 */
bool match_at(const struct match_func *f, struct target_dis *dis, const uint8_t *bin, size_t n,
	      uint64_t addr, struct match *ret);

#endif
