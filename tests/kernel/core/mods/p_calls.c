// SPDX-License-Identifier: GPL-2.0-or-later
/* Callbacks: their order is in the log, and one can refuse. Writing to `hold` keeps the writer in this module. */
#include <linux/delay.h>
#include <linux/sched/signal.h>

#include "patch.h"
#include "victim.h"

static bool refuse;
module_param(refuse, bool, 0);

static int hold(const char *value, const struct kernel_param *param)
{
	while (!signal_pending(current))
		msleep_interruptible(20);
	return -EINTR;
}

static const struct kernel_param_ops hold_ops = { .set = hold };
module_param_cb(hold, &hold_ops, NULL, 0200);

static const char *new_plain(void)
{
	return "called";
}

#define SAY(what) pr_info("callback %s for %s, which says %s\n", what, obj->name ?: "the kernel", \
			  obj->name ? "nothing" : "much")

static int pre_patch(struct suture_object *obj)
{
	SAY("pre_patch");
	return refuse ? -EPERM : 0;
}

static void post_patch(struct suture_object *obj)
{
	SAY("post_patch");
}

static void pre_unpatch(struct suture_object *obj)
{
	SAY("pre_unpatch");
}

static void post_unpatch(struct suture_object *obj)
{
	SAY("post_unpatch");
}

static struct suture_func funcs[] = { FUNC(victim_plain, new_plain), {} };
static struct suture_func none[] = { {} };
#define CALLBACKS { pre_patch, post_patch, pre_unpatch, post_unpatch }
static struct suture_object objs[] = {
	{ .funcs = none, .callbacks = CALLBACKS },
	{ .name = "victim", .funcs = funcs, .callbacks = CALLBACKS }, {}
};
PATCH_MODULE(objs);
