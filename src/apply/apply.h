/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations on processes: what the library and the command line call. */
#ifndef SUTURE_APPLY_APPLY_H
#define SUTURE_APPLY_APPLY_H

#include "apply/plan.h"

/*
 * Applies @p to @pid. 0 with the outcome in @res (DONE, ALREADY, NOT_NEEDED), or -1 with reasons
 * in @err and BLOCKED or FAILED in @res. @res is initialised here; free it in either case.
 */
int apply_patch(const struct patch *p, pid_t pid, const struct apply_opts *opts,
		struct apply_result *res, struct sut_err *err);
/*
 * Reverts the patch called @name. The text is compared with the original afterwards. Same results;
 * ALREADY where it is reverted, P_NOT_APPLIED where it never was, P_ON_TOP.
 */
int apply_revert(const char *name, pid_t pid, const struct apply_opts *opts,
		 struct apply_result *res, struct sut_err *err);
/*
 * What apply_patch() would meet: all of its checks, then stacks are sampled for @opts->timeout_ns
 * (0: 1 s). Nothing is placed. @res->blockers has the threads that were inside at the last look,
 * n_busy of n_samples looks found some thread inside. 0 with outcome DONE (would be applied), ...
 */
struct apply_forecast {
	unsigned int n_samples, n_busy;
	uint64_t max_pause_ns;	/* longest stop of a sample */
};
int apply_check(const struct patch *p, pid_t pid, const struct apply_opts *opts,
		struct apply_forecast *fc, struct apply_result *res, struct sut_err *err);

/*
 * All processes that map an object of @p, one after the other. @each is told of every result with
 * its own reasons (it may keep neither). Returns -1 only where processes cannot be listed.
 */
int apply_patch_all(const struct patch *p, const struct apply_opts *opts,
		    void (*each)(void *ctx, const struct apply_result *res, struct sut_err *err),
		    void *ctx, struct sut_err *err);

#endif
