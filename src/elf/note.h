/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF notes (gABI, "Note Section"): name and descriptor, each padded to the segment's alignment. */
#ifndef SUTURE_ELF_NOTE_H
#define SUTURE_ELF_NOTE_H

#include "base/util.h"

/*
 * The descriptor of NT_GNU_BUILD_ID in a PT_NOTE segment's @n bytes, or NULL. @align is the
 * segment's p_align (8 pads to eight, anything else to four). Points into @p.
 */
const uint8_t *note_build_id(const uint8_t *p, size_t n, uint64_t align, size_t *ret_n);

/*
 * The 32-bit value of property @type in the NT_GNU_PROPERTY_TYPE_0 notes of @p (.note.gnu.property), 0 where
 * there is none. @align as above: 8 in files of 64 bits.
 */
uint32_t note_property(const uint8_t *p, size_t n, uint64_t align, uint32_t type);

#endif
