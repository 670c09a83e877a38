// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/commands.h"
#include "cli/targets.h"

const char usage_check[] =
	"usage: suture check [--sample T] [--max-pause T] FILE.sut PID...\n"
	"       suture check [--sample T] [--max-pause T] FILE.sut --all\n"
	"       suture check FILE.sut\n"
	"\n"
	"Tells what 'apply' would do, and changes nothing: obstacles, whether the bytes in the\n"
	"process are the expected ones, and which threads are inside functions that change.\n"
	"\n"
	"  --all            every process that maps an object of the patch\n"
	"  --sample T       how long to watch the threads (default: 1s)\n"
	"  --max-pause T    longest stop of one look at them (default: 100ms)\n"
	"\n"
	"T is a number with ms, s or m; a bare number is seconds.\n";

int cmd_check(int argc, char **argv)
{
	struct target_args a;
	int status = 0;

	if (targets_parse(&a, argc, argv, "FILE.sut", "sp"))
		status = cli_finish(sut_check(a.what, &a.opts), targets_render);
	else
		status = cli.status;
	targets_free(&a);
	return status;
}
