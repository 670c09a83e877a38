/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What boot loaders are given, taken apart until the kernel itself is there. */
#ifndef SUTURE_KERNEL_UNPACK_H
#define SUTURE_KERNEL_UNPACK_H

#include "base/buf.h"
#include "base/err.h"

struct unpacked {
	struct buf data;
	bool is_elf;		/* an ELF file; else the bytes as they lie in memory: */
	uint16_t machine;	/* EM_* of those */
};

/*
 * Understands bzImage (x86), zImage (arm), Image and EFI zboot (arm64), ELF files, and any of them compressed
 * as a whole. 0; -1 with K_IMAGE.
 */
int kernel_unpack(const char *name, const uint8_t *p, size_t n, struct unpacked *ret, struct sut_err *err);

/*
 * Decompresses gzip, xz, lzma, zstd or lz4, told by their first bytes; what follows the end of the stream is left
 * alone. 0; -1: it is none of them, damaged, or larger than any kernel.
 */
int kernel_decompress(const uint8_t *p, size_t n, struct buf *ret);

#endif
