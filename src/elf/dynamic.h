/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dynamic section of a linked file: needed libraries, dynamic symbols with versions, relocations. */
#ifndef SUTURE_ELF_DYNAMIC_H
#define SUTURE_ELF_DYNAMIC_H

#include "elf/elfobj.h"

struct dyn_sym {
	const char *name;
	const char *version;	/* of a definition or of what is needed; NULL: none */
	uint64_t value, size;
	uint8_t type, bind;
	uint16_t shndx;		/* SHN_UNDEF: imported */
	bool hidden;		/* a definition that only old programs are bound to: not the default */
};

struct dyn_rel {
	uint64_t offset;	/* link-time address that is relocated */
	uint32_t type;
	uint32_t sym;		/* index into syms, 0: none */
	int64_t addend;
	bool has_addend;	/* else it is what the place holds in the file */
};

struct object_dyn {
	struct dyn_sym *syms;	/* [0] is the null symbol */
	size_t n_syms;
	struct dyn_rel *rels;	/* sorted by offset */
	size_t n_rels, cap_rels;
	struct strvec needed;
	char *runpath;		/* DT_RUNPATH, or DT_RPATH; NULL: none */
	uint64_t pltgot;	/* DT_PLTGOT, 0: none */
	bool symbolic;		/* -Bsymbolic: its own definitions come first */
};

/* Reads through the program headers alone. An object without a dynamic section gives
 * no more than relocations (of a static program's IFUNC slots). NULL with a reason where the tables contradict each other. */
struct object_dyn *object_dyn_read(const struct elf_obj *o, struct sut_err *err);
void object_dyn_free(struct object_dyn *d);
/* The relocation at exactly this address, or NULL. */
const struct dyn_rel *object_dyn_rel_at(const struct object_dyn *d, uint64_t addr);

#endif
