/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ELF file in memory: relocatable objects, executables, shared libraries, patch files.
 *
 * Read once through libelf, bounds-checked, host byte order, then plain arrays. Pointers into the
 * struct (names, section data) live as long as it does.
 */
#ifndef SUTURE_ELF_ELFOBJ_H
#define SUTURE_ELF_ELFOBJ_H

#include "base/err.h"
#include <elf.h>

struct elf_rel {
	uint64_t offset;	/* in the section that is relocated */
	uint32_t type;
	uint32_t sym;		/* index into elf_obj.syms; 0: none */
	int64_t addend;		/* explicit (RELA); what a REL field holds, the target reads */
	/* A distance that the code adds to its pc in another instruction, the anchor: that one's
	 * offset in the section, and how far its pc is ahead of it. */
	bool has_anchor;
	uint32_t anchor;
	uint8_t anchor_pc;
};

/* Where in a section of an object code of another instruction set, or data, begins. */
struct elf_mark {
	uint32_t at;
	uint8_t isa;		/* or: */
	bool is_data;
};

struct elf_sec {
	const char *name;
	uint32_t idx;
	uint32_t type;		/* SHT_* */
	uint64_t flags;		/* SHF_* */
	uint64_t addr, offset, size, align, entsize;
	uint32_t link, info;
	const uint8_t *data;	/* NULL for SHT_NOBITS and empty sections */
	struct elf_rel *rels;	/* relocatable files: sorted by offset */
	size_t n_rels;
	uint32_t rel_idx;	/* section that the relocations came from, 0: none */
	struct elf_mark *marks;	/* by offset; the target fills it */
	size_t n_marks, cap_marks;
};

struct elf_sym {
	const char *name;
	uint32_t idx;
	uint64_t value, size;
	uint8_t type, bind, vis, other; /* STT_*, STB_*, STV_*, whole st_other */
	uint8_t isa;		/* functions: bits of their address that select an instruction set, which
				 * @value does not have (see struct target) */
	uint32_t shndx;		/* extended indices resolved; SHN_ABS, SHN_COMMON kept */
};

struct elf_seg {
	uint32_t type, flags;
	uint64_t offset, vaddr, filesz, memsz, align;
};

struct elf_obj {
	char *path;		/* for messages */
	uint8_t *file;		/* the whole file */
	size_t file_size;
	uint16_t machine;	/* EM_* */
	uint16_t type;		/* ET_* */
	uint8_t elf_class;	/* ELFCLASS32 or ELFCLASS64 */
	uint32_t e_flags;
	uint64_t entry;
	struct elf_sec *secs;	/* [0] is the null section */
	size_t n_secs;
	struct elf_sym *syms;	/* .symtab, [0] is the null symbol; n_syms 0: stripped */
	size_t n_syms;
	struct elf_seg *segs;
	size_t n_segs;
	uint8_t *build_id;	/* NT_GNU_BUILD_ID, NULL: none */
	size_t build_id_size;
	void *elf;		/* libelf's handle; keeps converted data alive */
};

/* Opens @path. Caller frees with elf_obj_free. NULL with a reason (E_IO, E_ELF). */
struct elf_obj *elf_obj_open(const char *path, struct sut_err *err);
/* The same from memory: takes @data (malloc'ed) over, also on failure. @name is for messages. */
struct elf_obj *elf_obj_open_mem(const char *name, uint8_t *data, size_t size, struct sut_err *err);
void elf_obj_free(struct elf_obj *o);

/* The section with this name, or NULL. */
const struct elf_sec *elf_obj_sec(const struct elf_obj *o, const char *name);
/* Index of the first relocation of a relocatable file's section at @off or behind it; n_rels: none. */
size_t elf_sec_first_rel(const struct elf_sec *s, uint64_t off);
/* The first one at exactly @off, or NULL. */
const struct elf_rel *elf_sec_rel_at(const struct elf_sec *s, uint64_t off);
/* File bytes at a virtual address of a linked file: @len bytes inside one PT_LOAD, or NULL. */
const uint8_t *elf_obj_at(const struct elf_obj *o, uint64_t vaddr, uint64_t len);
/* The PT_LOAD that covers @vaddr (memory size), or NULL. */
const struct elf_seg *elf_obj_load_seg(const struct elf_obj *o, uint64_t vaddr);
const struct elf_seg *elf_obj_seg(const struct elf_obj *o, uint32_t type);
/* Soname where there is one, else the base name of the path. Fresh string. */
char *elf_obj_soname(const struct elf_obj *o);

#endif
