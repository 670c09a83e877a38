/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the command line as a user does, and looks at what comes out. */
#ifndef SUTURE_TESTS_CLI_H
#define SUTURE_TESTS_CLI_H

#include "base/util.h"
#include "schema.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct cli_run {
	int status;	/* exit status, 128 + signal */
	char *out, *err;
};

static char cli_program[512], cli_dir[] = "/tmp/suture-cli.XXXXXX";
static json_t *cli_schema;

/* The program is built beside the tests: O/tests/unit/NAME and O/suture. */
static inline bool cli_begin(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	snprintf(cli_program, sizeof(cli_program), "%.*s/../../suture",
		 (int)(slash ? slash - argv0 : 0), argv0);
	cli_schema = json_load_file("docs/schema.json", 0, NULL);
	return mkdtemp(cli_dir) && cli_schema && !access(cli_program, X_OK);
}

static inline void cli_end(void)
{
	json_decref(cli_schema);
	remove_tree(cli_dir);
}

static inline char *cli_slurp(const char *path)
{
	uint8_t *p;
	size_t n;

	return read_file(path, &p, &n) ? xstrdup("") : (char *)p;
}

static inline void cli_free(struct cli_run *r)
{
	free(r->out);
	free(r->err);
	memset(r, 0, sizeof(*r));
}

/* @uid 0: as we are. @out_path NULL: captured. */
static inline struct cli_run cli_exec(char *const argv[], uid_t uid, const char *out_path)
{
	char out[600], err[600];
	struct cli_run r = {0};
	int st = 0;
	pid_t pid;

	snprintf(out, sizeof(out), "%s/out", cli_dir);
	snprintf(err, sizeof(err), "%s/err", cli_dir);
	pid = fork();
	if (!pid) {
		int o = open(out_path ? out_path : out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		int e = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		if (o < 0 || e < 0 || dup2(o, 1) < 0 || dup2(e, 2) < 0)
			_exit(126);
		if (uid && (setgid(uid) || setuid(uid)))
			_exit(126);
		execv(cli_program, argv);
		_exit(127);
	}
	waitpid(pid, &st, 0);
	r.status = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
	r.out = out_path ? xstrdup("") : cli_slurp(out);
	r.err = cli_slurp(err);
	return r;
}

/* "suture" and up to seven words. */
#define CLI(...) cli_exec((char *[]){"suture", __VA_ARGS__, NULL}, 0, NULL)

/* The document of a --json run: NULL (and a failed check) where it is not what the schema says. */
static inline json_t *cli_json(struct cli_run *r, const char *name)
{
	struct schema_check c = {.root = cli_schema};
	json_error_t e = {.text = ""};
	json_t *doc = json_loads(r->out, 0, &e);
	bool good = doc && schema_valid(&c, cli_schema, doc, "$");

	if (good && json_integer_value(json_object_get(doc, "exit_code")) != r->status) {
		good = false;
		snprintf(c.why, sizeof(c.why), "exit_code is not the exit status %d", r->status);
	}
	if (!tap_ok(good, "%s: JSON as the schema says", name))
		printf("#   %s%s\n", c.why, e.text);
	return doc;
}

static inline const char *cli_outcome(const json_t *doc)
{
	const char *s = json_string_value(json_object_get(doc, "outcome"));

	return s ? s : "";
}

/* The code of the first reason, of the document or of its first target. */
static inline const char *cli_code(const json_t *doc)
{
	const json_t *r = json_array_get(json_object_get(doc, "reasons"), 0);
	const char *s;

	if (!r)
		r = json_array_get(json_object_get(json_array_get(json_object_get(doc, "targets"),
								  0), "reasons"), 0);
	s = json_string_value(json_object_get(r, "code"));
	return s ? s : "";
}

#endif
