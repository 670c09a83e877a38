/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which unit is part of which object. */
#ifndef SUTURE_BUILD_MEMBER_H
#define SUTURE_BUILD_MEMBER_H

#include "build/build.h"

/*
 * Proves the changed units of @b against its objects and fills their proofs, member and place.
 * B_NOT_LINKED for each whose code is found nowhere, unless it is known why.
 */
void members_find(struct build *b, struct sut_err *err);
bool member_has_changed_func(const struct build_unit *u);
/*
 * Did the linker leave function @sym of @pu->orig out of object @k (--gc-sections), for sure? The build's
 * own output tells: it has names for all the functions of the unit that are in the object, and none for
 * this one. False also where that output is not there or has no names.
 */
bool member_is_dropped(const struct build *b, size_t k, const struct prove_unit *pu, uint32_t sym);
/* May @l, of which the build made a file, have made object @k? */
bool member_may_have_linked(const struct build *b, size_t k, const struct link *l);
/* Is the file @output, which the build linked, object @k? By its name, or by the size of its code, as
 * packages rename what they install. */
bool member_is_output(const struct build *b, size_t k, const char *output);

#endif
