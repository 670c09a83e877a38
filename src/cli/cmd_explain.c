// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/render.h"

const char usage_explain[] =
	"usage: suture explain [CODE]\n"
	"\n"
	"Prints the page of a code such as SUT-B050: what it means, why Suture refuses, and what\n"
	"to do. Without a code, lists all of them. Works offline.\n";

static void render(const json_t *doc)
{
	const json_t *codes = jget(doc, "codes"), *c;
	size_t i;

	if (json_array_size(codes) == 1) {
		c = json_array_get(codes, 0);
		printf("%s%s%s  %s  [%s]\n\n%s\n", style(stdout, BOLD), jstr(c, "code"),
		       style(stdout, PLAIN), jstr(c, "title"), jstr(c, "class"), jstr(c, "page"));
		return;
	}
	json_array_foreach((json_t *)codes, i, c)
		printf("%s  %-11s  %s\n", jstr(c, "code"), jstr(c, "class"), jstr(c, "title"));
}

int cmd_explain(int argc, char **argv)
{
	if (cli_getopt(argc, argv, NULL, NULL) == CLI_STOP)
		return cli.status;
	if (argc - optind > 1)
		return cli_usage(argv[optind + 1], "is one word too many");
	return cli_finish(sut_explain(optind < argc ? argv[optind] : NULL), render);
}
