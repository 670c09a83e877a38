// SPDX-License-Identifier: GPL-2.0-or-later
/* A module for the tests that is not part of the kernel, and needs another one that is not, either. */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include "word-list.h"

static unsigned int counted;

static int show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s\n", word(counted));
	counted++;
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

static int __init counting_init(void)
{
	return proc_create("counting", 0444, NULL, &ops) ? 0 : -ENOMEM;
}

static void __exit counting_exit(void)
{
	remove_proc_entry("counting", NULL);
}

module_init(counting_init);
module_exit(counting_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("test of patches for out-of-tree modules that need another one");
