/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands, one per file: cmd_NAME.c has cmd_NAME() and its help text. */
#ifndef SUTURE_CLI_COMMANDS_H
#define SUTURE_CLI_COMMANDS_H

/* argv[0] is the command's name. Each returns the exit code. */
#define DECLARE_COMMAND(name) \
	int cmd_##name(int argc, char **argv); \
	extern const char usage_##name[]

DECLARE_COMMAND(apply);
DECLARE_COMMAND(build);
DECLARE_COMMAND(check);
DECLARE_COMMAND(diff);
DECLARE_COMMAND(doctor);
DECLARE_COMMAND(explain);
DECLARE_COMMAND(help);
DECLARE_COMMAND(inspect);
DECLARE_COMMAND(revert);
DECLARE_COMMAND(stack);
DECLARE_COMMAND(status);

#endif
