/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ELF relocatable that is being made: sections, symbols and relocations in plain arrays, laid out when
 * it is written. Indices of sections and symbols that are handed out stay valid; the order on disk is the
 * writer's concern (local symbols come first there).
 */
#ifndef SUTURE_ELF_WRITER_H
#define SUTURE_ELF_WRITER_H

#include "base/buf.h"
#include "elf/elfobj.h"

struct elf_out_rel {
	uint64_t offset;
	uint32_t type, sym;	/* index into elf_out.syms */
	int64_t addend;		/* where the architecture has explicit ones */
};

struct elf_out_sec {
	char *name;
	uint32_t type;		/* SHT_*; relocations are no sections here */
	uint64_t flags, align, entsize;
	uint32_t link;		/* section index, 0: none */
	uint32_t info;
	struct buf data;
	uint64_t bss;		/* SHT_NOBITS: its size */
};

struct elf_out_rels {		/* relocations of one section; a section may have several */
	char *name;		/* NULL: ".rela" or ".rel" and the section's name */
	uint64_t flags;		/* beside SHF_INFO_LINK */
	uint32_t sec;
	struct elf_out_rel *v;
	size_t n, cap;
};

struct elf_out_sym {
	char *name;
	uint64_t value, size;
	uint8_t type, bind, other;
	uint32_t shndx;		/* index into elf_out.secs, or SHN_* */
	bool dropped;		/* left out; nothing may refer to it */
};

struct elf_out {
	uint16_t machine;
	uint8_t elf_class;
	uint32_t e_flags;
	bool rela;		/* addends are in the relocations */
	struct elf_out_sec *secs; /* [0] is the null section */
	size_t n_secs, cap_secs;
	struct elf_out_rels *rels;
	size_t n_rels, cap_rels;
	struct elf_out_sym *syms; /* [0] is the null symbol */
	size_t n_syms, cap_syms;
};

void elf_out_init(struct elf_out *o, uint16_t machine, uint8_t elf_class, uint32_t e_flags);
/* The same with all that @from (a relocatable) has, in the same order: indices stay. Sections of relocations,
 * symbols and strings keep their index as SHT_NULL, which is not written. */
void elf_out_copy(struct elf_out *o, const struct elf_obj *from);
uint32_t elf_out_sec(struct elf_out *o, const char *name, uint32_t type, uint64_t flags, uint64_t align);
/* The first section of this name, 0: none. */
uint32_t elf_out_find(const struct elf_out *o, const char *name);
uint32_t elf_out_sym(struct elf_out *o, const char *name, uint32_t shndx, uint64_t value, uint64_t size,
		     uint8_t type, uint8_t bind);
/* The section's own symbol. */
uint32_t elf_out_sec_sym(struct elf_out *o, uint32_t sec);
/* A relocation in the section's ordinary list. */
void elf_out_rel(struct elf_out *o, uint32_t sec, uint64_t offset, uint32_t type, uint32_t sym, int64_t addend);
/* The list of this name for the section, made where there is none. */
struct elf_out_rels *elf_out_rels(struct elf_out *o, uint32_t sec, const char *name, uint64_t flags);
/* Serialises into fresh bytes in @ret. */
void elf_out_write(struct elf_out *o, struct buf *ret);
void elf_out_free(struct elf_out *o);

#endif
