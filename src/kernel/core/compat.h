/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every difference between kernel versions that suture_core meets is here, each with the version that
 * brought it. Written for 6.1 to 6.12.
 */
#ifndef SUTURE_COMPAT_H
#define SUTURE_COMPAT_H

#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/version.h>
#ifdef CONFIG_RETHOOK
#include <linux/rethook.h>
#endif

#ifdef CONFIG_LIVEPATCH
#error "this kernel has its own livepatch: its patches need no suture_core"
#endif
#ifdef CONFIG_PREEMPT_RT
/* The list of tasks is guarded by a sleeping lock there: it may be half written when all CPUs stop. */
#error "suture_core does not know real-time kernels"
#endif
#ifdef CONFIG_PREEMPTION
/*
 * A task that is preempted may have where it goes on in a register only, or in a place that is in no frame: between
 * the decision of an ftrace handler and the jump, in the handler of a return probe behind the return. Where tasks
 * leave their CPU by themselves alone that cannot be. CONFIG_PREEMPT_DYNAMIC counts, whatever it is set to.
 */
#error "suture_core does not know preemptible kernels"
#endif
#ifndef CONFIG_SMP
/* There stop_machine() does its work in the task that calls it. */
#error "suture_core knows kernels for several processors only"
#endif
#ifdef CONFIG_SHADOW_CALL_STACK
#error "suture_core does not know shadow call stacks"
#endif
#ifdef CONFIG_CFI_CLANG
#error "suture_core calls the kernel's functions through pointers that CFI would refuse"
#endif

/* 6.4: one array of memory areas instead of core_layout and init_layout */
static inline unsigned long compat_module_text(const struct module *mod, unsigned long *size)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	*size = mod->mem[MOD_TEXT].size;
	return (unsigned long)mod->mem[MOD_TEXT].base;
#else
	*size = mod->core_layout.text_size;
	return (unsigned long)mod->core_layout.base;
#endif
}

/* What belongs to the module as long as it lives: not its init part */
static inline bool compat_module_owns(const struct module *mod, unsigned long addr)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	for_class_mod_mem_type(type, core) {
		unsigned long base = (unsigned long)mod->mem[type].base;

		if (addr - base < mod->mem[type].size)
			return true;
	}
	return false;
#else
	return addr - (unsigned long)mod->core_layout.base < mod->core_layout.size;
#endif
}

/*
 * 6.11: the return addresses that the function graph tracer keeps are words among other words. Before,
 * they were an array of structures. Either way: @words from where, and the number.
 */
static inline const unsigned long *compat_graph_stack(struct task_struct *task, unsigned int *words)
{
	*words = 0;
#ifdef CONFIG_FUNCTION_GRAPH_TRACER
	if (!task->ret_stack || task->curr_ret_stack < 0)
		return NULL;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
	*words = task->curr_ret_stack;
#else
	*words = (task->curr_ret_stack + 1) * (sizeof(struct ftrace_ret_stack) / sizeof(long));
#endif
	return (const unsigned long *)task->ret_stack;
#else
	return NULL;
#endif
}

/*
 * The return addresses that return probes took from a task's stack; @walk is called for each. Two
 * implementations exist, and a kernel can have both.
 */
static inline void compat_probed_returns(struct task_struct *task, void (*walk)(unsigned long addr, void *arg),
					 void *arg)
{
	struct llist_node *node;

#if defined(CONFIG_KRETPROBES) && !defined(CONFIG_KRETPROBE_ON_RETHOOK)
	for (node = task->kretprobe_instances.first; node; node = node->next)
		walk((unsigned long)container_of(node, struct kretprobe_instance, llist)->ret_addr, arg);
#endif
#ifdef CONFIG_RETHOOK
	for (node = task->rethooks.first; node; node = node->next)
		walk(container_of(node, struct rethook_node, llist)->ret_addr, arg);
#endif
	(void)node;
}

/* Where a function with a return probe returns to; the two implementations have their own. */
#ifdef CONFIG_KRETPROBE_ON_RETHOOK
#define COMPAT_PROBE_TRAMPOLINE "arch_rethook_trampoline"
#else
#define COMPAT_PROBE_TRAMPOLINE "__kretprobe_trampoline"
#endif

/* 6.10: the list of modules that use a key is not kept in keys that are read-only after the kernel's start */
static inline bool compat_jumps_write_keys(void)
{
	return LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0);
}

/* What a module exports: the kernel's private structure since 6.5, the same from 5.4 on */
struct compat_kernel_symbol {
#ifdef CONFIG_HAVE_ARCH_PREL32_RELOCATIONS
	int value, name, namespace;
#else
	unsigned long value;
	const char *name, *namespace;
#endif
};

static inline unsigned long compat_export_value(const struct compat_kernel_symbol *sym)
{
#ifdef CONFIG_HAVE_ARCH_PREL32_RELOCATIONS
	return (unsigned long)&sym->value + sym->value;
#else
	return sym->value;
#endif
}

static inline const char *compat_export_name(const struct compat_kernel_symbol *sym)
{
#ifdef CONFIG_HAVE_ARCH_PREL32_RELOCATIONS
	return (const char *)((unsigned long)&sym->name + sym->name);
#else
	return sym->name;
#endif
}

/*
 * The sections of a loaded module, which /sys/module/NAME/sections shows. The structure is the kernel's
 * private one, the same from 5.8 to 6.13; symbols_init() checks it against this module before it is used.
 */
struct compat_sect_attr {
	struct bin_attribute battr;
	unsigned long address;
};

struct compat_sect_attrs {
	struct attribute_group grp;
	unsigned int nsections;
	struct compat_sect_attr attrs[];
};
#define COMPAT_HAVE_SECT_ATTRS (LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0))

#endif
