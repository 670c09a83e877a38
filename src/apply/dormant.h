/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does a program keep stacks that no thread runs on: coroutines, fibers, saved contexts? */
#ifndef SUTURE_APPLY_DORMANT_H
#define SUTURE_APPLY_DORMANT_H

#include "apply/switch.h"

/*
 * Does the process use a known way to switch stacks? The object and the function that tell, as a fresh
 * string ("libtask.so imports swapcontext"), or NULL.
 */
char *dormant_reason(struct proc_modules *ms);

#endif
