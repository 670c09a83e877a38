/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code that relies on more of a local function than the psABI promises. */
#ifndef SUTURE_BUILD_RELIANCE_H
#define SUTURE_BUILD_RELIANCE_H

#include "build/build.h"

/* Fills the units' `relies`. @more: as for the compile of what goes into the patch. */
void reliance_find(struct build *b, const char *more);

#endif
