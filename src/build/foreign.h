/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Patches for another architecture's packages, from a build that was watched on this one. */
#ifndef SUTURE_BUILD_FOREIGN_H
#define SUTURE_BUILD_FOREIGN_H

#include "build/deb.h"

/* @arch is one that patches can be made for, and its cross compiler is there. -1: B_DEB_NAME, E_TOOL. */
int foreign_check(const char *arch, struct sut_err *err);
/*
 * Turns all units of @c to the cross compiler of d->arch, with the flags and the headers that packages
 * of that architecture are built with. -1: E_TOOL, E_IO.
 */
int foreign_retarget(struct capture *c, const struct deb *d, struct sut_err *err);

#endif
