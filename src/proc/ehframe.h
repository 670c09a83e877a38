/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fetching a module's unwind metadata from the process. */
#ifndef SUTURE_PROC_EHFRAME_H
#define SUTURE_PROC_EHFRAME_H

#include "proc/module.h"

/* Fills @u's metadata from @m as far as it can be found. Never fails: none is an answer. */
void proc_ehframe_load(struct proc_modules *ms, const struct proc_module *m, struct unw_module *u);

#endif
