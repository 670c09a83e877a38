// SPDX-License-Identifier: GPL-2.0-or-later
#include "proc/urgent.h"

void urgent_begin(struct urgency *u)
{
	struct sched_param one = {.sched_priority = 1};

	if (u->raised)
		return;
	u->policy = sched_getscheduler(0);
	if (u->policy != SCHED_OTHER && u->policy != SCHED_BATCH)
		return;
	if (sched_getparam(0, &u->param))
		return;
	u->raised = !sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &one);
}

void urgent_end(struct urgency *u)
{
	if (!u->raised)
		return;
	/* The flag may not be dropped by everybody, and it does no harm: the policy is the default one. */
	if (sched_setscheduler(0, u->policy, &u->param))
		sched_setscheduler(0, u->policy | SCHED_RESET_ON_FORK, &u->param);
	u->raised = false;
}
