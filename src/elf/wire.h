/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF structures as they lie in memory or in a file, of either class, and their 64-bit forms, which
 * everything here works with. Widening and narrowing are all that the classes differ in.
 *
 * All of this is for little-endian data. Buffers need not be aligned.
 */
#ifndef SUTURE_ELF_WIRE_H
#define SUTURE_ELF_WIRE_H

#include "base/util.h"
#include <elf.h>

enum wire_kind { WIRE_EHDR, WIRE_PHDR, WIRE_SHDR, WIRE_SYM, WIRE_DYN, WIRE_RELA, WIRE_REL };

/* Bytes that one structure takes in a file of this class (ELFCLASS32, ELFCLASS64). */
size_t wire_size(enum wire_kind kind, uint8_t elf_class);
/* Bytes of an address. */
static inline size_t wire_word(uint8_t elf_class)
{
	return elf_class == ELFCLASS64 ? 8 : 4;
}

/* Reads one; @p has wire_size() bytes. An ELF header's class comes from its own identification. */
void wire_get_ehdr(const void *p, Elf64_Ehdr *ret);
void wire_get_phdr(const void *p, uint8_t elf_class, Elf64_Phdr *ret);
void wire_get_sym(const void *p, uint8_t elf_class, Elf64_Sym *ret);
void wire_get_dyn(const void *p, uint8_t elf_class, Elf64_Dyn *ret);
/* A relocation with or without addend (then it is 0); r_info in its 64-bit form. */
void wire_get_rel(const void *p, uint8_t elf_class, bool rela, Elf64_Rela *ret);

/* Writes one in @elf_class; values must fit. Returns its size. */
size_t wire_put_ehdr(void *p, uint8_t elf_class, const Elf64_Ehdr *v);
size_t wire_put_phdr(void *p, uint8_t elf_class, const Elf64_Phdr *v);
size_t wire_put_shdr(void *p, uint8_t elf_class, const Elf64_Shdr *v);
size_t wire_put_sym(void *p, uint8_t elf_class, const Elf64_Sym *v);

#endif
