// SPDX-License-Identifier: GPL-2.0-or-later
/* For a module that does not fit: what victim has no function of this name for. */
#include "patch.h"
#include "victim.h"

static int nothing(void)
{
	return 0;
}

static struct suture_func funcs[] = { FUNC(victim_that_is_not_there, nothing), {} };
static struct suture_object objs[] = { { .name = "victim", .funcs = funcs }, {} };
PATCH_MODULE(objs);
