/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the patch format that its writer and its reader share. Private to src/patch/ and
 * to the tests.
 *
 * The order of everything on disk is fixed, so no index is stored that could contradict another:
 *
 *	section 0		null
 *	sections 1..n		all sections of object 0, then of object 1 ...; of a kernel patch: its
 *				files, as .suture.file.NAME
 *	.rela.* of those that have relocations, in the same order
 *	.suture.expect		for each object, for each expect: bytes, then the mask where one is
 *	.suture.manifest	JSON: what ELF has no place for
 *	.suture.digest		SHA-256 of the whole file with these 32 bytes zero
 *	.symtab .strtab .shstrtab
 *	section header table	ends the file
 *
 * Symbols: 0 is null; then all PSYM_DEF of object 0, of object 1 ... (local); then all others in the
 * same order (global). There is exactly one way to write a patch: the reader writes what it has
 * read again and refuses a file that differs in any byte.
 */
#ifndef SUTURE_PATCH_FORMAT_H
#define SUTURE_PATCH_FORMAT_H

#include "base/buf.h"
#include "patch/patch.h"

#define PATCH_SEC_MANIFEST ".suture.manifest"
#define PATCH_SEC_FILE	   ".suture.file."
#define PATCH_SEC_EXPECT   ".suture.expect"
#define PATCH_SEC_DIGEST   ".suture.digest"

/* Limits that no sane patch comes near; they bound what a hostile file can make us allocate. */
#define PATCH_MAX_FILE	    (256u << 20)
#define PATCH_MAX_OBJECTS   256u
#define PATCH_MAX_SECS	    16384u	/* of the whole file */
#define PATCH_MAX_SEC_SIZE  (64u << 20) /* of one section, bss included */
#define PATCH_MAX_ALIGN	    4096u
#define PATCH_MAX_STRING    65536u
#define PATCH_MAX_FILES	    64u	/* that a kernel patch carries */

/* Name of section @s of object @obj on disk. Fresh. */
char *patch_sec_name(const struct patch *p, size_t obj, const char *name);
/* Section flags and type of a kind. */
uint64_t patch_sec_flags(enum patch_sec_kind kind);
uint32_t patch_sec_type(enum patch_sec_kind kind);

/*
 * Checks every invariant that patch.h and this file state. Reasons carry @code (F_CORRUPT for the
 * reader, F_CONTENT for the writer) and @subject.
 */
int patch_check(const struct patch *p, enum sut_code code, const char *subject,
		struct sut_err *err);
/* Serialises a patch that was checked. Fresh bytes in @out, sealed. */
void patch_format(const struct patch *p, struct buf *out);
/* Puts the right digest into the ELF file @data (tests mutate files and seal them again). False
 * where it has no digest section. */
bool patch_seal(uint8_t *data, size_t n);
/* Where the digest section's bytes are, or 0. Bounds-checked. */
size_t patch_digest_offset(const uint8_t *data, size_t n);

/* The manifest as text: a fresh string with a final newline. */
char *patch_manifest_encode(const struct patch *p);
/*
 * Fills @p from the manifest. Sections get name and kind, symbols everything but name, value and
 * size (which ELF holds), expects everything but bytes and mask (@mask non-NULL says that one
 * follows: a placeholder of one byte). -1: F_CORRUPT, F_NEWER.
 */
int patch_manifest_decode(struct patch *p, const char *text, size_t n, const char *subject,
			  struct sut_err *err);

#endif
