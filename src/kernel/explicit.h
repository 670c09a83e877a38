/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUTURE_KERNEL_EXPLICIT_H
#define SUTURE_KERNEL_EXPLICIT_H

#include "elf/elfobj.h"

/*
 * Gives every branch from one function of a section to another one a relocation, as if each function had a
 * section of its own.
 */
void explicit_branches(struct elf_obj *o);

#endif
