// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/render.h"

const char usage_help[] =
	"usage: suture help [COMMAND]\n"
	"\n"
	"Lists the commands, or prints the help of one.\n";

static void render(const json_t *doc)
{
	const json_t *c;
	size_t i;

	printf("usage: suture COMMAND [OPTION]... [ARGUMENT]...\n"
	       "\n"
	       "Live patching for running processes: from a source diff to a patch, into a running\n"
	       "process without a restart, and back.\n"
	       "\n");
	json_array_foreach((json_t *)jget(doc, "commands"), i, c)
		printf("  %s%-8s%s  %s\n", style(stdout, BOLD), jstr(c, "name"),
		       style(stdout, PLAIN), jstr(c, "summary"));
	printf("\n"
	       "'suture help COMMAND' tells what a command takes. Exit status: 0 done or nothing to\n"
	       "do, 1 'diff' found changes, 2 usage, 3 blocked for safety, 4 failed, 5 done for some\n"
	       "targets only.\n");
}

int cmd_help(int argc, char **argv)
{
	const struct command *c;
	json_t *doc, *list;

	cli.command = cli_command_find("help");
	if (argc > 1) {
		optind = 1;
		if (cli_getopt(argc, argv, NULL, NULL) == CLI_STOP)
			return cli.status;
		if (argc - optind > 1)
			return cli_usage(argv[optind + 1], "is one word too many");
		if (optind < argc) {
			c = cli_command_find(argv[optind]);
			return c ? cli_help(c) : cli_usage(argv[optind], "is not a command");
		}
	}
	doc = cli_doc();
	list = json_array();
	for (c = cli_commands; c->name; c++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", c->name, "summary",
						      c->summary, "usage", c->usage));
	json_object_set_new(doc, "commands", list);
	return cli_finish_doc(doc, render);
}
