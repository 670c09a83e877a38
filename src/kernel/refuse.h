/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What speaks against a kernel patch although its units compile and compare. */
#ifndef SUTURE_KERNEL_REFUSE_H
#define SUTURE_KERNEL_REFUSE_H

#include "kernel/kbuild.h"

/* Functions that change and cannot be redirected, or are not what runs. -1 with all of them. */
int kbuild_refuse(const struct kbuild *kb, struct sut_err *err);
/* No unit of the kernel is affected: 0 where the patches touch no code at all; else -1 with K_UNIT. */
int kunits_none(const struct kbuild *kb, struct sut_err *err);

#endif
