// SPDX-License-Identifier: GPL-2.0-or-later
/* A function that its caller jumps to. */
#include <linux/seq_file.h>

#include "patch.h"

static int new_tail(struct seq_file *m)
{
	seq_puts(m, "new tail\n");
	return 0;
}

static struct suture_func funcs[] = { FUNC(victim_tail, new_tail), {} };
static struct suture_object objs[] = { { .name = "victim", .funcs = funcs }, {} };
PATCH_MODULE(objs);
