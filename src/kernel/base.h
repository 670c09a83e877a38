/* SPDX-License-Identifier: GPL-2.0-or-later */
/* At which address a kernel was linked, where its image does not say so plainly. */
#ifndef SUTURE_KERNEL_BASE_H
#define SUTURE_KERNEL_BASE_H

#include "elf/elfobj.h"
#include "kernel/kallsyms.h"

/* What a relocation of @o stores in the word at @addr. False where there is none. */
bool base_from_relocs(const struct elf_obj *o, uint64_t addr, uint64_t *ret);
/*
 * A raw image: the address of its first byte, and what is to be added to the addresses of @ks. False where
 * nothing fits.
 */
bool base_of_raw(const uint8_t *p, size_t n, uint16_t machine, const struct kallsyms *ks, uint64_t *ret_start,
		 uint64_t *ret_add);

#endif
