// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/commands.h"
#include "cli/targets.h"

const char usage_apply[] =
	"usage: suture apply [--timeout T] [--max-pause T] FILE.sut PID...\n"
	"       suture apply [--timeout T] [--max-pause T] FILE.sut --all\n"
	"       suture apply [--timeout T] FILE.sut\n"
	"\n"
	"Applies a patch to running processes. The bytes that stand in the process are compared\n"
	"with what the patch was built against before anything is written. All threads are stopped\n"
	"for the switch alone; the pause is printed. Applying twice is harmless.\n"
	"\n"
	"A patch of the kernel takes no process ids. Each task changes over by itself; those that\n"
	"have not after the timeout are named, and the change is taken back.\n"
	"\n"
	"  --all            every process that maps an object of the patch\n"
	"  --timeout T      how long to wait for a moment at which no thread is inside a function\n"
	"                   that changes (default: 5s; the kernel: 60s)\n"
	"  --max-pause T    longest stop before the attempt is given up (default: 100ms)\n"
	"\n"
	"T is a number with ms, s or m; a bare number is seconds.\n";

int cmd_apply(int argc, char **argv)
{
	struct target_args a;
	int status = 0;

	if (targets_parse(&a, argc, argv, "FILE.sut", "tp"))
		status = cli_finish(sut_apply(a.what, &a.opts), targets_render);
	else
		status = cli.status;
	targets_free(&a);
	return status;
}
