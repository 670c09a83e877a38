/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SFrame, versions 1 to 3: from a section and a pc to a row like those of call frame information. */
#ifndef SUTURE_UNWIND_SFRAME_H
#define SUTURE_UNWIND_SFRAME_H

#include "unwind/cfi.h"

/* Why the section at @data cannot be used for @arch at all, or NULL: it can. For people. */
const char *sframe_refusal(const uint8_t *data, size_t size, const struct unw_arch *arch);

/*
 * The row for @pc. @addr is the address of @data. 0; 1: it says nothing of this pc; -1: it is damaged
 * there, or refused as above. Registers that SFrame does not follow are unknown in the caller.
 */
int sframe_row(const uint8_t *data, size_t size, uint64_t addr, uint64_t pc,
	       const struct unw_arch *arch, struct cfi_row *ret);

#endif
