// SPDX-License-Identifier: GPL-2.0-or-later
/* Another one who may lead a call of victim_struct() elsewhere: ftrace allows one at a time. */
#include <linux/ftrace.h>
#include <linux/module.h>

static void notrace handler(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
}

static struct ftrace_ops ops = {
	.func = handler,
	.flags = FTRACE_OPS_FL_SAVE_REGS_IF_SUPPORTED | FTRACE_OPS_FL_IPMODIFY,
};

static int __init rival_init(void)
{
	static unsigned char name[] = "victim_struct";
	int err = ftrace_set_filter(&ops, name, sizeof(name) - 1, 1);

	return err ?: register_ftrace_function(&ops);
}

static void __exit rival_exit(void)
{
	unregister_ftrace_function(&ops);
}

module_init(rival_init);
module_exit(rival_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Who else redirects a function");
