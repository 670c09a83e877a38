/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The comparison of a unit as JSON: build and diff report it alike. */
#ifndef SUTURE_LIB_DIFFJSON_H
#define SUTURE_LIB_DIFFJSON_H

#include "build/diff/diff.h"
#include <jansson.h>

/* Appends functions to @a: the one called @only, or all that changed, or (@all) every one. @unit is the
 * source file, NULL: unknown. */
void diffjson_funcs(json_t *a, const struct diff_unit *u, const char *unit, const char *only, bool all);
void diffjson_data(json_t *a, const struct diff_unit *u, const char *unit, bool all);
/* Which symbol was taken for which, and on what evidence. Fresh array. */
json_t *diffjson_pairs(const struct diff_unit *u);

#endif
