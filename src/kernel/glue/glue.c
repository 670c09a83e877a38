// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What makes a module of a patch's code: the kernel is told which function takes the place of which. The
 * table itself is in table.h, which the build writes. Compiled against the target kernel's own headers, so
 * the layout of its structures is never assumed.
 *
 * With CONFIG_LIVEPATCH the kernel's own livepatching does the work, otherwise suture_core.
 */
#include <linux/elf.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/version.h>

#ifdef CONFIG_LIVEPATCH
#include <linux/livepatch.h>

#define PATCH_FUNC(old, new, pos, off, sec, size, bytes, bits, len) \
	{.old_name = old, .new_func = new, .old_sympos = pos},
#define PATCH_STATE(nr, ver) {.id = nr, .version = ver},
#define patch_type klp_patch
#define enable_patch klp_enable_patch
#define patch_func klp_func
#define patch_object klp_object
#define patch_state klp_state
#define patch_callbacks klp_callbacks
#else
#include "suture_core.h"

#define PATCH_FUNC(old, new, pos, off, sec, size, bytes, bits, len) \
	{.old_name = old, .new_func = new, .old_sympos = pos, .offset = off, .section = sec, .old_size = size, \
	 .expect = bytes, .mask = bits, .expect_len = len},
#define PATCH_STATE(nr, ver) {.id = nr, .version = ver},
#define patch_type suture_patch
#define enable_patch suture_enable_patch
#define patch_func suture_func
#define patch_object suture_object
#define patch_state suture_state
#define patch_callbacks suture_callbacks
#endif

/* Is there a note in the module's constants that says it is this very build? 6.4: an array of memory areas. */
static bool __maybe_unused has_build_id(const struct module *mod, const u8 *id, size_t len)
{
	struct {
		struct elf32_note head;
		char name[4];
	} note = {{4, len, 3 /* NT_GNU_BUILD_ID */}, "GNU"};
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	const u8 *p = mod->mem[MOD_RODATA].base, *end = p + mod->mem[MOD_RODATA].size;
#else
	const u8 *p = (u8 *)mod->core_layout.base + mod->core_layout.text_size;
	const u8 *end = (u8 *)mod->core_layout.base + mod->core_layout.ro_size;
#endif

	for (; p + sizeof(note) + len <= end; p += 4)
		if (!memcmp(p, &note, sizeof(note)) && !memcmp(p + sizeof(note), id, len))
			return true;
	return false;
}

/*
 * Where modules are told apart by names alone, one of another source may come after the patch. Nothing in sysfs
 * says its build-id at that time. An error here keeps it from being loaded.
 */
static int __maybe_unused check_build(const struct patch_object *obj, const u8 *id, size_t len)
{
	if (has_build_id(obj->mod, id, len))
		return 0;
	pr_err("%s is another build than the one that %s is for\n", obj->name, THIS_MODULE->name);
	return -EINVAL;
}

/* What runs when the module is loaded has the original of what the patch changes inlined. */
static int __maybe_unused check_started(const struct patch_object *obj)
{
	if (obj->mod->state == MODULE_STATE_LIVE)
		return 0;
	pr_err("%s has to be loaded before %s is applied: its start has the original of what that changes\n", obj->name,
	       THIS_MODULE->name);
	return -EINVAL;
}

/* What the code that a patch brings for a module takes from another one. */
struct patch_need {
	const char *module, *name;
	u32 crc;		/* of its version, as CONFIG_MODVERSIONS has it */
};

/* Since 6.5 the kernel's private structure. */
struct exported {
#ifdef CONFIG_HAVE_ARCH_PREL32_RELOCATIONS
	int value, name, namespace;
#else
	unsigned long value;
	const char *name, *namespace;
#endif
};

/* Likewise later. */
struct used {
	struct list_head source_list, target_list;
	struct module *source, *target;
};

static bool __maybe_unused is_exported(const void *list, const void *crcs, unsigned int n, const struct patch_need *need)
{
	const struct exported *syms = list;
	unsigned int i;

	for (i = 0; i < n; i++) {
#ifdef CONFIG_HAVE_ARCH_PREL32_RELOCATIONS
		const char *name = (const char *)&syms[i].name + syms[i].name;
#else
		const char *name = syms[i].name;
#endif
		if (!strcmp(name, need->name))
			return !crcs || ((const u32 *)crcs)[i] == need->crc;
	}
	return false;
}

/*
 * The kernel keeps a module for those that need it, and sees that its exports are what these were built with. It does
 * neither for a patch's references. So the patched module itself must need the other, which stays then, and what else is
 * taken from that one must be the same version.
 */
static int __maybe_unused check_needs(const struct patch_object *obj, const struct patch_need *need, size_t n)
{
	for (; n; n--, need++) {
		const struct module *mod = NULL;
#ifdef CONFIG_MODULE_UNLOAD
		const struct used *use;

		list_for_each_entry(use, &obj->mod->target_list, target_list)
			if (!strcmp(use->target->name, need->module))
				mod = use->target;
#endif
		if (mod && is_exported(mod->syms, mod->crcs, mod->num_syms, need))
			continue;
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
		if (mod && is_exported(mod->gpl_syms, mod->gpl_crcs, mod->num_gpl_syms, need))
			continue;
#endif
		pr_err("%s of %s is not what %s was built for\n", need->name, need->module, THIS_MODULE->name);
		return -EINVAL;
	}
	return 0;
}

#include "table.h"

/* What `suture status` shows of this patch: it is read here, so no file is needed that could be lost. */
static char *suture = PATCH_INFO;
module_param(suture, charp, 0444);
MODULE_PARM_DESC(suture, "about this patch (do not set)");

#ifndef CONFIG_LIVEPATCH
/* Room for calls that do not reach their target; the core writes it. */
asm(".pushsection .text\n"
    ".balign 16\n"
    ".globl patch_stubs\n"
    "patch_stubs: .skip " __stringify(PATCH_STUBS) " * " __stringify(SUTURE_STUB_SIZE) "\n"
    ".popsection");
extern char patch_stubs[];
#endif

static struct patch_type patch = {
	.mod = THIS_MODULE,
#ifndef CONFIG_LIVEPATCH
	.release = PATCH_RELEASE,
	.version = PATCH_VERSION,
	.stubs = patch_stubs,
	.stubs_size = PATCH_STUBS * SUTURE_STUB_SIZE,
#ifdef PATCH_JUMPS
	.jumps = suture_jumps,
	.nr_jumps = PATCH_JUMPS,
#endif
#endif
	.objs = patch_objects,
#ifdef PATCH_STATES
	.states = patch_states,
#endif
	.replace = PATCH_REPLACE,
};

static int __init patch_init(void)
{
	return enable_patch(&patch);
}

/* Only a patch that is off can be unloaded. RCU may still have been asked to call new functions of it. */
static void __exit patch_exit(void)
{
	rcu_barrier();
}

module_init(patch_init);
module_exit(patch_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("live patch made by suture");
#ifdef CONFIG_LIVEPATCH
MODULE_INFO(livepatch, "Y");
#endif
