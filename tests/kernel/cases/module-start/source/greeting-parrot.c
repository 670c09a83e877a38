// SPDX-License-Identifier: GPL-2.0-or-later
/* A module for the tests that is not part of the kernel: what it does at its start it does later, too. */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

static char greeting[32];
static unsigned int greeted;

/* For each who greets, wherever. */
static __always_inline void greet(const char *who)
{
	snprintf(greeting, sizeof(greeting), "%s says %u", who, greeted++);
}

static __always_inline unsigned int first(void)
{
	return 0;
}

static int show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s\n", greeting);
	greet("show");
	return 0;
}

static int open(struct inode *inode, struct file *file)
{
	return single_open(file, show, NULL);
}

static const struct proc_ops ops = {
	.proc_open = open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

static int __init greeting_init(void)
{
	greeted = first();
	greet("init");
	return proc_create("greeting", 0444, NULL, &ops) ? 0 : -ENOMEM;
}

static void __exit greeting_exit(void)
{
	remove_proc_entry("greeting", NULL);
}

module_init(greeting_init);
module_exit(greeting_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("test of patches for what a module's start has inlined");
