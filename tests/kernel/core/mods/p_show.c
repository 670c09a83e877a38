// SPDX-License-Identifier: GPL-2.0-or-later
/* A function of a module that the kernel calls by a pointer. */
#include <linux/seq_file.h>

#include "patch.h"

static int new_show(struct seq_file *m, void *v)
{
	seq_puts(m, "new show\n");
	return 0;
}

static struct suture_func funcs[] = { FUNC(show_secret, new_show), {} };
static struct suture_object objs[] = { { .name = "victim", .funcs = funcs }, {} };
PATCH_MODULE(objs);
