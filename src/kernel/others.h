/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Modules that are not part of the kernel, and that a module like them needs. */
#ifndef SUTURE_KERNEL_OTHERS_H
#define SUTURE_KERNEL_OTHERS_H

#include "kernel/kbuild.h"

/*
 * Where units use what neither the kernel's list of symbols nor their own module has, adds what other modules export.
 * @kb->objects are open. -1 with K_REFERENCE: a list is not of the build that the module was built with.
 */
int others_read(struct kbuild *kb, struct sut_err *err);

#endif
