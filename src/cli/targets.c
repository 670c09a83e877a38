// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/targets.h"

#include <stdlib.h>
#include <string.h>

#include "cli/kernel.h"
#include "cli/render.h"

enum { OPT_ALL = 0x100, OPT_TIMEOUT, OPT_MAX_PAUSE, OPT_SAMPLE };

static const struct option all_longs[] = {
	{"all", no_argument, NULL, OPT_ALL},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"max-pause", required_argument, NULL, OPT_MAX_PAUSE},
	{"sample", required_argument, NULL, OPT_SAMPLE},
};

static bool parse_options(struct target_args *a, int argc, char **argv, const char *letters)
{
	struct option longs[5] = {all_longs[0]};
	size_t n = 1;
	int c;

	if (strchr(letters, 't'))
		longs[n++] = all_longs[1];
	if (strchr(letters, 'p'))
		longs[n++] = all_longs[2];
	if (strchr(letters, 's'))
		longs[n++] = all_longs[3];
	while ((c = cli_getopt(argc, argv, NULL, longs)) != -1) {
		bool good = true;

		if (c == OPT_ALL)
			a->opts.all = true;
		else if (c == OPT_TIMEOUT)
			good = cli_duration("--timeout", optarg, &a->opts.timeout_ms);
		else if (c == OPT_MAX_PAUSE)
			good = cli_duration("--max-pause", optarg, &a->opts.max_pause_ms);
		else if (c == OPT_SAMPLE)
			good = cli_duration("--sample", optarg, &a->opts.sample_ms);
		else
			good = false; /* CLI_STOP */
		if (!good)
			return false;
	}
	return true;
}

bool targets_parse(struct target_args *a, int argc, char **argv, const char *what_is,
		   const char *letters)
{
	int n;

	memset(a, 0, sizeof(*a));
	a->opts.size = sizeof(a->opts);
	if (!parse_options(a, argc, argv, letters))
		return false;
	n = argc - optind - 1;
	if (n < 0) {
		cli.status = cli_usage(what_is, "is missing");
	} else if (n && a->opts.all) {
		cli.status = cli_usage("--all", "stands in place of process ids");
	} else {
		a->what = argv[optind];
		a->pids = cli_pids(n, argv + optind + 1);
		a->opts.pids = n ? a->pids : NULL;
		return a->pids != NULL;
	}
	return false;
}

void targets_free(struct target_args *a)
{
	free(a->pids);
}

static void render_blocker(FILE *f, const json_t *b)
{
	fprintf(f, "    thread %lld (%s): ", jint(b, "tid"), jstr(b, "comm"));
	if (!strcmp(jstr(b, "verdict"), "unreliable"))
		fprintf(f, "stack is not reliable: %s", jstr(b, "why"));
	else if (!strcmp(jstr(b, "verdict"), "possible"))
		fprintf(f, "%s", jstr(b, "why"));
	else
		fprintf(f, "inside '%s', frame %lld", jstr(b, "function"), jint(b, "frame"));
	if (*jstr(b, "file"))
		fprintf(f, "  %s:%lld", jstr(b, "file"), jint(b, "line"));
	fprintf(f, "\n");
}

static void render_numbers(FILE *f, const json_t *t)
{
	fprintf(f, ": %s, paused %s, %s, %s", count_text(jint(t, "functions"), "function"),
		us_text(jint(t, "pause_us")), count_text(jint(t, "threads"), "thread"),
		count_text(jint(t, "attempts"), "attempt"));
	if (jint(t, "text_compared_bytes"))
		fprintf(f, "; %lld bytes of text compared equal to the original",
			jint(t, "text_compared_bytes"));
}

static void render_forecast(FILE *f, const json_t *t)
{
	const json_t *fc = jget(t, "forecast");

	fprintf(f, ": would be applied");
	if (!json_is_object(fc))
		return;
	fprintf(f, ", pause about %s; ", us_text(jint(fc, "max_pause_us")));
	if (jint(fc, "busy_samples"))
		fprintf(f, "%lld of %lld looks found a thread inside", jint(fc, "busy_samples"),
			jint(fc, "samples"));
	else
		fprintf(f, "no thread was inside in %s", count_text(jint(fc, "samples"), "look"));
}

static void render_target(FILE *f, const json_t *doc, const json_t *t)
{
	const char *outcome = jstr(t, "outcome"), *command = jstr(doc, "command");
	bool changed = !strcmp(outcome, "applied") || !strcmp(outcome, "reverted");
	bool from = !strcmp(command, "revert");
	const json_t *b;
	size_t i;

	fprintf(f, "%s%s%s  %s %s %lld", style(f, outcome_style(outcome)), outcome,
		style(f, PLAIN), jstr(jget(doc, "patch"), "name"), from ? "from" : "to",
		jint(t, "pid"));
	if (*jstr(t, "comm"))
		fprintf(f, " (%s)", jstr(t, "comm"));
	if (changed)
		render_numbers(f, t);
	else if (!strcmp(outcome, "ok"))
		render_forecast(f, t);
	else if (!strcmp(outcome, "not-needed"))
		fprintf(f, ": it maps no object of the patch");
	else if (!strcmp(outcome, "already"))
		fprintf(f, from ? ": nothing was left to revert" : ": nothing was left to do");
	else if (jint(t, "attempts"))
		fprintf(f, " after %s", count_text(jint(t, "attempts"), "attempt"));
	fprintf(f, "\n");
	if (cli.verbose && changed)
		fprintf(f, "    placing the code paused %s more, the whole took %s\n",
			us_text(jint(t, "place_pause_us")), us_text(jint(t, "wall_us")));
	json_array_foreach((json_t *)jget(t, "blockers"), i, b)
		render_blocker(f, b);
	render_reasons(f, jget(t, "reasons"), 4);
}

void targets_render(const json_t *doc)
{
	const json_t *targets = jget(doc, "targets"), *t;
	size_t i;

	if (json_is_object(jget(doc, "kernel"))) {
		kernel_render_target(doc);
		return;
	}
	json_array_foreach((json_t *)targets, i, t) {
		bool bad = jint(t, "exit_code") != 0;

		if (!bad && cli.quiet)
			continue;
		/* What failed goes where errors go, in the order in which it happened. */
		cli_sync();
		render_target(bad ? stderr : stdout, doc, t);
	}
	if (!json_array_size(targets) && !json_array_size(jget(doc, "reasons")) && !cli.quiet)
		printf("%s\n", !strcmp(jstr(doc, "command"), "revert")
				       ? "no process has this patch"
				       : "no process maps an object of this patch");
	cli_sync();
	if (jint(doc, "not_readable") && !cli.quiet)
		fprintf(stderr, "%s could not be looked into for lack of permission\n",
			count_text(jint(doc, "not_readable"), "process"));
}
