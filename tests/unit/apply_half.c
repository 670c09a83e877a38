// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tool that dies on its way, for live tests: apply_half STEP apply FILE PID, or revert NAME PID. The death
 * comes before the first step of that name.
 */
#include "apply/apply.h"
#include "apply/session.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *last;

static void die(const char *step)
{
	if (!strcmp(step, last))
		kill(getpid(), SIGKILL);
}

int main(int argc, char **argv)
{
	struct apply_opts opts = {.timeout_ns = 20000000000ull, .max_pause_ns = 20000000000ull};
	struct apply_result res;
	struct sut_err err = {0};
	struct patch *p;

	if (argc != 5) {
		printf("1..0 # SKIP live tests run it\n");
		return 0;
	}
	last = argv[1];
	apply_step_hook = die;
	if (strcmp(argv[2], "apply")) {
		apply_revert(argv[3], atoi(argv[4]), &opts, &res, &err);
	} else {
		p = patch_read(argv[3], &err);
		if (p)
			apply_patch(p, atoi(argv[4]), &opts, &res, &err);
	}
	for (size_t i = 0; i < err.n; i++)
		printf("%s: %s\n", err.v[i].subject, err.v[i].cause);
	printf("it came to its end\n");
	return 1;
}
