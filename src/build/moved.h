/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Global functions and variables that a patch takes out of one file and puts into another. */
#ifndef SUTURE_BUILD_MOVED_H
#define SUTURE_BUILD_MOVED_H

#include "build/diff/diff.h"

struct moved_unit {
	const struct diff_unit *diff;
	const char *source;
};

/*
 * Is what the units of one object newly define for all of it there already, as @knows it (may be NULL), or as the
 * original of one of them has it? B_MOVED for each.
 */
void moved_check(const struct moved_unit *units, size_t n, bool (*knows)(void *ctx, const char *name), void *ctx,
		 struct sut_err *err);

#endif
