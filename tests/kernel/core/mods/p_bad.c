// SPDX-License-Identifier: GPL-2.0-or-later
/* Patches that must be refused, each by its name in `how`. */
#include <linux/elf.h>
#include <linux/moduleparam.h>
#include <linux/seq_file.h>

#include "patch.h"
#include "victim.h"

static char *how = "";
module_param(how, charp, 0);
static char *name = "";
module_param(name, charp, 0);

static int new_cmdline(struct seq_file *m, void *v)
{
	seq_puts(m, "this must never be seen\n");
	return 0;
}

static const u8 other_bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static struct suture_func funcs[] = { FUNC(cmdline_proc_show, new_cmdline), {}, {} };
static struct suture_func module_funcs[] = { FUNC(victim_notrace, new_cmdline), {} };
static struct suture_reloc relocs[1];
static struct suture_object objs[] = { { .funcs = funcs }, {}, {} };
static struct suture_patch patch = { .mod = THIS_MODULE, .objs = objs };

static int __init patch_init(void)
{
	patch.release = init_utsname()->release;
	patch.version = init_utsname()->version;
	if (!strcmp(how, "release")) {
		patch.release = "6.1.0-0-other";
	} else if (!strcmp(how, "version")) {
		patch.version = "#1 SMP Debian 6.1.0-0";
	} else if (!strcmp(how, "bytes")) {
		funcs[0].expect = other_bytes;
		funcs[0].expect_len = sizeof(other_bytes);
	} else if (!strcmp(how, "missing")) {
		funcs[0].old_name = "no_such_function";
	} else if (!strcmp(how, "ambiguous")) {
		funcs[0].old_name = name;
	} else if (!strcmp(how, "place")) {
		funcs[0].offset = 64;
	} else if (!strcmp(how, "init")) {
		funcs[0].old_name = "start_kernel";
	} else if (!strcmp(how, "twice")) {
		funcs[1] = funcs[0];
	} else if (!strcmp(how, "notrace") || !strcmp(how, "srcversion")) {
		objs[1].name = "victim";
		objs[1].funcs = module_funcs;
		if (how[0] == 's')
			objs[1].srcversion = "0123456789ABCDEF01234567";
	} else if (!strcmp(how, "reloc")) {
		relocs[0].where = &relocs[0].addend;
		relocs[0].type = 9999;
		relocs[0].name = "kallsyms_lookup";
		objs[0].relocs = relocs;
		objs[0].nr_relocs = 1;
	} else if (!strcmp(how, "outside")) {
		relocs[0].where = &init_uts_ns;
		relocs[0].name = "kallsyms_lookup";
#ifdef CONFIG_ARM64
		relocs[0].type = R_AARCH64_ABS64;
#elif defined(CONFIG_PPC64)
		relocs[0].type = R_PPC64_ADDR64;
#else
		relocs[0].type = R_ARM_ABS32;
#endif
		objs[0].relocs = relocs;
		objs[0].nr_relocs = 1;
	} else if (!strcmp(how, "elsewhere")) {
		funcs[0].new_func = seq_printf;
	}
	return suture_enable_patch(&patch);
}

static void __exit patch_exit(void)
{
}

module_init(patch_init);
module_exit(patch_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A test patch");
