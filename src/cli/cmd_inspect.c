// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/kernel.h"
#include "cli/render.h"

const char usage_inspect[] =
	"usage: suture inspect FILE.sut\n"
	"\n"
	"Shows what a patch changes: objects with their build-ids, functions and why each is in,\n"
	"new functions and data, symbols needed from other libraries. Reads the whole file and\n"
	"checks its digest. Needs no process. With -v, imports too.\n";

static void field(const char *label, const char *value)
{
	if (*value)
		printf("%-13s%s\n", label, value);
}

static void render_object(const json_t *o)
{
	const json_t *f, *s;
	size_t i;

	printf("\n%s%s%s  %s, build-id %s\n", style(stdout, BOLD), jstr(o, "name"),
	       style(stdout, PLAIN), jstr(o, "architecture"), jstr(o, "build_id"));
	json_array_foreach((json_t *)jget(o, "functions"), i, f)
		render_func(f);
	render_words(stdout, "  new code   ", jget(o, "new_functions"));
	render_words(stdout, "  new data   ", jget(o, "new_data"));
	if (cli.verbose)
		json_array_foreach((json_t *)jget(o, "imports"), i, s)
			printf("  import     %s%s%s%s\n", jstr(s, "name"),
			       *jstr(s, "version") ? "@" : "", jstr(s, "version"),
			       jbool(s, "weak") ? " (weak)" : "");
	printf("  %lld bytes of code, %lld constant, %lld writable; %lld bytes of the original are "
	       "compared first\n",
	       jint(jget(o, "memory"), "text_bytes"), jint(jget(o, "memory"), "rodata_bytes"),
	       jint(jget(o, "memory"), "data_bytes"), jint(o, "expected_bytes"));
}

static void render(const json_t *doc)
{
	const json_t *p = jget(doc, "patch"), *o;
	size_t i;

	if (!json_is_object(p))
		return;
	printf("%-13s%s%s%s%s%s\n", "patch", style(stdout, BOLD), jstr(p, "name"),
	       style(stdout, PLAIN), *jstr(p, "version") ? " " : "", jstr(p, "version"));
	field("description", jstr(p, "description"));
	field("author", jstr(p, "author"));
	render_words(stdout, "fixes        ", jget(p, "cves"));
	render_words(stdout, "made from    ", jget(p, "sources"));
	field("compiler", jstr(p, "toolchain"));
	field("sha-256", jstr(p, "digest_sha256"));
	json_array_foreach((json_t *)jget(doc, "objects"), i, o)
		render_object(o);
	kernel_render_patch(jget(doc, "kernel"));
}

int cmd_inspect(int argc, char **argv)
{
	if (cli_getopt(argc, argv, NULL, NULL) == CLI_STOP)
		return cli.status;
	if (argc - optind != 1)
		return optind < argc ? cli_usage(argv[optind + 1], "is one word too many")
				     : cli_usage("FILE.sut", "is missing");
	return cli_finish(sut_inspect(argv[optind]), render);
}
