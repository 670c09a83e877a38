/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a relocation refers to, independent of how it is encoded.
 *
 * Compilers refer to a static either by its own symbol or by a section symbol plus an offset, and
 * on x86-64 the addend also carries the distance to the end of the instruction. Comparing,
 * proving and linking all want the same answer: *this symbol (or this anonymous piece of that
 * section), so many bytes in*.
 */
#ifndef SUTURE_BUILD_DIFF_REF_H
#define SUTURE_BUILD_DIFF_REF_H

#include "elf/elfobj.h"
#include "target/target.h"

enum ref_kind {
	REF_NONE,	/* no symbol: marker relocations */
	REF_SYM,	/* a named symbol, defined here or undefined */
	REF_ANON,	/* bytes without a symbol: a string, a constant, a jump table */
};

struct ref {
	enum ref_kind kind;
	const struct elf_rel *rel;
	const struct rel_info *info;
	uint32_t sym;		/* REF_SYM: index into the object's symbols */
	uint32_t sec;		/* section that is referred to, 0 where undefined */
	int64_t off;		/* bytes from the symbol's (REF_SYM) or section's (REF_ANON) start */
	int64_t base;		/* REF_ANON: offset in the section of the label that the code used, or
				 * @off where it used the section's own symbol */
	uint8_t insn_kind;	/* enum insn_kind of the instruction; INSN_OTHER in data */
	uint32_t insn_off;	/* offset of that instruction in its section */
	uint8_t insn_len;
	struct elf_rel slot;	/* by way of a slot that the unit brings itself: what @rel then leads to */
};

/*
 * All references of one section, in order of offset: one per relocation. For executable sections the
 * instructions are decoded from each function's start. Fresh array of sec->n_rels elements.
 */
struct ref *refs_of_section(const struct elf_obj *o, const struct elf_sec *s,
			    struct target_dis *dis);

/* The same for every section i with @want[i] != 0, as an array by section; NULL for the others. The
 * symbols are indexed only once: for large objects. All arrays are fresh. */
struct ref **refs_of_object(const struct elf_obj *o, const uint8_t *want, struct target_dis *dis);

/* The function or data symbol that covers (section, offset), or 0. Sized symbols first; at the very
 * start of a section a zero-sized one will do. Mapping symbols and .L labels never. */
uint32_t sym_covering(const struct elf_obj *o, uint32_t sec, uint64_t off);

#endif
