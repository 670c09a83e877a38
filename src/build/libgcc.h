/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions that the compiler calls without being asked to, from its own static library. */
#ifndef SUTURE_BUILD_LIBGCC_H
#define SUTURE_BUILD_LIBGCC_H

#include "build/build.h"

/* Could the compiler of @b's units bring this function? */
bool libgcc_has(struct build *b, const char *name);
/*
 * Takes @names, with all that they need, and makes a unit of them that is all new: for object @k. It
 * belongs to @b. NULL where that cannot be done, for reasons that go to @err.
 */
struct build_unit *libgcc_take(struct build *b, size_t k, const struct strvec *names, struct sut_err *err);
void libgcc_free(struct libgcc *g);

#endif
