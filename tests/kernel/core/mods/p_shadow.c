// SPDX-License-Identifier: GPL-2.0-or-later
/* A shadow variable that counts, and outlives the patch that made it. */
#include "patch.h"
#include "victim.h"

static int anchor(void *obj, void *data, void *arg)
{
	*(int *)data = *(int *)arg;
	return 0;
}

static int new_secret(void)
{
	int start = 40;
	int *n = suture_shadow_get_or_alloc((void *)&init_uts_ns, 17, sizeof(*n), GFP_KERNEL, anchor, &start);

	if (!n || suture_shadow_alloc((void *)&init_uts_ns, 17, sizeof(*n), GFP_KERNEL, NULL, NULL) ||
	    suture_shadow_get((void *)&init_uts_ns, 18))
		return -1;
	return ++*n;
}

static void forget(struct suture_object *obj)
{
	suture_shadow_free_all(18, NULL);
}

static struct suture_func funcs[] = { FUNC(victim_secret, new_secret), {} };
static struct suture_object objs[] = {
	{ .name = "victim", .funcs = funcs, .callbacks = { .post_unpatch = forget } }, {}
};
PATCH_MODULE(objs);
