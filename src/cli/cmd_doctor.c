// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/render.h"

const char usage_doctor[] =
	"usage: suture doctor\n"
	"\n"
	"Shows what this machine can do, what is missing, and what to do about it. Changes nothing.\n";

static void render(const json_t *doc)
{
	const json_t *c;
	const char *area = "";
	size_t i;

	json_array_foreach((json_t *)jget(doc, "capabilities"), i, c) {
		const char *state = jstr(c, "state");
		enum style s = !strcmp(state, "ok")	   ? GREEN
			       : !strcmp(state, "missing") ? RED
			       : !strcmp(state, "limited") ? YELLOW
							   : DIM;

		if (strcmp(area, jstr(c, "area")))
			printf("%s%s\n", *area ? "\n" : "", jstr(c, "area"));
		area = jstr(c, "area");
		printf("  %s%-8s%s %s: %s\n", style(stdout, s), state, style(stdout, PLAIN),
		       jstr(c, "title"), jstr(c, "found"));
		if (*jstr(c, "remedy"))
			render_wrapped(stdout, 11, jstr(c, "remedy"));
	}
	if (jint(doc, "missing"))
		printf("\n%s missing\n", count_text(jint(doc, "missing"), "thing"));
	else
		printf("\nnothing is missing\n");
}

int cmd_doctor(int argc, char **argv)
{
	if (cli_getopt(argc, argv, NULL, NULL) == CLI_STOP)
		return cli.status;
	if (optind < argc)
		return cli_usage(argv[optind], "is one word too many");
	return cli_finish(sut_doctor(), render);
}
