// SPDX-License-Identifier: GPL-2.0-or-later
/* New code that RCU calls later: each call of it leaves much to be done slowly. */
#include <linux/delay.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "patch.h"
#include "victim.h"

static void slow(struct rcu_head *head)
{
	mdelay(1);
	kfree(head);
}

static const char *new_plain(void)
{
	int i;

	for (i = 0; i < 3000; i++) {
		struct rcu_head *head = kmalloc(sizeof(*head), GFP_KERNEL);

		if (head)
			call_rcu(head, slow);
	}
	return "deferred";
}

static struct suture_func funcs[] = { FUNC(victim_plain, new_plain), {} };
static struct suture_object objs[] = { { .name = "victim", .funcs = funcs }, {} };
PATCH_MODULE(objs);
