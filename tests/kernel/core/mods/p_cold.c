// SPDX-License-Identifier: GPL-2.0-or-later
/* A function of two parts, as compilers split them. It jumps to the second, which tasks sleep in. */
#include <linux/delay.h>
#include <linux/sched/signal.h>

#include "patch.h"
#include "victim.h"

static int release;
module_param(release, int, 0644);

static int second(void) asm("split_sleep.cold");
static noinline __attribute__((noipa)) int second(void)
{
	while (!release && !signal_pending(current))
		msleep_interruptible(20);
	return 3;
}

/* Kernels that keep frame pointers are compiled without such jumps. */
static __attribute__((optimize("optimize-sibling-calls"))) int split_sleep(void)
{
	return second();
}

static struct suture_func funcs[] = { FUNC(victim_sleep, split_sleep), {} };
static struct suture_object objs[] = { { .name = "victim", .funcs = funcs }, {} };
PATCH_MODULE(objs);
