/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel as a target: its part of the documents of inspect, check, apply, revert and status. */
#ifndef SUTURE_LIB_KERNEL_H
#define SUTURE_LIB_KERNEL_H

#include "kernel/apply.h"
#include "lib/result.h"

enum kernel_operation { KERNEL_OP_CHECK, KERNEL_OP_APPLY, KERNEL_OP_REVERT };

/* What the documents of both kinds of build end alike with. Writes @p (NULL: none was needed) where it is asked
 * for, and tells of it; the outcome if @err stays empty. */
enum sut_outcome build_tell_patch(struct sut_result *r, const struct sut_build_opts *o, struct patch *p,
				  struct sut_err *err);
/* Says which function was asked about (@why, may be NULL); a name that no unit has is an error. */
void build_tell_asked(struct sut_result *r, const char *why, struct sut_err *err);
/* Sources of the two ways to build a patch for the kernel: NULL where @o does not choose that way. */
static inline const char *build_kernel(const struct sut_build_opts *o)
{
	return OPT_HAS(o, replace) ? o->kernel : NULL;
}
static inline const char *build_module_source(const struct sut_build_opts *o)
{
	return OPT_HAS(o, module_source) ? o->module_source : NULL;
}
/* sut_build() for a kernel: the whole result. */
struct sut_result *kernel_build_result(struct sut_result *r, const struct sut_build_opts *o, const char *name);
/* A kernel patch as inspect shows it; null where @k is NULL. */
json_t *kernel_patch_json(const struct patch_kernel *k);
/* check, apply (@p) or revert (@name): the whole result. */
struct sut_result *kernel_operate(enum kernel_operation op, struct sut_result *r, const struct patch *p,
				  const char *name, const struct sut_target_opts *opts, struct sut_err *err);
/* What is applied to the kernel. */
json_t *kernel_status_json(void);

#endif
