/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUTURE_CLI_CMD_DIFF_H
#define SUTURE_CLI_CMD_DIFF_H

/* `suture diff`: argv[0] is the command's name. Returns the exit status. */
int cmd_diff(int argc, char **argv);

#endif
