// SPDX-License-Identifier: GPL-2.0-or-later
/* A module for the tests that is not part of the kernel: it repeats the words that it hears. */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/uaccess.h>

static unsigned int spoken;

static int show(struct seq_file *m, void *v)
{
	spoken++;
	speak(m);
	seq_putc(m, '\n');
	return 0;
}

static int open(struct inode *inode, struct file *file)
{
	return single_open(file, show, NULL);
}

static ssize_t hear(struct file *file, const char __user *from, size_t n, loff_t *pos)
{
	char text[16];
	int err;

	if (n < 2 || n > sizeof(text) || copy_from_user(text, from, n))
		return -EINVAL;
	pr_debug("heard %zu letters\n", n);
	err = learn(text, n - 1);
	return err ? err : n;
}

static const struct proc_ops ops = {
	.proc_open = open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_write = hear,
	.proc_release = single_release,
};

static int __init parrot_init(void)
{
	return proc_create("parrot", 0644, NULL, &ops) ? 0 : -ENOMEM;
}

static void __exit parrot_exit(void)
{
	remove_proc_entry("parrot", NULL);
	pr_info("spoke %u times\n", spoken);
}

module_init(parrot_init);
module_exit(parrot_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("test of patches for out-of-tree modules");
