/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands share: options, errors, and the way results reach the user.
 *
 * A command parses its options, calls one function of the library, and hands the result to
 * cli_finish() with a function that renders text from the result's JSON document. Text and --json
 * are therefore two views of the same facts.
 */
#ifndef SUTURE_CLI_COMMON_H
#define SUTURE_CLI_COMMON_H

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "suture/suture.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;	/* one line, lower case */
	const char *usage;	/* whole help text */
};
extern const struct command cli_commands[]; /* ends with a NULL name */
const struct command *cli_command_find(const char *name);

struct cli {
	const struct command *command; /* that runs; NULL: none yet */
	bool json, quiet, verbose;
	int status;		/* set by cli_getopt() when it returns CLI_STOP */
	volatile int pipe_closed; /* whoever read our output is gone: SIGPIPE came */
};
extern struct cli cli;

#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* ---- options ---- */

#define CLI_STOP 0x7fff
/*
 * getopt_long() for a command's own options, plus --json, -q, -v, --help and --version, which it
 * handles itself. Returns -1 at the end and CLI_STOP where the command has to return cli.status.
 */
int cli_getopt(int argc, char **argv, const char *shorts, const struct option *longs);
/* Reports a bad command line (text or JSON). Returns the exit code. */
int cli_usage(const char *subject, const char *fmt, ...) PRINTF_LIKE(2, 3);
/*
 * The process ids in argv[0..argc), without doubles, 0-terminated; caller frees. NULL: one is not a
 * process id and was reported; the command returns cli.status.
 */
pid_t *cli_pids(int argc, char **argv);
/*
 * A duration such as "500ms", "5s", "2m" or a bare number of seconds, in milliseconds. False: it
 * was reported.
 */
bool cli_duration(const char *option, const char *text, unsigned int *ret_ms);
/* Prints the help of a command. Returns the exit code. */
int cli_help(const struct command *c);
/* The one of @words (NULL-terminated) nearest to @word, or NULL where none is near. */
const char *cli_nearest(const char *word, const char *const *words);

/* ---- results ---- */

/*
 * Prints the result as JSON, or through @render and with its reasons on stderr; frees it. Returns
 * the exit code.
 */
int cli_finish(struct sut_result *r, void (*render)(const json_t *doc));
/* The same for a document of the command line's own (help). Takes @doc over. */
int cli_finish_doc(json_t *doc, void (*render)(const json_t *doc));
/* Begins such a document: "suture", "command", "outcome" ok, "exit_code", "reasons". */
json_t *cli_doc(void);
/* Writes out what was printed so far, and remembers why that failed. */
void cli_sync(void);
/* The last of it. @status, or 4 where the output could not be written. */
int cli_flush(int status);

#endif
