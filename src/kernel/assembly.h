/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Assembly of the kernel that may include what a patch changes. */
#ifndef SUTURE_KERNEL_ASSEMBLY_H
#define SUTURE_KERNEL_ASSEMBLY_H

#include "kernel/tree.h"

struct assembly {
	struct strvec units;	/* "arch/x86/entry/entry_64.S" */
	struct strvec texts;	/* what each is without its macros, "" where it cannot be told */
	struct strvec includes;	/* which of the patched files one of them includes */
};

/* Reads those of @a->units that include one of @patched, as they are in @out, and keeps them alone. */
void assembly_read(struct assembly *a, const struct ktree *t, const char *out, const struct strvec *patched);
/* While the patched source is in place: B_ASM for each that is another then, B_GENERATED for headers that kbuild makes. */
int assembly_check(const struct assembly *a, const struct ktree *t, const char *out, struct sut_err *err);
void assembly_free(struct assembly *a);

#endif
