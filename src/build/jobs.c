// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/jobs.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRESS_NS 2000000000u

int jobs_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		return CPU_COUNT(&set);
	return 1;
}

static void job_exec(const struct job *j)
{
	int in = open("/dev/null", O_RDONLY), out = j->fd;

	if (j->stdout_path)
		out = open(j->stdout_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(j->fd, 2) < 0)
		_exit(126);
	if (j->cwd && chdir(j->cwd) < 0) {
		static const char msg[] = "the working folder of the command is gone\n";

		(void)!write(2, msg, sizeof(msg) - 1);
		_exit(126);
	}
	if (j->env)
		execvpe(j->argv[0], j->argv, j->env);
	else
		execvp(j->argv[0], j->argv);
	_exit(127);
}

/* An unnamed file takes the output: a pipe would have to be drained while others run. */
static int job_start(struct job *j, struct sut_err *err)
{
	char name[] = "/tmp/suture-job-XXXXXX";

	j->output = NULL;
	j->status = -1;
	j->pid = -1;
	j->fd = mkostemp(name, O_CLOEXEC);
	if (j->fd < 0)
		return sut_fail(err, SUT_E_IO, "/tmp", "cannot make a temporary file: %s",
				strerror(errno));
	unlink(name);
	j->pid = fork();
	if (j->pid == 0)
		job_exec(j);
	if (j->pid < 0) {
		sut_fail(err, SUT_E_IO, j->argv[0], "cannot start a process: %s", strerror(errno));
		close(j->fd);
		return -1;
	}
	return 0;
}

static void job_finish(struct job *j, int status)
{
	off_t n = lseek(j->fd, 0, SEEK_END);
	size_t have = 0;

	j->pid = -1;
	j->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	j->output = xmalloc(n > 0 ? (size_t)n + 1 : 1);
	while (n > 0 && have < (size_t)n) {
		ssize_t r = pread(j->fd, j->output + have, (size_t)n - have, (off_t)have);

		if (r <= 0)
			break;
		have += (size_t)r;
	}
	j->output[have] = '\0';
	close(j->fd);
}

int jobs_run(struct job *v, size_t n, int max, const char *what, struct sut_err *err)
{
	size_t next = 0, running = 0, done = 0;
	uint64_t told = now_ns();
	int r = 0;

	if (max <= 0)
		max = jobs_cpus();
	while (running || (next < n && r == 0)) {
		while (r == 0 && next < n && running < (size_t)max) {
			r = job_start(&v[next], err);
			if (r < 0)
				break;
			next++;
			running++;
		}
		/*
		 * Only our own children are waited for, each by its pid: the caller may have
		 * others.
		 */
		for (size_t i = 0, found = 0; running && !found; i = (i + 1) % next) {
			int status;
			pid_t pid = v[i].pid > 0 ? waitpid(v[i].pid, &status, WNOHANG) : 0;

			if (pid > 0) {
				job_finish(&v[i], status);
				running--;
				done++;
				found = 1;
			}
			if (!found && i + 1 == next)
				usleep(2000);
		}
		if (what && n > 1 && now_ns() - told > PROGRESS_NS) {
			log_info("%s: %zu of %zu", what, done, n);
			told = now_ns();
		}
	}
	return r;
}

void jobs_free_output(struct job *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].output);
		v[i].output = NULL;
	}
}
