/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUTURE_KERNEL_PROBES_H
#define SUTURE_KERNEL_PROBES_H

#include "base/err.h"
#include "patch/patch.h"

/* SUT_K_PROBED for each probe (kprobe, return probe) of another tool on a function that the patch changes. */
void probes_check(const struct patch_kernel *k, struct sut_err *err);

#endif
