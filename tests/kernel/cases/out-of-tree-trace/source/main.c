// SPDX-License-Identifier: GPL-2.0-or-later
/* A module for the tests that is not part of the kernel and has trace points and a static key of its own. */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>
#define CREATE_TRACE_POINTS
#include "parrot.h"

char heard[16];
DEFINE_STATIC_KEY_FALSE(loud);
static unsigned int spoken;

static int show(struct seq_file *m, void *v)
{
	spoken++;
	trace_parrot_speaks(spoken);
	seq_printf(m, "%s%s\n", heard, static_branch_unlikely(&loud) ? "!" : "");
	return 0;
}

static int open(struct inode *inode, struct file *file)
{
	return single_open(file, show, NULL);
}

static ssize_t written(struct file *file, const char __user *from, size_t n, loff_t *pos)
{
	char text[16];

	if (n < 2 || n > sizeof(text) || copy_from_user(text, from, n))
		return -EINVAL;
	if (!strncmp(text, "loud", 4))
		static_branch_enable(&loud);
	else if (!strncmp(text, "quiet", 5))
		static_branch_disable(&loud);
	else
		hear(text, n - 1);
	return n;
}

static const struct proc_ops ops = {
	.proc_open = open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_write = written,
	.proc_release = single_release,
};

static int __init parrot_init(void)
{
	return proc_create("tracing", 0644, NULL, &ops) ? 0 : -ENOMEM;
}

static void __exit parrot_exit(void)
{
	remove_proc_entry("tracing", NULL);
}

module_init(parrot_init);
module_exit(parrot_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("test of patches for out-of-tree modules with trace points");
