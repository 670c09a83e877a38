// SPDX-License-Identifier: GPL-2.0-or-later
/* A static function of the kernel. */
#include <linux/seq_file.h>

#include "patch.h"

static int new_cmdline(struct seq_file *m, void *v)
{
	seq_puts(m, "this has been live patched\n");
	return 0;
}

static struct suture_func funcs[] = { FUNC(cmdline_proc_show, new_cmdline), {} };
static struct suture_object objs[] = { { .funcs = funcs }, {} };
PATCH_MODULE(objs);
