/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Being first in line for a processor while a process stands still because of us.
 *
 * Letting many threads go takes a moment, and the first ones to run can push aside whoever lets them go:
 * the last thread then stands for a time slice or more. A real-time policy, of the calling thread alone
 * and not inherited, keeps us on the processor. Where it is not permitted (sched(7): RLIMIT_RTPRIO,
 * CAP_SYS_NICE, cgroups without real-time bandwidth) nothing changes. It ends with the caller's death.
 */
#ifndef SUTURE_PROC_URGENT_H
#define SUTURE_PROC_URGENT_H

#include <sched.h>
#include <stdbool.h>

struct urgency {
	bool raised;
	int policy;			/* from before */
	struct sched_param param;
};

/* Both may be called again and again. A caller that is real-time already stays as it is. */
void urgent_begin(struct urgency *u);
void urgent_end(struct urgency *u);

#endif
