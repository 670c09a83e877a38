/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether matched code refers to the very things that its source names. */
#ifndef SUTURE_KERNEL_NAMES_H
#define SUTURE_KERNEL_NAMES_H

#include "build/prove.h"
#include "kernel/image.h"

/*
 * Takes the match back from every function that refers to a symbol of which the image says that it lies
 * elsewhere. Returns how many these are.
 */
size_t names_check(const struct kimage *k, struct prove_unit *pu);

#endif
