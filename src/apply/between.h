/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places between the instructions of a redirect, where it has several. */
#ifndef SUTURE_APPLY_BETWEEN_H
#define SUTURE_APPLY_BETWEEN_H

#include "apply/ledger.h"
#include "apply/switch.h"

/* Adds all of each redirect of @l but its first instruction: where a thread is in the midst of it. */
void between_ranges(struct switch_ranges *rs, const struct ledger *l);
/*
 * Tells walks in @s of all redirects that are, or were, or may come to be, in the process: what stands at an entry
 * counts when a walk comes by. @ls must live as long as @s does.
 */
void between_walks(struct unw_space *s, const struct ledgers *ls);

#endif
