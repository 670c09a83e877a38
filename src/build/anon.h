/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data without a name that code refers to: constants and tables of branch targets. */
#ifndef SUTURE_BUILD_ANON_H
#define SUTURE_BUILD_ANON_H

#include "build/prove.h"

/* Where pieces of each section of the unit begin, as far as symbols and references tell. For anon_agrees(). */
void anon_index(struct prove_unit *pu);
void anon_free(struct prove_unit *pu);

/*
 * Function @pf, where it matches as @m does, refers to @r (REF_ANON) at @value of the object. Does the whole
 * piece that begins there say the same? Tables are read with what the code makes of them.
 */
bool anon_agrees(const struct prove_unit *pu, const struct prove_func *pf, const struct match *m,
		 const struct ref *r, uint64_t value);

#endif
