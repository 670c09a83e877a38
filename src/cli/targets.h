/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What check, apply and revert have in common: their options, and the list of targets. */
#ifndef SUTURE_CLI_TARGETS_H
#define SUTURE_CLI_TARGETS_H

#include "cli/common.h"

/* The name or file, and whom it is for. */
struct target_args {
	const char *what;
	pid_t *pids;		/* owned */
	struct sut_target_opts opts;
};
/*
 * Parses "[OPTION]... WHAT [PID... | --all]". @letters: which options the command takes: 't'
 * --timeout, 'p' --max-pause, 's' --sample, 'f' --file. False: return cli.status.
 */
bool targets_parse(struct target_args *a, int argc, char **argv, const char *what_is,
		   const char *letters);
void targets_free(struct target_args *a);
/* One line a target, its blockers, its reasons. */
void targets_render(const json_t *doc);

#endif
