/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patch.h"
#include "victim.h"

static unsigned int state_version = NUMBER;
static bool replace;
module_param(replace, bool, 0);
module_param(state_version, uint, 0);

static const char *new_plain(void)
{
	return "stack " __stringify(NUMBER);
}

#if NUMBER == 1
static int new_secret(void)
{
	return 111;
}
#endif

static int pre_patch(struct suture_object *obj)
{
	struct suture_state *old = suture_get_prev_state(5);

	pr_info("state of the patch before %s: %d\n", THIS_MODULE->name, old ? old->version : 0);
	return 0;
}

static void post_patch(struct suture_object *obj)
{
	struct suture_state *old = suture_get_prev_state(5);

	pr_info("state of the others when %s is on: %d\n", THIS_MODULE->name, old ? old->version : 0);
}

static void pre_unpatch(struct suture_object *obj)
{
	struct suture_state *old = suture_get_prev_state(5);

	pr_info("state of the others when %s goes: %d\n", THIS_MODULE->name, old ? old->version : 0);
}

static struct suture_func funcs[] = {
	FUNC(victim_plain, new_plain),
#if NUMBER == 1
	FUNC(victim_secret, new_secret),
#endif
	{}
};
static struct suture_object objs[] = {
	{ .name = "victim", .funcs = funcs, .callbacks = { pre_patch, post_patch, pre_unpatch } }, {}
};
static struct suture_state states[] = { { .id = 5 }, {} };
static struct suture_patch patch = { .mod = THIS_MODULE, .objs = objs, .states = states };

static int __init patch_init(void)
{
	patch.release = init_utsname()->release;
	patch.version = init_utsname()->version;
	patch.replace = replace;
	states[0].version = state_version;
	return suture_enable_patch(&patch);
}

static void __exit patch_exit(void)
{
}

module_init(patch_init);
module_exit(patch_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A test patch");
