/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A patch and the kernel that runs: check, apply, revert. */
#ifndef SUTURE_KERNEL_APPLY_H
#define SUTURE_KERNEL_APPLY_H

#include "kernel/sysfs.h"
#include "patch/patch.h"

enum kernel_outcome { KERNEL_DONE, KERNEL_ALREADY, KERNEL_BLOCKED, KERNEL_FAILED };

struct kernel_opts {
	uint64_t timeout_ns;	/* for the transition; 0: 60 seconds */
	const volatile int *cancel; /* not zero: take back what was begun; may be NULL */
	void (*progress)(void *ctx, const char *what); /* may be NULL */
	void *ctx;
};

struct kernel_result {
	enum kernel_outcome outcome;
	size_t n_funcs;
	char *module;
	uint64_t transition_ns, wall_ns;
	bool reversed;		/* the transition did not end and was taken back */
	bool unloaded;		/* the module is gone */
	struct strvec waiting;	/* modules that are not loaded: patched when they come */
	struct ksys_tasks blockers; /* at the last look */
};

/* Each: 0, or -1 with all reasons; then nothing was changed, or it was taken back, or the reason says so. */
int kernel_check(const struct patch *p, struct kernel_result *ret, struct sut_err *err);
int kernel_apply(const struct patch *p, const struct kernel_opts *opts, struct kernel_result *ret,
		 struct sut_err *err);
/* @name: of the patch, as its module says, or of the module. */
int kernel_revert(const char *name, const struct kernel_opts *opts, struct kernel_result *ret,
		  struct sut_err *err);
/* Is a patch of this name loaded? */
bool kernel_has_patch(const char *name);
/* The name in what a module says of itself; NULL: it says none. Fresh. */
char *kernel_info_name(const char *info);
void kernel_result_free(struct kernel_result *r);

#endif
