// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/result.h"

struct sut_result *sut_build(const struct sut_build_opts *opts)
{
	struct sut_result *r = result_new("build");
	struct sut_err err = {0};

	sut_fail(&err, SUT_X_BUG, "build", "this build of Suture was made without it");
	return result_done(r, SUT_OUTCOME_FAILED, &err);
}

bool sut_wrapper_entry(int argc, char **argv, int *ret_status)
{
	return false;
}
