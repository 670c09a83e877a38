// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/commands.h"
#include "cli/targets.h"

const char usage_revert[] =
	"usage: suture revert [--timeout T] [--max-pause T] NAME PID...\n"
	"       suture revert [--timeout T] [--max-pause T] NAME --all\n"
	"       suture revert [--timeout T] NAME\n"
	"\n"
	"Takes a patch back. NAME is the patch's name as 'suture status' shows it, or its file.\n"
	"The functions' text is compared with the original afterwards, byte for byte.\n"
	"\n"
	"  --all            every process that has the patch\n"
	"  --timeout T      how long to wait for a moment at which no thread is inside a function\n"
	"                   that changes (default: 5s; the kernel: 60s)\n"
	"  --max-pause T    longest stop before the attempt is given up (default: 100ms)\n"
	"\n"
	"T is a number with ms, s or m; a bare number is seconds.\n";

int cmd_revert(int argc, char **argv)
{
	struct target_args a;
	int status = 0;

	if (targets_parse(&a, argc, argv, "NAME", "tp"))
		status = cli_finish(sut_revert(a.what, &a.opts), targets_render);
	else
		status = cli.status;
	targets_free(&a);
	return status;
}
