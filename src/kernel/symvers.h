/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Module.symvers: what the kernel and its modules export. */
#ifndef SUTURE_KERNEL_SYMVERS_H
#define SUTURE_KERNEL_SYMVERS_H

#include "base/util.h"

struct export {
	const char *name, *object; /* "vmlinux", or the module's name with underscores */
	const char *ns;		/* the namespace that users must import, or NULL */
	bool gpl;
};

struct symvers;

/* Reads @dir/Module.symvers. Where there is none the result is empty. */
struct symvers *symvers_read(const char *dir);
void symvers_free(struct symvers *s);
/* NULL: it is not exported, or to some modules only. */
const struct export *symvers_find(const struct symvers *s, const char *name);

#endif
