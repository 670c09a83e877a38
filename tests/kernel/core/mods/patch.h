/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every test patch has in common: PATCH_MODULE(objects, options) is its init and exit. */
#ifndef TEST_PATCH_H
#define TEST_PATCH_H

#include <linux/utsname.h>

#include "suture_core.h"

#define FUNC(old, new) { .old_name = #old, .new_func = new }

#define PATCH_MODULE(objects, ...)						\
static struct suture_patch patch = { .mod = THIS_MODULE, .objs = objects, __VA_ARGS__ }; \
static int __init patch_init(void)						\
{										\
	if (!patch.release)							\
		patch.release = init_utsname()->release;			\
	if (!patch.version)							\
		patch.version = init_utsname()->version;			\
	return suture_enable_patch(&patch);					\
}										\
static void __exit patch_exit(void)						\
{										\
}										\
module_init(patch_init);							\
module_exit(patch_exit);							\
MODULE_LICENSE("GPL");								\
MODULE_DESCRIPTION("A test patch")

#endif
