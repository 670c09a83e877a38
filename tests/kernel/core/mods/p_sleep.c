// SPDX-License-Identifier: GPL-2.0-or-later
/* A function that tasks sleep in, old and new. */
#include <linux/delay.h>
#include <linux/sched/signal.h>

#include "patch.h"
#include "victim.h"

static int release;
module_param(release, int, 0644);

static int new_sleep(void)
{
	while (!release && !signal_pending(current))
		msleep_interruptible(20);
	return 2;
}

static struct suture_func funcs[] = { FUNC(victim_sleep, new_sleep), {} };
static struct suture_object objs[] = { { .name = "victim", .funcs = funcs }, {} };
PATCH_MODULE(objs);
