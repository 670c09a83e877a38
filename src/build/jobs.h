/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several child processes at a time: what compiles and dependency scans are run with. */
#ifndef SUTURE_BUILD_JOBS_H
#define SUTURE_BUILD_JOBS_H

#include "base/err.h"

struct job {
	char **argv;		/* argv[0] is searched on PATH; not owned */
	char **env;		/* the whole environment, NULL: ours; not owned */
	const char *cwd;	/* not owned */
	const char *stdout_path;/* file for stdout; NULL: goes where stderr goes */
	char *output;		/* out: stderr (and stdout); free with jobs_free_output */
	int status;		/* out: 0..255, 128+signal, -1 could not be started */
	pid_t pid;		/* private */
	int fd;			/* private */
};

/* The number of processors that this process may use, at least 1. */
int jobs_cpus(void);
/*
 * Runs all @n jobs, at most @max at once (0: jobs_cpus()), and waits for them. A job that fails is
 * no failure of this function: read its status. @what (may be NULL) names the work in progress
 * lines, "compiling 12 of 40". -1 only with E_IO (no pipe or temporary file).
 */
int jobs_run(struct job *v, size_t n, int max, const char *what, struct sut_err *err);
void jobs_free_output(struct job *v, size_t n);

#endif
