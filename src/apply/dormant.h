/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks that no thread runs on at the moment: coroutines, fibers, saved contexts. */
#ifndef SUTURE_APPLY_DORMANT_H
#define SUTURE_APPLY_DORMANT_H

#include "apply/switch.h"

/*
 * Does the process use a known way to switch stacks? The object and the function that tell, as a fresh
 * string ("libtask.so imports swapcontext"), or NULL.
 */
char *dormant_reason(struct proc_modules *ms);

/*
 * With all threads stopped: looks through all private writable memory that is no thread's own stack for
 * a word that points into @ranges behind their first byte. Such a word may be a return address that a
 * coroutine comes back to. 0: none; 1: one was found, *@ret_at is where and *@ret_in what it points
 * into; -1: not all could be looked at before @deadline_ns (CLOCK_MONOTONIC).
 */
int dormant_scan(struct session *s, const struct switch_ranges *ranges, uint64_t deadline_ns,
		 uint64_t *ret_at, const struct switch_range **ret_in);

#endif
