/* SPDX-License-Identifier: GPL-2.0-or-later */
/* .debug_frame of an object that a process maps, from files. */
#ifndef SUTURE_PROC_DEBUGFRAME_H
#define SUTURE_PROC_DEBUGFRAME_H

#include "proc/module.h"

/*
 * Fills @u->debug_frame from the file that @m was mapped from, or from its separate debug file. Never
 * fails: none is an answer.
 */
void proc_debug_frame_load(const struct proc_modules *ms, const struct proc_module *m,
			   struct unw_module *u);

#endif
