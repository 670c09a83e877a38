// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A function that is redirected: found, checked, and shared by all patches that change it.
 */
#include <linux/kallsyms.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "core.h"

LIST_HEAD(suture_sites);

/* Where a function of a patch module ends. If that is not known, all code behind its start counts. */
unsigned long site_new_end(const struct module *mod, unsigned long addr)
{
	unsigned long size, offset, text;

	if (suture_kernel.kallsyms_lookup_size_offset(addr, &size, &offset) && !offset && size)
		return addr + size;
	text = compat_module_text(mod, &size);
	return text + size;
}

/* Where a function that another patch redirects begins with a branch of ours, its own instruction is put back. */
static void put_back(unsigned long addr, u8 *buf, unsigned long n)
{
	struct suture_site *site;

	list_for_each_entry(site, &suture_sites, node)
		if (site->addr == addr && site->active && site->old_insn && n >= sizeof(site->old_insn))
			memcpy(buf, &site->old_insn, sizeof(site->old_insn));
}

static int check_bytes(const struct suture_func *func)
{
	u8 buf[64];
	unsigned long at, i, n;

	if (!func->expect)
		return 0;
	if (func->expect_len > func->old_end - func->old_addr)
		goto differs;
	for (at = 0; at < func->expect_len; at += n) {
		n = min_t(unsigned long, sizeof(buf), func->expect_len - at);
		if (copy_from_kernel_nofault(buf, (void *)(func->old_addr + at), n))
			goto differs;
		if (!at)
			put_back(func->old_addr, buf, n);
		for (i = 0; i < n; i++)
			if ((buf[i] ^ func->expect[at + i]) & (func->mask ? func->mask[at + i] : 0xff)) {
				at += i;
				goto differs;
			}
	}
	return 0;
differs:
	pr_err("%s is not the function that the patch was built for (byte %lu)\n", func->old_name, at);
	return -ENOEXEC;
}

bool site_probed(unsigned long addr)
{
	bool probed;

	/* The list is read under RCU. */
	preempt_disable();
	probed = suture_kernel.get_kprobe((void *)addr) != NULL;
	preempt_enable();
	return probed;
}

/* A probe inside would go on with the old code, and its own copy of an instruction is in no range. */
static int check_probes(const struct suture_func *func)
{
	unsigned long at;

	for (at = func->old_addr; at < func->old_end; at += 4)
		if (site_probed(at)) {
			pr_err("%s has a probe at +0x%lx\n", func->old_name, at - func->old_addr);
			return -EBUSY;
		}
	return 0;
}

/* Everything about a function that can be known before something is changed. */
int site_check(struct suture_object *obj, struct suture_func *func)
{
	unsigned long text = suture_kernel.stext, text_size = suture_kernel.etext - suture_kernel.stext;
	unsigned long size, offset, ip;
	int err;

	err = symbols_find(obj->mod, func->old_name, func->old_sympos, func->offset, func->section,
			   &func->old_addr);
	if (err)
		return err;
	if (obj->mod)
		text = compat_module_text(obj->mod, &text_size);
	if (func->old_addr - text >= text_size) {
		pr_err("%s is not in the text of %s\n", func->old_name, obj->name ?: "the kernel");
		return -EOPNOTSUPP;
	}
	if (!suture_kernel.kallsyms_lookup_size_offset(func->old_addr, &size, &offset) || offset) {
		pr_err("%s does not begin where the patch says\n", func->old_name);
		return -ENOENT;
	}
	func->old_end = func->old_addr + max(size, func->old_size);
	err = check_bytes(func);
	if (!err)
		err = check_probes(func);
	/* A range that is only watched needs no more. */
	if (err || !func->new_func)
		return err;
	err = arch_site_check(func, &ip);
	if (err)
		pr_err("%s cannot be redirected (is it notrace or __init?)\n", func->old_name);
	return err;
}

/* Registers the redirect; it leads nowhere yet. */
int site_get(struct suture_object *obj, struct suture_func *func)
{
	struct suture_site *site;
	int err;

	list_for_each_entry(site, &suture_sites, node)
		if (site->addr == func->old_addr)
			goto found;
	site = kzalloc(sizeof(*site), GFP_KERNEL);
	if (!site)
		return -ENOMEM;
	site->addr = func->old_addr;
	site->mod = obj->mod;
	err = arch_site_check(func, &site->ip);
	if (!err)
		err = arch_site_enable(site);
	if (err) {
		pr_err("%s: no redirect could be made: error %d\n", func->old_name, err);
		kfree(site);
		return err;
	}
	list_add_tail(&site->node, &suture_sites);
found:
	site->end = max(site->end, func->old_end);
	site->users++;
	func->site = site;
	return 0;
}

void site_put(struct suture_func *func)
{
	struct suture_site *site = func->site;

	func->site = NULL;
	if (!site || --site->users)
		return;
	list_del(&site->node);
	arch_site_disable(site);
	if (site->registered) {
		/* ftrace has given up and keeps what it has: that memory, and this code, stay for good. */
		pr_err("a redirect that leads nowhere any more could not be removed\n");
		__module_get(THIS_MODULE);
		return;
	}
	kfree(site);
}
