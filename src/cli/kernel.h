/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's part of what the commands show. */
#ifndef SUTURE_CLI_KERNEL_H
#define SUTURE_CLI_KERNEL_H

#include <jansson.h>

/* check, apply, revert: one line, then tasks and reasons. */
void kernel_render_target(const json_t *doc);
/* inspect: what a patch changes in the kernel. */
void kernel_render_patch(const json_t *kernel);
/* status: the kernel's patches. Number of lines. */
int kernel_render_status(const json_t *kernel);

#endif
