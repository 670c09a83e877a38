/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiling units so that they read what the kernel would write into their code: keys, and values of boot. */
#ifndef SUTURE_KERNEL_KEYS_H
#define SUTURE_KERNEL_KEYS_H

#include "kernel/tree.h"

/* Makes t->keys_out, where it is not there yet, and what make has to be told besides the goals (fresh, or NULL). */
char *keys_prepare(const struct ktree *t, struct sut_err *err);

#endif
