/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dynamic section of a module in a live process, decoded once. */
#ifndef SUTURE_PROC_DYNAMIC_H
#define SUTURE_PROC_DYNAMIC_H

#include "proc/module.h"

/* Run-time addresses; 0: not there. */
struct proc_dyn {
	uint64_t symtab, strtab, strsz, gnu_hash, hash, versym, verdef, verdef_num;
	uint64_t rela, rela_size, rel, rel_size, jmprel, jmprel_size;
	bool jmprel_is_rel;	/* its entries have no addend */
	char *soname;
};

/* NULL where the module has none or it is damaged. Lives as long as the module. */
const struct proc_dyn *proc_module_dyn(struct proc_modules *ms, struct proc_module *m);
void proc_dyn_free(struct proc_dyn *d);

#endif
