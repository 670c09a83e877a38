/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The compile that is proved, where it is not the one that goes into the patch. */
#ifndef SUTURE_BUILD_PROOFS_H
#define SUTURE_BUILD_PROOFS_H

#include "build/build.h"

/* Flags of the compiles that are compared and carried, and @more (or NULL). */
void compile_flags(const struct build *b, const char *more, struct strvec *ret);
/* Flags of the compile that is proved. */
void proof_flags(const struct build *b, struct strvec *ret);
/* True where the two differ. */
bool proof_is_apart(const struct build *b);

/* References of all sections of @o that are loaded, by section. */
struct ref **proof_refs(const struct elf_obj *o, const struct target *t);
void proof_refs_free(const struct elf_obj *o, struct ref **refs);
/*
 * Symbols of an object by name in another of the same source, compiled with other flags. The k-th of
 * several with one name is the k-th there: the order is the compiler's own.
 */
uint32_t *proof_map(const struct elf_obj *from, const struct elf_obj *to);

/* Makes the objects that are proved, for all units whose code changes. -1: B_COMPILE and others. */
int proofs_compile(struct build *b, struct sut_err *err);
/*
 * The second attempt: the code that goes into the patch is compiled otherwise than what is proved, so
 * the proofs of the first attempt stay, and only names lead from one to the other.
 */
void proofs_reuse(struct build *b);

#endif
