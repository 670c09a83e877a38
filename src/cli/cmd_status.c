// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/kernel.h"
#include "cli/render.h"

const char usage_status[] =
	"usage: suture status [PID...]\n"
	"\n"
	"Shows what is patched. Processes: the patch, its functions with their old and new\n"
	"addresses, when and by whom it was applied. The kernel: patches of any tool, and in a\n"
	"transition the tasks that it waits for. Without process ids, looks at the kernel and at\n"
	"all processes. Reads the record that lies in each process; nothing is stopped.\n";

static void render_patch(const json_t *p)
{
	const char *state = jstr(p, "state");
	bool good = !strcmp(state, "applied");
	char when[32] = "";
	time_t t = (time_t)jint(p, "changed_at_s");
	const json_t *o, *f, *c;
	struct tm tm;
	size_t i, k;

	printf("  %s%s%s%s%s  %s%s%s", style(stdout, BOLD), jstr(p, "name"), style(stdout, PLAIN),
	       *jstr(p, "version") ? " " : "", jstr(p, "version"),
	       style(stdout, good ? GREEN : YELLOW), state, style(stdout, PLAIN));
	if (*jstr(p, "damage")) {
		printf(": %s\n", jstr(p, "damage"));
		return;
	}
	if (t && localtime_r(&t, &tm) && strftime(when, sizeof(when), "%F %T %z", &tm))
		printf(" %s", when);
	if (*jstr(p, "changed_by"))
		printf(" by %s", jstr(p, "changed_by"));
	printf(", paused %s\n", us_text(jint(p, "pause_us")));
	json_array_foreach((json_t *)jget(p, "cves"), i, c)
		printf("%s%s", i ? " " : "    fixes ", json_string_value(c));
	if (json_array_size(jget(p, "cves")))
		printf("\n");
	json_array_foreach((json_t *)jget(p, "objects"), i, o) {
		printf("    %s  build-id %s\n", jstr(o, "name"), jstr(o, "build_id"));
		json_array_foreach((json_t *)jget(o, "functions"), k, f) {
			printf("      %-32s %s -> %s", jstr(f, "name"), jstr(f, "address"),
			       jstr(f, "new_address"));
			if (cli.verbose && *jstr(f, "file"))
				printf("  %s:%lld", jstr(f, "file"), jint(f, "line"));
			printf("\n");
		}
	}
}

static void render(const json_t *doc)
{
	const json_t *list = jget(doc, "processes"), *p, *patch;
	long long hidden = jint(doc, "not_readable");
	int kernel = kernel_render_status(jget(doc, "kernel"));
	size_t i, k;

	json_array_foreach((json_t *)list, i, p) {
		const json_t *patches = jget(p, "patches");

		printf("%s%lld (%s)\n", i || kernel ? "\n" : "", jint(p, "pid"), jstr(p, "comm"));
		if (!json_array_size(patches))
			printf("  not patched\n");
		json_array_foreach((json_t *)patches, k, patch)
			render_patch(patch);
		if (jint(p, "unfinished_images"))
			printf("  %s of an apply that did not finish: unused, harmless\n",
			       count_text(jint(p, "unfinished_images"), "mapping"));
	}
	if (!json_array_size(list) && !json_array_size(jget(doc, "reasons")))
		printf("no patched process among %lld\n", jint(doc, "looked_at"));
	if (hidden && !json_array_size(jget(doc, "reasons")))
		printf("%s could not be looked into for lack of permission\n",
		       count_text(hidden, "process"));
}

int cmd_status(int argc, char **argv)
{
	struct sut_target_opts o = {.size = sizeof(o)};
	pid_t *pids;
	int status;

	if (cli_getopt(argc, argv, NULL, NULL) == CLI_STOP)
		return cli.status;
	pids = cli_pids(argc - optind, argv + optind);
	if (!pids)
		return cli.status;
	o.pids = pids;
	status = cli_finish(sut_status(&o), render);
	free(pids);
	return status;
}
