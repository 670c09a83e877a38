/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The units of a kernel that patches affect, each compiled by kbuild in both versions. */
#ifndef SUTURE_KERNEL_UNITS_H
#define SUTURE_KERNEL_UNITS_H

#include "kernel/tree.h"

struct kunit {
	char *source;		/* relative to the tree: "fs/proc/cmdline.c" */
	char *module;		/* the module that it is part of, "ext4"; NULL: vmlinux */
	char *orig, *patched;	/* objects */
	char *proof;		/* object of the original as the kernel has it; NULL: @orig is */
};

struct kunits {
	struct kunit *v;
	size_t n, cap;
	struct strvec not_compiled; /* touched files that no unit of this kernel is made of */
	char *dir;		/* holds the objects; removed with this */
};

/*
 * Compiles what @ps affects. No unit is affected: success with n == 0. -1 with all reasons that were found:
 * K_BUILD_FILE, K_INNER, B_GENERATED, B_ASM, B_PATCH_APPLY, B_COMPILE. @ret is to be freed in any case.
 */
int kunits_compile(struct ktree *t, struct patch_set *ps, struct kunits *ret, struct sut_err *err);
/*
 * The same units once more, reading keys and values of boot (keys.h): of those in @u the source and the module
 * are given. The objects that @ps was compiled to before may be gone then. -1: B_COMPILE and others.
 */
int kunits_compile_keys(struct ktree *t, struct patch_set *ps, struct kunits *u, struct sut_err *err);
void kunits_free(struct kunits *u);

/* kbuild's record beside what it made: the command and all files that were read. Fresh or NULL. */
char *kunit_record(const char *object);
/* Does that name the file @rel of the tree? */
bool kunit_reads(const struct ktree *t, const char *cmd, const char *rel);

#endif
