// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/render.h"

const char usage_stack[] =
	"usage: suture stack PID\n"
	"\n"
	"Shows every thread of a process with every frame: how the frame was found, and whether\n"
	"the trace can be relied on. Stops the threads for as long as the walk takes and says how\n"
	"long that was. Names and source lines appear where symbols or debug information are\n"
	"installed.\n";

static void render_frame(size_t i, const json_t *f)
{
	const char *object = jstr(f, "object"), *base = strrchr(object, '/');

	printf("  #%-3zu %-18s ", i, jstr(f, "pc"));
	if (*jstr(f, "symbol"))
		printf("%s%s%s+0x%llx", style(stdout, BOLD), jstr(f, "symbol"),
		       style(stdout, PLAIN), (unsigned long long)jint(f, "offset"));
	else if (*object)
		printf("%s+%s", base ? base + 1 : object, jstr(f, "object_offset"));
	else
		printf("?");
	if (*jstr(f, "file"))
		printf("  %s:%lld", jstr(f, "file"), jint(f, "line"));
	printf("  %s[%s%s%s]%s", style(stdout, DIM), jstr(f, "method"),
	       jbool(f, "trusted") ? "" : ", not trusted", jbool(f, "signal") ? ", signal" : "",
	       style(stdout, PLAIN));
	if (*jstr(f, "patch"))
		printf("  %spatch %s%s", style(stdout, GREEN), jstr(f, "patch"),
		       style(stdout, PLAIN));
	printf("\n");
}

static const char *decision(const char *by)
{
	if (!strcmp(by, "scan"))
		return "whether it is inside a function is decided by a scan of its stack";
	if (!strcmp(by, "search"))
		return "it is not on the stack it began on: a scan of all memory decides whether it is inside";
	return "nothing can decide whether it is inside a function: it blocks";
}

static void render(const json_t *doc)
{
	const json_t *t, *f, *call;
	size_t i, k;

	if (!json_array_size(jget(doc, "threads")))
		return;
	printf("%lld (%s): %s, paused %s\n", jint(doc, "pid"), jstr(doc, "comm"),
	       count_text((long long)json_array_size(jget(doc, "threads")), "thread"),
	       us_text(jint(doc, "pause_us")));
	json_array_foreach((json_t *)jget(doc, "threads"), i, t) {
		bool ok = jbool(t, "reliable");

		printf("\nthread %lld (%s)  state %s", jint(t, "tid"), jstr(t, "comm"),
		       jstr(t, "state"));
		call = jget(t, "syscall");
		if (json_is_object(call) && *jstr(call, "name"))
			printf("  in %s", jstr(call, "name"));
		else if (json_is_object(call))
			printf("  in system call %lld", jint(call, "number"));
		if (!strcmp(jstr(t, "state"), "Z"))
			printf("  has ended");
		printf("  %s%s%s", style(stdout, ok ? GREEN : YELLOW),
		       ok ? "reliable" : "not reliable", style(stdout, PLAIN));
		printf(ok ? "%s\n" : ": %s\n", jstr(t, "why_not"));
		if (!ok)
			printf("  %s\n", decision(jstr(t, "decided_by")));
		json_array_foreach((json_t *)jget(t, "frames"), k, f)
			render_frame(k, f);
	}
}

int cmd_stack(int argc, char **argv)
{
	pid_t *pids, pid;

	if (cli_getopt(argc, argv, NULL, NULL) == CLI_STOP)
		return cli.status;
	if (argc - optind != 1)
		return optind < argc ? cli_usage(argv[optind + 1], "is one word too many")
				     : cli_usage("PID", "is missing");
	pids = cli_pids(1, argv + optind);
	if (!pids)
		return cli.status;
	pid = pids[0];
	free(pids);
	return cli_finish(sut_stack(pid), render);
}
