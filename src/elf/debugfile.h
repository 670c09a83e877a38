/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that have debug information of an object that runs: the object itself, or one made beside it. */
#ifndef SUTURE_ELF_DEBUGFILE_H
#define SUTURE_ELF_DEBUGFILE_H

#include "base/util.h"
#include <elf.h>

/* What the object in memory is. */
struct debugfile_want {
	uint16_t machine;
	uint8_t elf_class;
	const uint8_t *build_id;
	size_t build_id_size;
	const Elf64_Phdr *phdrs;
	size_t n_phdrs;
};

struct debugfile {
	uint8_t *frame;		/* .debug_frame, decompressed; NULL: none */
	size_t frame_size;
	bool only_gcc;		/* all code in it is GCC's */
	char *link;		/* the file that .gnu_debuglink names; NULL: none */
};

/*
 * Reads what is of use in @fd. False where it is no file of that very build: another build-id, none,
 * or executable segments that lie elsewhere. Free @ret in either case. Reads only what it needs, as
 * such files may be huge, and trusts nothing.
 */
bool debugfile_read(int fd, const struct debugfile_want *want, struct debugfile *ret);
void debugfile_free(struct debugfile *d);

#endif
