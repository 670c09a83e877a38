/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole way from diffs to a patch of the kernel. */
#ifndef SUTURE_KERNEL_BUILD_H
#define SUTURE_KERNEL_BUILD_H

#include "build/build.h"
#include "kernel/kbuild.h"

struct kernel_build_opts {
	struct kbuild_opts kernel;
	const char *name, *version, *description, *author;
	const char *const *cves;
	const char *key, *cert;	/* sign the module; NULL: do not */
	bool replace;		/* the patch takes the place of all others */
};

struct kernel_build {
	struct kbuild kb;
	struct patch *patch;	/* NULL: nothing to patch, or refused */
	uint64_t link_ns, module_ns;
};

/* 0 with @b->patch set, or NULL where no code of the kernel changes; -1 with every reason. */
int kernel_build_run(struct kernel_build *b, const struct kernel_build_opts *opts, struct sut_err *err);
/* The last part alone: from compared and proved units. */
int kernel_build_patch(struct kernel_build *b, const struct kernel_build_opts *opts, struct sut_err *err);
void kernel_build_free(struct kernel_build *b);

#endif
