// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * References of a patch module to what is not exported.
 *
 * When a patch module's init runs, its text and read-only data are read-only already. They are written
 * through a second, writable mapping of their pages: that is the same on every architecture, and the
 * module's own mapping stays as it is. It needs no care for other CPUs: the code that is written has not
 * run yet, and is called only after a change for which all CPUs were stopped.
 *
 * Modules may be out of reach of a direct call to the kernel (arm64 puts them anywhere in 4 GB). Calls then
 * go through a stub in room that the patch module has for it.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <asm/cacheflush.h>

#include "core.h"

int reloc_poke(struct module *mod, void *where, const void *bytes, unsigned int len)
{
	unsigned long addr = (unsigned long)where;
	unsigned int in_page = offset_in_page(addr);
	struct page *pages[2];
	unsigned int n = in_page + len > PAGE_SIZE ? 2 : 1;
	void *alias;

	if (!len || len > PAGE_SIZE || !compat_module_owns(mod, addr) || !compat_module_owns(mod, addr + len - 1)) {
		pr_err("a place to write that is not in %s\n", mod->name);
		return -EINVAL;
	}
	pages[0] = vmalloc_to_page((void *)(addr & PAGE_MASK));
	pages[1] = n == 2 ? vmalloc_to_page((void *)((addr & PAGE_MASK) + PAGE_SIZE)) : NULL;
	if (!pages[0] || (n == 2 && !pages[1]))
		return -EFAULT;
	alias = vmap(pages, n, VM_MAP, PAGE_KERNEL);
	if (!alias)
		return -ENOMEM;
	memcpy(alias + in_page, bytes, len);
	/* For caches that are looked up by virtual address: out of the alias, before the other is read. */
	flush_kernel_vmap_range(alias + in_page, len);
	vunmap(alias);
	flush_icache_range(addr, addr + len);
	return 0;
}

static bool same_string(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* The stub that @want describes, found or new. NULL: no room. */
static void *find_stub(struct suture_entry *entry, const struct suture_stub *want)
{
	struct suture_patch *patch = entry->patch;
	unsigned int max = patch->stubs ? patch->stubs_size / SUTURE_STUB_SIZE : 0, i;
	unsigned long text, text_size;
	void *where;

	if (!entry->stubs && max) {
		entry->stubs = kcalloc(max, sizeof(*entry->stubs), GFP_KERNEL);
		if (!entry->stubs)
			return NULL;
	}
	for (i = 0; i < entry->nr_stubs; i++) {
		const struct suture_stub *s = &entry->stubs[i];

		if (same_string(s->name, want->name) && same_string(s->object, want->object) &&
		    s->sympos == want->sympos && s->offset == want->offset && s->place == want->place)
			break;
	}
	if (i == max) {
		pr_err("%s: no room for a stub to %s\n", entry->name, want->name ?: "-");
		return NULL;
	}
	where = patch->stubs + i * SUTURE_STUB_SIZE;
	text = compat_module_text(patch->mod, &text_size);
	if (!IS_ALIGNED((unsigned long)where, 16) || (unsigned long)where - text > text_size - SUTURE_STUB_SIZE) {
		pr_err("%s: its room for stubs is not executable, or not aligned\n", entry->name);
		return NULL;
	}
	if (i == entry->nr_stubs)
		entry->stubs[entry->nr_stubs++] = *want;
	return where;
}

unsigned long reloc_stub(struct suture_entry *entry, const struct suture_reloc *reloc, unsigned long target)
{
	struct suture_stub want = { .name = reloc->name, .object = reloc->object, .sympos = reloc->sympos,
				    .offset = reloc->offset };
	void *where = find_stub(entry, &want);
	u8 code[SUTURE_STUB_SIZE];

	if (!where || reloc_poke(entry->patch->mod, where, code, arch_stub(code, target)))
		return 0;
	return (unsigned long)where;
}

unsigned long reloc_own_stub(struct suture_entry *entry, const struct suture_reloc *reloc)
{
	struct suture_stub want = { .name = reloc->name, .place = reloc->where };

	return (unsigned long)find_stub(entry, &want);
}

/* A module that @mod needs: it stays as long as @mod does. What @mod needs is settled before it is patched. */
static struct module *needed_by(struct module *mod, const char *name)
{
	struct module_use *use;

	if (mod)
		list_for_each_entry(use, &mod->target_list, target_list)
			if (!strcmp(use->target->name, name))
				return use->target;
	return NULL;
}

/* Of the patched object itself, of the kernel, or what a module exports that the patched one needs. */
static int find_symbol(const struct suture_reloc *reloc, struct suture_object *obj, unsigned long *value)
{
	struct module *needed;

	if (!reloc->object || same_string(reloc->object, obj->name))
		return symbols_find(reloc->object ? obj->mod : NULL, reloc->name, reloc->sympos, reloc->offset,
				    reloc->section, value);
	needed = needed_by(obj->mod, reloc->object);
	if (!needed) {
		pr_err("a reference to %s in %s, which %s does not need\n", reloc->name ?: "-", reloc->object,
		       obj->name ?: "the kernel");
		return -EOPNOTSUPP;
	}
	return symbols_exported(needed, reloc->name, value);
}

int reloc_apply(struct suture_entry *entry, struct suture_object *obj)
{
	unsigned int i;

	for (i = 0; i < obj->nr_relocs; i++) {
		const struct suture_reloc *reloc = &obj->relocs[i];
		unsigned long value;
		int err;

		err = find_symbol(reloc, obj, &value);
		if (!err)
			err = arch_reloc(entry, reloc, value);
		if (err) {
			pr_err("%s: reference %u (type %u, to %s) cannot be made: error %d\n", entry->name, i,
			       reloc->type, reloc->name ?: "-", err);
			return err;
		}
	}
	return 0;
}
