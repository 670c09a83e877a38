// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A task that sleeps with addresses of a device on its stack. On arm, where our core reads stacks word by word, they
 * are of the emulated machine's interrupt controller, behind its registers: who reads there is aborted.
 */
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

static void __iomem *device;
static struct task_struct *task;

static int hold(void *unused)
{
	volatile unsigned long words[64];
	int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = (unsigned long)device + 0x8800 + 4 * i;
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return words[0] == 0;
}

static int show(struct seq_file *m, void *v)
{
	seq_puts(m, "held\n");
	return 0;
}

static int __init words_init(void)
{
#if defined(CONFIG_ARM) && defined(ADDRESSES)
	device = ioremap(0x08000000, 0x10000);
	if (!device)
		return -ENOMEM;
#endif
	task = kthread_run(hold, NULL, "device-words");
	if (IS_ERR(task))
		return PTR_ERR(task);
	proc_create_single("device-words", 0444, NULL, show);
	return 0;
}

static void __exit words_exit(void)
{
	remove_proc_entry("device-words", NULL);
	kthread_stop(task);
	if (device)
		iounmap(device);
}

module_init(words_init);
module_exit(words_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("test of stacks with addresses of devices");
