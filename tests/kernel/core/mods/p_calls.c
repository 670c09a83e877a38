// SPDX-License-Identifier: GPL-2.0-or-later
/* Callbacks: their order is in the log, and one can refuse. */
#include "patch.h"
#include "victim.h"

static bool refuse;
module_param(refuse, bool, 0);

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
