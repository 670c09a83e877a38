// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Direct calls of functions that are not exported, as the compiler makes them: the call leads to a place that
 * is not the function, and the core is told what should be there. Found by name, by name and position, and
 * by distance. The distance is a parameter, as the test knows the running kernel's only.
 */
#include <linux/elf.h>
#include <linux/kallsyms.h>
#include <linux/seq_file.h>

#include "patch.h"

static unsigned long distance;
module_param(distance, ulong, 0);

extern char test_call[];
static unsigned long kallsyms_address;
const char *test_kallsyms_lookup(unsigned long addr, unsigned long *size, unsigned long *offset, char **mod,
				 char *buf);

#ifdef CONFIG_ARM64
#define CALL R_AARCH64_CALL26
#define ADDEND 0
/* An adrp where erratum 843419 forbids one. */
extern char test_adrp[], test_add[];
void *test_address(void);
asm(".pushsection .text.adrp, \"ax\"\n.balign 4096\n.skip 0xff4\n.globl test_address, test_adrp, test_add\n"
    ".type test_address, %function\ntest_address: mov x0, xzr\ntest_adrp: adrp x0, .\n"
    "test_add: add x0, x0, #0\nret\n.popsection");
asm(".pushsection .text\n.balign 4\n.globl test_kallsyms_lookup\n.type test_kallsyms_lookup, %function\n"
    "test_kallsyms_lookup: stp x29, x30, [sp, #-16]!\nmov x29, sp\n.globl test_call\ntest_call: bl .\n"
    "ldp x29, x30, [sp], #16\nret\n.popsection");
#elif defined(CONFIG_PPC64)
#define CALL R_PPC_REL24
#define ADDEND 0
asm(".pushsection .text\n.balign 4\n.globl test_kallsyms_lookup\n.type test_kallsyms_lookup, @function\n"
    "test_kallsyms_lookup: mflr 0\nstd 0, 16(1)\nstdu 1, -64(1)\n.globl test_call\ntest_call: bl .\nnop\n"
    "addi 1, 1, 64\nld 0, 16(1)\nmtlr 0\nblr\n.popsection");
#else
#define CALL R_ARM_CALL
#define ADDEND -8
asm(".pushsection .text\n.balign 4\n.globl test_kallsyms_lookup\n.type test_kallsyms_lookup, %function\n"
    "test_kallsyms_lookup: push {r4, lr}\nldr r4, [sp, #8]\npush {r4, r5}\n.globl test_call\ntest_call: bl .\n"
    "add sp, sp, #8\npop {r4, pc}\n.popsection");
#endif

static int new_cmdline(struct seq_file *m, void *v)
{
	static char buf[KSYM_NAME_LEN];
	unsigned long size, offset;
	char *mod = NULL;
	const char *name = test_kallsyms_lookup((unsigned long)seq_printf, &size, &offset, &mod, buf);

#ifdef CONFIG_ARM64
	if (test_address() != (void *)kallsyms_address)
		name = NULL;
#endif
	seq_printf(m, "the kernel calls it %s\n", name ?: "-");
	return 0;
}

extern char test_stubs[];
asm(".pushsection .text\n.balign 16\n.globl test_stubs\ntest_stubs: .skip 96\n.popsection");
static struct suture_func funcs[] = { FUNC(cmdline_proc_show, new_cmdline), {} };
static struct suture_reloc relocs[] = {
	{ .where = test_call, .type = CALL, .addend = ADDEND, .name = "kallsyms_lookup" },
#ifdef CONFIG_ARM64
	{ .where = &kallsyms_address, .type = R_AARCH64_ABS64, .name = "kallsyms_lookup" },
	{ .where = test_adrp, .type = R_AARCH64_ADR_PREL_PG_HI21, .name = "kallsyms_lookup" },
	{ .where = test_add, .type = R_AARCH64_ADD_ABS_LO12_NC, .name = "kallsyms_lookup" },
#endif
};
static struct suture_object objs[] = {
	{ .funcs = funcs, .relocs = relocs, .nr_relocs = ARRAY_SIZE(relocs) }, {}
};
static struct suture_patch patch = {
	.mod = THIS_MODULE, .objs = objs, .stubs = test_stubs, .stubs_size = 2 * SUTURE_STUB_SIZE,
};

static int __init patch_init(void)
{
	unsigned int i;

	patch.release = init_utsname()->release;
	patch.version = init_utsname()->version;
	for (i = 0; i < ARRAY_SIZE(relocs); i++)
		relocs[i].offset = distance;
	return suture_enable_patch(&patch);
}

static void __exit patch_exit(void)
{
}

module_init(patch_init);
module_exit(patch_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A test patch");
