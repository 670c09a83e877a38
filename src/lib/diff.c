// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/result.h"

struct sut_result *sut_diff(const struct sut_diff_opts *opts)
{
	struct sut_result *r = result_new("diff");
	struct sut_err err = {0};

	sut_fail(&err, SUT_X_BUG, "diff", "this build of Suture was made without it");
	return result_done(r, SUT_OUTCOME_FAILED, &err);
}
