/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an image had better not lie, for what stands on the stacks already. See stale.c. */
#ifndef SUTURE_APPLY_STALE_H
#define SUTURE_APPLY_STALE_H

#include "proc/maps.h"
#include "proc/memory.h"

/*
 * Adds to @m, which is all that @pid has mapped, each free page that a word of a stack leads to. The process
 * may run; what cannot be read is left out.
 */
void stale_take(struct proc_maps *m, pid_t pid, const struct proc_mem *mem);

#endif
