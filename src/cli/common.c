// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/common.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/render.h"

#define MAX_OPTIONS 48
#define PID_LIMIT   4194304 /* the kernel's PID_MAX_LIMIT */

struct cli cli;

enum { OPT_JSON = 0x7f00, OPT_HELP, OPT_VERSION };

static const struct option common_options[] = {
	{"json", no_argument, NULL, OPT_JSON},
	{"quiet", no_argument, NULL, 'q'},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
	{NULL, 0, NULL, 0},
};

const struct command *cli_command_find(const char *name)
{
	for (const struct command *c = cli_commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

/* ---- options ---- */

int cli_help(const struct command *c)
{
	fputs(c->usage, stdout);
	printf("\n"
	       "Every command takes:\n"
	       "  --json           print the result as JSON (suture-json(5))\n"
	       "  -q, --quiet      print nothing but errors and what was asked for\n"
	       "  -v, --verbose    print progress and details\n"
	       "  --help           print this text\n"
	       "  --version        print the version\n");
	return 0;
}

static int bad_option(char **argv)
{
	const char *word = argv[optind - 1];

	if (optopt && optopt < 0x80 && optopt != ':') {
		char name[3] = {'-', (char)optopt, '\0'};

		return cli_usage(name, "is not an option of 'suture %s'", cli.command->name);
	}
	if (optopt && !strncmp(word, "--", 2))
		return cli_usage(word, "takes no value");
	return cli_usage(word, "is not an option of 'suture %s'", cli.command->name);
}

int cli_getopt(int argc, char **argv, const char *shorts, const struct option *longs)
{
	struct option all[MAX_OPTIONS];
	char letters[64];
	size_t n = 0;

	for (size_t i = 0; longs && longs[i].name; i++)
		all[n++] = longs[i];
	for (size_t i = 0; i < sizeof(common_options) / sizeof(common_options[0]); i++)
		all[n++] = common_options[i];
	/* The colon in front makes getopt tell a missing value from an unknown option. */
	snprintf(letters, sizeof(letters), ":qv%s", shorts ? shorts : "");
	opterr = 0;
	for (;;) {
		int c = getopt_long(argc, argv, letters, all, NULL);

		switch (c) {
		case OPT_JSON:
			cli.json = true;
			break;
		case 'q':
			cli.quiet = true;
			break;
		case 'v':
			cli.verbose = true;
			break;
		case OPT_HELP:
			cli.status = cli_help(cli.command);
			return CLI_STOP;
		case OPT_VERSION:
			printf("suture %s\n", sut_version());
			cli.status = 0;
			return CLI_STOP;
		case ':':
			cli.status = cli_usage(argv[optind - 1], "needs a value");
			return CLI_STOP;
		case '?':
			cli.status = bad_option(argv);
			return CLI_STOP;
		default:
			return c;
		}
	}
}

static bool parse_number(const char *s, unsigned long max, unsigned long *ret, char **ret_end)
{
	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	*ret = strtoul(s, ret_end, 10);
	return !errno && *ret <= max;
}

pid_t *cli_pids(int argc, char **argv)
{
	pid_t *v = calloc((size_t)argc + 1, sizeof(*v));
	size_t n = 0;

	if (!v)
		abort();
	for (int i = 0; i < argc; i++) {
		unsigned long pid;
		char *end;
		bool seen = false;

		if (!parse_number(argv[i], PID_LIMIT, &pid, &end) || *end || !pid) {
			cli.status = cli_usage(argv[i], access(argv[i], F_OK) ? "is not a process id" :
							"is a file: the patch comes first, then process ids");
			free(v);
			return NULL;
		}
		for (size_t k = 0; k < n; k++)
			seen |= v[k] == (pid_t)pid;
		if (!seen)
			v[n++] = (pid_t)pid;
	}
	return v;
}

bool cli_duration(const char *option, const char *text, unsigned int *ret_ms)
{
	static const struct {
		const char *unit;
		unsigned int ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"", 1000}, {"m", 60000}};
	unsigned long n;
	char *end;

	if (parse_number(text, 1000000, &n, &end) && n)
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (!strcmp(end, units[i].unit) && n <= 3600000 / units[i].ms) {
				*ret_ms = (unsigned int)n * units[i].ms;
				return true;
			}
	cli.status = cli_usage(option, "'%s' is not a duration from 1ms to 60m", text);
	return false;
}

static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), row[64];

	if (lb >= sizeof(row) / sizeof(row[0]))
		return la + lb;
	for (size_t k = 0; k <= lb; k++)
		row[k] = k;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t k = 1; k <= lb; k++) {
			size_t old = row[k], best = diagonal + (a[i - 1] != b[k - 1]);

			if (row[k] + 1 < best)
				best = row[k] + 1;
			if (row[k - 1] + 1 < best)
				best = row[k - 1] + 1;
			row[k] = best;
			diagonal = old;
		}
	}
	return row[lb];
}

const char *cli_nearest(const char *word, const char *const *words)
{
	const char *best = NULL;
	size_t least = 3;

	for (; *words; words++) {
		bool is_prefix = *word && !strncmp(*words, word, strlen(word));
		size_t d = is_prefix ? 1 : distance(word, *words);

		if (d < least && d < strlen(*words)) {
			least = d;
			best = *words;
		}
	}
	return best;
}

/* ---- results ---- */

json_t *cli_doc(void)
{
	return json_pack("{s:{s:s, s:i}, s:s, s:s, s:i, s:[]}", "suture", "version", sut_version(),
			 "schema", 1, "command", cli.command ? cli.command->name : "suture",
			 "outcome", sut_outcome_name(SUT_OUTCOME_OK), "exit_code",
			 sut_outcome_exit_code(SUT_OUTCOME_OK), "reasons");
}

/* The title of the code for usage errors, from the one place that has it. */
static json_t *usage_title(void)
{
	struct sut_result *r = sut_explain("SUT-U001");
	json_t *doc = json_loads(sut_result_json(r), 0, NULL);
	json_t *title =
		json_object_get(json_array_get(json_object_get(doc, "codes"), 0), "title");

	title = json_incref(title);
	json_decref(doc);
	sut_result_free(r);
	return title;
}

int cli_usage(const char *subject, const char *fmt, ...)
{
	const char *what = cli.command ? cli.command->name : "";
	json_t *doc = cli_doc(), *reason;
	char *cause = NULL, *remedy = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&cause, fmt, ap) < 0)
		abort();
	va_end(ap);
	if (asprintf(&remedy, "what to do: 'suture help%s%s' tells what it takes", *what ? " " : "",
		     what) < 0)
		abort();
	reason = json_pack("{s:s, s:s, s:o, s:s, s:s, s:n, s:s, s:[]}", "code", "SUT-U001", "class",
			   "usage", "title", usage_title(), "subject", subject, "cause", cause,
			   "where", "remedy", remedy, "chain");
	if (!reason) /* a word that is not UTF-8 */
		reason = json_pack("{s:s, s:s, s:o, s:s, s:s, s:n, s:n, s:[]}", "code", "SUT-U001",
				   "class", "usage", "title", usage_title(), "subject", "",
				   "cause", "a word is not UTF-8", "where", "remedy", "chain");
	json_array_append_new(json_object_get(doc, "reasons"), reason);
	json_object_set_new(doc, "outcome", json_string(sut_outcome_name(SUT_OUTCOME_USAGE)));
	json_object_set_new(doc, "exit_code",
			    json_integer(sut_outcome_exit_code(SUT_OUTCOME_USAGE)));
	free(cause);
	free(remedy);
	cli.status = cli_finish_doc(doc, NULL);
	return cli.status;
}

static int output_errno;

void cli_sync(void)
{
	errno = 0;
	if (fflush(stdout) && !output_errno)
		output_errno = errno;
}

int cli_flush(int status)
{
	bool bad = ferror(stdout);

	cli_sync();
	/* Whoever closed the pipe has seen enough: the command's own outcome stands. */
	if (cli.pipe_closed || !(bad || output_errno))
		return status;
	fprintf(stderr, "suture: 'standard output': %s%s\n",
		output_errno ? strerror(output_errno) : "cannot be written",
		status ? "" : " (the command itself succeeded)");
	return status ? status : sut_outcome_exit_code(SUT_OUTCOME_FAILED);
}

static void show_text(json_t *doc, void (*render)(const json_t *doc))
{
	const json_t *reasons = jget(doc, "reasons");
	const char *outcome = jstr(doc, "outcome");

	render_sanitise(doc);
	if (render)
		render(doc);
	cli_sync();
	if (!json_array_size(reasons))
		return;
	fprintf(stderr, "suture: %s%s%s%s\n", style(stderr, outcome_style(outcome)), outcome,
		style(stderr, PLAIN),
		!strcmp(outcome, "blocked") ? ": nothing was changed" : "");
	render_reasons(stderr, reasons, 2);
	if (strcmp(outcome, "usage"))
		fprintf(stderr, "  'suture explain %s' tells more\n",
			jstr(json_array_get(reasons, 0), "code"));
}

int cli_finish_doc(json_t *doc, void (*render)(const json_t *doc))
{
	int status = (int)jint(doc, "exit_code");

	if (cli.json) {
		char *text = json_dumps(doc, JSON_INDENT(2) | JSON_SORT_KEYS);

		printf("%s\n", text ? text : "");
		free(text);
	} else {
		show_text(doc, render);
	}
	json_decref(doc);
	return status;
}

int cli_finish(struct sut_result *r, void (*render)(const json_t *doc))
{
	int status = sut_outcome_exit_code(sut_result_outcome(r));
	json_t *doc;

	if (cli.json) {
		printf("%s\n", sut_result_json(r));
	} else {
		doc = json_loads(sut_result_json(r), 0, NULL);
		show_text(doc, render);
		json_decref(doc);
	}
	sut_result_free(r);
	return status;
}
