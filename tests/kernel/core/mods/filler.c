// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fills the area of modules, so that those that are loaded later get memory elsewhere, where the kernel has
 * an elsewhere (arm). What became free meanwhile (each module has a part that is only there while it is loaded)
 * is filled when something is written to `again`. Gives all back when it is unloaded.
 */
#include <linux/kprobes.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#ifdef CONFIG_ARM_MODULE_PLTS
static LIST_HEAD(taken);

static void *function(const char *name)
{
	struct kprobe probe = { .symbol_name = name };
	void *addr = NULL;

	if (!register_kprobe(&probe)) {
		addr = probe.addr;
		unregister_kprobe(&probe);
	}
	return addr;
}

static int fill(void)
{
	void *(*alloc)(unsigned long size) = function("module_alloc");
	unsigned long size;
	unsigned int n = 0;

	if (!alloc)
		return -ENOENT;
	/* In pieces of a page there is some left between others, which is as full as it gets. */
	for (size = SZ_1M; size >= PAGE_SIZE; size /= 2)
		for (;;) {
			struct list_head *piece = alloc(size);

			if (!piece)
				break;
			if ((unsigned long)piece < MODULES_VADDR || (unsigned long)piece >= MODULES_END) {
				vfree(piece);
				break;
			}
			list_add(piece, &taken);
			n++;
		}
	pr_info("the area of modules is full: %u pieces more\n", n);
	return 0;
}

static int again_set(const char *text, const struct kernel_param *param)
{
	return fill();
}

static const struct kernel_param_ops again_ops = { .set = again_set };
module_param_cb(again, &again_ops, NULL, 0200);

static int __init filler_init(void)
{
	return fill();
}

static void __exit filler_exit(void)
{
	struct list_head *at, *next;

	list_for_each_safe(at, next, &taken)
		vfree(at);
}
#else
static int __init filler_init(void)
{
	return -EOPNOTSUPP;
}

static void __exit filler_exit(void)
{
}
#endif

module_init(filler_init);
module_exit(filler_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Fills the area of modules");
