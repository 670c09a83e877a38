/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel's own file, unpacked: vmlinuz, vmlinux, Image, or a module laid out as if it were loaded. */
#ifndef SUTURE_KERNEL_IMAGE_H
#define SUTURE_KERNEL_IMAGE_H

#include "elf/elfobj.h"

struct ksym {
	const char *name;
	uint64_t addr;		/* link-time address; of a thing per CPU: as kallsyms has it */
	uint64_t size;		/* to the next symbol; 0: not known */
	char type;		/* as nm(1) shows it: 't', 'T', 'd' ... */
};

struct kimage_sec {		/* of a module: where its layout put a section of the file */
	uint64_t addr, size;
	uint32_t idx;
	char *name;
};

struct kimage_import {		/* of a module: what it takes from elsewhere */
	char *name;
	uint32_t crc;		/* of the version that it was built with */
};

struct kimage {
	char *path;		/* where it was read from */
	uint16_t machine;
	struct ksym *syms;	/* in the order of kallsyms, which is that of addresses */
	size_t n_syms, cap_syms;
	uint32_t *by_name;	/* indices into @syms sorted by name, equal names in order of @syms */
	uint64_t text;		/* _text, or _stext where it is not in the table */
	char *banner;		/* linux_banner without the newline; NULL: not found (modules) */
	uint8_t *build_id;	/* NULL: none was found */
	size_t build_id_size;
	uint8_t *elf;		/* an ELF file with the code, the data and a symbol table */
	size_t elf_size;
	char *srcversion;	/* of a module; NULL: it says none */
	struct strvec depends;	/* of a module: those that must be there before it, and stay as long (with underscores) */
	struct kimage_import *imports; /* of a module of a kernel with CONFIG_MODVERSIONS */
	size_t n_imports, cap_imports;
	uint64_t gp;		/* of a module: its global pointer (ppc64le: TOC pointer), 0: it has none */
	struct kimage_sec *secs; /* modules only */
	size_t n_secs, cap_secs;
	char *names;		/* private: owns the names */
};

/*
 * Reads vmlinuz (bzImage, zImage, Image, Image.gz, EFI zboot), or an ELF vmlinux, stripped or not. NULL with
 * E_IO, or K_IMAGE where it cannot be understood.
 */
struct kimage *kimage_open(const char *path, struct sut_err *err);
void kimage_free(struct kimage *k);
/* For those who fill in @syms: makes what the lookups below need. */
void kimage_index(struct kimage *k);

/* First of the symbols with this name, in the order of kallsyms, and how many there are; NULL: none. */
const struct ksym *kimage_find(const struct kimage *k, const char *name, size_t *ret_n);
/* The @i-th (from 0) of them. */
const struct ksym *kimage_nth(const struct kimage *k, const char *name, size_t i);
/* The one global symbol that is defined there with this name; NULL: none or several. */
const struct ksym *kimage_global(const struct kimage *k, const char *name);
/* The last symbol at or below @addr, or NULL. */
const struct ksym *kimage_at(const struct kimage *k, uint64_t addr);

#endif
