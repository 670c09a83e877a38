/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the operations on running processes share. */
#ifndef SUTURE_LIB_PROCESS_H
#define SUTURE_LIB_PROCESS_H

#include "apply/ledger.h"
#include "base/err.h"

#include <jansson.h>

/* -1 where @pid can never be a target: it is ourselves (P_SELF), gone, a thread of the kernel. */
int process_usable(pid_t pid, struct sut_err *err);
/* The name of the patch whose code is at @pc, or null. */
json_t *process_patch_at(const struct ledgers *ls, uint64_t pc);

#endif
