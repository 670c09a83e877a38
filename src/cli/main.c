// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/render.h"

const struct command cli_commands[] = {
	{"build", cmd_build, "make a patch from a diff", usage_build},
	{"diff", cmd_diff, "compare two objects of one source file", usage_diff},
	{"inspect", cmd_inspect, "show what a patch file holds", usage_inspect},
	{"check", cmd_check, "tell what applying a patch would do", usage_check},
	{"apply", cmd_apply, "apply a patch to running processes", usage_apply},
	{"revert", cmd_revert, "take a patch back", usage_revert},
	{"status", cmd_status, "show which processes are patched", usage_status},
	{"stack", cmd_stack, "show the stacks of a process", usage_stack},
	{"doctor", cmd_doctor, "show what this machine can do", usage_doctor},
	{"explain", cmd_explain, "explain the code of a message", usage_explain},
	{"help", cmd_help, "show help on a command", usage_help},
	{NULL, NULL, NULL, NULL},
};

/*
 * The first and every later SIGINT or SIGTERM only asks: the library puts back what it began and
 * returns. Ending at once would be safe for the target too, but would leave the work half told.
 */
static volatile int cancelled;

static void on_cancel(int sig)
{
	cancelled = 1;
}

static void on_pipe(int sig)
{
	cli.pipe_closed = 1;
}

static void set_signals(void)
{
	struct sigaction sa = {.sa_handler = on_cancel};

	/* No SA_RESTART: a wait has to end. */
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	/* A handler and not SIG_IGN, which the user's make would inherit. */
	sa.sa_handler = on_pipe;
	sigaction(SIGPIPE, &sa, NULL);
	sut_set_cancel(&cancelled);
}

#define QUICK_NS 1000000000ULL

static unsigned long long start_ns;
static bool is_terminal;

static unsigned long long clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned long long)ts.tv_sec * 1000000000ULL + (unsigned long long)ts.tv_nsec;
}

/* Progress is for whoever waits: nothing in the first second, and nothing into files. */
static void on_log(void *ctx, enum sut_log_level level, const char *msg)
{
	if (level == SUT_LOG_WARN) {
		if (!cli.quiet)
			fprintf(stderr, "suture: %swarning%s: %s\n", style(stderr, YELLOW),
				style(stderr, PLAIN), msg);
		return;
	}
	if (!cli.verbose &&
	    (cli.quiet || cli.json || !is_terminal || clock_ns() - start_ns < QUICK_NS))
		return;
	fprintf(stderr, "%s%s%s\n", style(stderr, DIM), msg, style(stderr, PLAIN));
}

/* Options count before the command and behind it, and --json also where parsing fails early. */
static void scan_common(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		cli.json |= !strcmp(argv[i], "--json");
		cli.verbose |= !strcmp(argv[i], "-v") || !strcmp(argv[i], "--verbose");
		cli.quiet |= !strcmp(argv[i], "-q") || !strcmp(argv[i], "--quiet");
	}
}

static int unknown_command(const char *word)
{
	const char *names[sizeof(cli_commands) / sizeof(cli_commands[0])], *near;
	size_t n = 0;

	for (const struct command *c = cli_commands; c->name; c++)
		names[n++] = c->name;
	names[n] = NULL;
	near = cli_nearest(word, names);
	if (near)
		return cli_usage(word, "is not a command; the nearest is '%s'", near);
	return cli_usage(word, "is not a command");
}

static int run(int argc, char **argv)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return cmd_help(1, argv);
		if (!strcmp(argv[i], "--version")) {
			printf("suture %s\n", sut_version());
			return 0;
		}
		if (strcmp(argv[i], "--json") && strcmp(argv[i], "-q") && strcmp(argv[i], "-v") &&
		    strcmp(argv[i], "--quiet") && strcmp(argv[i], "--verbose"))
			return cli_usage(argv[i], "is not an option");
	}
	if (i == argc)
		return cli_usage("command", "is missing");
	cli.command = cli_command_find(argv[i]);
	if (!cli.command)
		return unknown_command(argv[i]);
	return cli.command->run(argc - i, argv + i);
}

int main(int argc, char **argv)
{
	int status;

	if (sut_wrapper_entry(argc, argv, &status))
		return status;
	start_ns = clock_ns();
	is_terminal = isatty(STDERR_FILENO) == 1;
	/* A large buffer: errors of writing then show where they are looked for. */
	if (isatty(STDOUT_FILENO) != 1)
		setvbuf(stdout, NULL, _IOFBF, 1 << 20);
	scan_common(argc, argv);
	set_signals();
	sut_set_log(on_log, NULL, cli.verbose ? SUT_LOG_DEBUG : SUT_LOG_INFO);
	status = run(argc, argv);
	return cli_flush(status);
}
