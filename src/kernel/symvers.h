/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Module.symvers: what the kernel and its modules export, and modules that are not part of it. */
#ifndef SUTURE_KERNEL_SYMVERS_H
#define SUTURE_KERNEL_SYMVERS_H

#include "base/util.h"

struct elf_obj;

struct export {
	const char *name, *object; /* "vmlinux", or the module's name with underscores */
	const char *ns;		/* the namespace that users must import, or NULL */
	const char *from;	/* the file that says so, where it is not that of the headers; else NULL */
	uint32_t crc;		/* of its version; 0 without CONFIG_MODVERSIONS */
	bool gpl;
};

struct symvers;

/* Reads @dir/Module.symvers. Where there is none the result is empty. */
struct symvers *symvers_read(const char *dir);
/* Adds another file of this kind, -1 with errno, or a module's file: the last one counts, save for what vmlinux has. */
int symvers_add(struct symvers *s, const char *path);
void symvers_add_module(struct symvers *s, const char *path, const char *module, const struct elf_obj *ko);
void symvers_free(struct symvers *s);
/* NULL: it is not exported, or to some modules only. */
const struct export *symvers_find(const struct symvers *s, const char *name);

#endif
