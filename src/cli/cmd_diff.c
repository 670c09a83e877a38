// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/render.h"

const char usage_diff[] =
	"usage: suture diff [--all] [--pairs] [--why FUNCTION] ORIG.o PATCHED.o\n"
	"\n"
	"Compares two objects that were compiled from the original and from the patched source of\n"
	"one file, with the same compiler and flags, -g, -ffunction-sections and -fdata-sections.\n"
	"\n"
	"  --all            list what is unchanged too\n"
	"  --pairs          list which symbol was taken for which, and on what evidence\n"
	"  --why FUNCTION   tell about this function only\n"
	"\n"
	"Exit status: 0 no change, 1 changes, 2 usage, 3 cannot be patched, 4 bad input.\n";

enum { OPT_ALL = 0x100, OPT_PAIRS, OPT_WHY };

static void render_position(const json_t *o)
{
	if (*jstr(o, "file"))
		printf("  %s:%lld", jstr(o, "file"), jint(o, "line"));
	printf("\n");
}

static void render(const json_t *doc)
{
	const json_t *o, *s;
	size_t i, k;

	json_array_foreach((json_t *)jget(doc, "pairs"), i, o)
		printf("pair       %s = %s  (%s)\n", jstr(o, "orig"), jstr(o, "patched"),
		       jstr(o, "evidence"));
	json_array_foreach((json_t *)jget(doc, "functions"), i, o) {
		printf("%-9s  function  %s", jstr(o, "status"), jstr(o, "name"));
		render_position(o);
		json_array_foreach((json_t *)jget(o, "chain"), k, s)
			printf("           %s\n", json_string_value(s));
	}
	json_array_foreach((json_t *)jget(doc, "data"), i, o) {
		printf("%-9s  %-8s  %s", jstr(o, "status"), jstr(o, "kind"), jstr(o, "name"));
		render_position(o);
	}
	if (!strcmp(jstr(doc, "outcome"), "ok") && !cli.quiet)
		printf("no change\n");
}

int cmd_diff(int argc, char **argv)
{
	static const struct option longs[] = {
		{"all", no_argument, NULL, OPT_ALL},
		{"pairs", no_argument, NULL, OPT_PAIRS},
		{"why", required_argument, NULL, OPT_WHY},
		{NULL, 0, NULL, 0},
	};
	struct sut_diff_opts o = {.size = sizeof(o)};
	int c;

	while ((c = cli_getopt(argc, argv, NULL, longs)) != -1)
		switch (c) {
		case OPT_ALL:
			o.all = true;
			break;
		case OPT_PAIRS:
			o.pairs = true;
			break;
		case OPT_WHY:
			o.why = optarg;
			break;
		default:
			return cli.status;
		}
	if (argc - optind < 2)
		return cli_usage(argc - optind ? "PATCHED.o" : "ORIG.o", "is missing");
	if (argc - optind > 2)
		return cli_usage(argv[optind + 2], "is one word too many");
	o.orig = argv[optind];
	o.patched = argv[optind + 1];
	return cli_finish(sut_diff(&o), render);
}
