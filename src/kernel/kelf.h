/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ELF file that an image becomes: symbols and section headers behind what is there already. */
#ifndef SUTURE_KERNEL_KELF_H
#define SUTURE_KERNEL_KELF_H

#include "base/buf.h"
#include "kernel/image.h"

/*
 * @out holds the file so far: room for the header @eh, program headers, contents. Appends a symbol table of
 * k->syms and the sections of @old (may be NULL), writes the header and hands the bytes to @k.
 */
void kelf_finish(struct kimage *k, struct buf *out, const struct elf_obj *old, uint8_t elf_class,
		 Elf64_Ehdr *eh);

#endif
