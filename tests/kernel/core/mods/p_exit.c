// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a task runs when it has left the list of tasks. Writing to `spawn` makes one that ends, and sleeps there for some
 * seconds.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "patch.h"

static int end_at_once(void *data)
{
	return 0;
}

static int spawn(const char *value, const struct kernel_param *param)
{
	return PTR_ERR_OR_ZERO(kthread_run(end_at_once, NULL, "p_exit_task"));
}

static const struct kernel_param_ops spawn_ops = { .set = spawn };
module_param_cb(spawn, &spawn_ops, NULL, 0200);

/* Instead of proc_flush_pid(): names in /proc may stay a little longer. */
static void new_proc_flush_pid(struct pid *pid)
{
	int i;

	for (i = 0; i < 40 && !strcmp(current->comm, "p_exit_task"); i++)
		msleep(100);
}

static struct suture_func funcs[] = { FUNC(proc_flush_pid, new_proc_flush_pid), {} };
static struct suture_object objs[] = { { .funcs = funcs }, {} };
PATCH_MODULE(objs);
