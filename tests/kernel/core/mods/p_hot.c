// SPDX-License-Identifier: GPL-2.0-or-later
/* A function that every process calls all the time, changed to do the same and count. */
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>

#include "patch.h"

static atomic_long_t calls;

static int show_calls(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%ld\n", atomic_long_read(&calls));
}

static const struct kernel_param_ops calls_ops = { .get = show_calls };
module_param_cb(calls, &calls_ops, NULL, 0444);

/* pid_nr_ns(): the same, in other words. */
static pid_t new_pid_nr_ns(struct pid *pid, struct pid_namespace *ns)
{
	pid_t nr = 0;

	atomic_long_inc(&calls);
	if (pid && ns->level <= pid->level && pid->numbers[ns->level].ns == ns)
		nr = pid->numbers[ns->level].nr;
	return nr;
}

static struct suture_func funcs[] = { FUNC(pid_nr_ns, new_pid_nr_ns), {} };
static struct suture_object objs[] = { { .funcs = funcs }, {} };
PATCH_MODULE(objs);
