// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/kernel.h"

#include <string.h>

#include "cli/common.h"
#include "cli/render.h"

/* Tasks that a transition waits for, each with its stack. */
static void render_tasks(FILE *f, const json_t *tasks)
{
	enum { FEW = 8 };
	const json_t *t, *s;
	size_t i, k;

	json_array_foreach((json_t *)tasks, i, t) {
		if (i == FEW && !cli.verbose) {
			fprintf(f, "    and %s more (-v shows all)\n", count_text((long long)(json_array_size(tasks) - FEW), "task"));
			return;
		}
		fprintf(f, "    task %lld (%s)", jint(t, "tid"), jstr(t, "comm"));
		if (*jstr(t, "function"))
			fprintf(f, ": in '%s'", jstr(t, "function"));
		fprintf(f, "\n");
		json_array_foreach((json_t *)jget(t, "stack"), k, s)
			fprintf(f, "        %s\n", json_string_value(s));
	}
}

void kernel_render_target(const json_t *doc)
{
	const json_t *k = jget(doc, "kernel");
	const char *outcome = jstr(k, "outcome"), *command = jstr(doc, "command");
	bool revert = !strcmp(command, "revert"), bad = jint(k, "exit_code") != 0;
	FILE *f = bad ? stderr : stdout;

	if (!json_is_object(k) || (!bad && cli.quiet))
		return;
	cli_sync();
	fprintf(f, "%s%s%s  %s %s the kernel (%s)", style(f, outcome_style(outcome)), outcome, style(f, PLAIN),
		jstr(jget(doc, "patch"), "name"), revert ? "from" : "to", jstr(k, "release"));
	if (!strcmp(outcome, "applied"))
		fprintf(f, ": %s, transition %s", count_text(jint(k, "functions"), "function"), us_text(jint(k, "transition_us")));
	else if (!strcmp(outcome, "reverted"))
		fprintf(f, ": transition %s%s", us_text(jint(k, "transition_us")),
			jbool(k, "unloaded") ? ", module unloaded" : "");
	else if (!strcmp(outcome, "ok"))
		fprintf(f, ": would be applied, %s", count_text(jint(k, "functions"), "function"));
	else if (!strcmp(outcome, "already"))
		fprintf(f, ": nothing was left to do");
	else if (jbool(k, "reversed"))
		fprintf(f, ": taken back%s", jbool(k, "unloaded") ? ", module unloaded" : "");
	fprintf(f, "\n");
	render_words(f, "    when they are loaded: ", jget(k, "waiting_for"));
	render_tasks(f, jget(k, "tasks"));
	render_reasons(f, jget(k, "reasons"), 4);
}

void kernel_render_patch(const json_t *k)
{
	const json_t *o, *f;
	size_t i, j;

	if (!json_is_object(k))
		return;
	printf("%-13s%s%s%s  %s, build-id %s\n", "kernel", style(stdout, BOLD), jstr(k, "release"), style(stdout, PLAIN),
	       jstr(k, "architecture"), jstr(k, "build_id"));
	printf("%-13s%s.ko, %lld bytes, %s, by %s%s\n", "module", jstr(k, "module"), jint(k, "module_bytes"),
	       jbool(k, "signed") ? "signed" : "not signed",
	       !strcmp(jstr(k, "core"), "livepatch") ? "the kernel's livepatch" : jstr(k, "core"),
	       jbool(k, "replace") ? ", replaces all others" : "");
	json_array_foreach((json_t *)jget(k, "objects"), i, o) {
		printf("\n%s%s%s", style(stdout, BOLD), jstr(o, "name"), style(stdout, PLAIN));
		if (*jstr(o, "build_id"))
			printf("  build-id %s", jstr(o, "build_id"));
		printf("\n");
		json_array_foreach((json_t *)jget(o, "functions"), j, f)
			render_func(f);
		render_words(stdout, "  callbacks  ", jget(o, "callbacks"));
		if (jbool(o, "must_be_loaded"))
			printf("  it must be loaded before the patch is applied\n");
	}
	render_words(stdout, "  new code   ", jget(k, "new_functions"));
	render_words(stdout, "  new data   ", jget(k, "new_data"));
}

static void render_status_patch(const json_t *p)
{
	const char *state = jstr(p, "state"), *was = "";
	const json_t *f, *c;
	size_t i;

	printf("  %s%s%s%s%s  %s%s%s", style(stdout, BOLD), jstr(p, "name"), style(stdout, PLAIN),
	       *jstr(p, "version") ? " " : "", jstr(p, "version"),
	       style(stdout, !strcmp(state, "applied") ? GREEN : YELLOW), state, style(stdout, PLAIN));
	if (!jbool(p, "ours"))
		printf(" by another tool");
	printf(", module %s%s%s\n", jstr(p, "module"), *jstr(p, "module_taint") ? ", taint " : "", jstr(p, "module_taint"));
	json_array_foreach((json_t *)jget(p, "cves"), i, c)
		printf("%s%s", i ? " " : "    fixes ", json_string_value(c));
	if (json_array_size(jget(p, "cves")))
		printf("\n");
	json_array_foreach((json_t *)jget(p, "functions"), i, f) {
		if (strcmp(was, jstr(f, "object")) != 0)
			printf("    %s\n", jstr(f, "object"));
		was = jstr(f, "object");
		printf("      %s\n", jstr(f, "name"));
	}
	render_tasks(stdout, jget(p, "tasks"));
}

int kernel_render_status(const json_t *k)
{
	const json_t *p;
	size_t i;

	if (!json_array_size(jget(k, "patches")))
		return 0;
	printf("kernel %s\n", jstr(k, "release"));
	json_array_foreach((json_t *)jget(k, "patches"), i, p)
		render_status_patch(p);
	return 1;
}
