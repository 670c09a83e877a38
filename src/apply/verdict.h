/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is every thread clear of some code? */
#ifndef SUTURE_APPLY_VERDICT_H
#define SUTURE_APPLY_VERDICT_H

#include "apply/switch.h"

/*
 * With all threads stopped: true where no thread, and no stack that waits, is in @ranges or can return
 * into them. Else the result's blockers say who is, and where. Counts the result's threads.
 */
bool verdict_all_clear(struct session *s, const struct switch_ranges *ranges);

#endif
