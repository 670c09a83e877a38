/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a compiler's suffixes on a symbol's name mean. */
#ifndef SUTURE_BUILD_DIFF_NAMES_H
#define SUTURE_BUILD_DIFF_NAMES_H

#include "base/util.h"

enum clone_kind {
	CLONE_NONE,
	CLONE_ABI,	/* the same function with other parameters: .isra .constprop */
	CLONE_PIECE,	/* outlined from its parent, called by it: .part */
	CLONE_COLD,	/* belongs to its parent's body: .cold */
	CLONE_RENAMED,	/* the same function or datum under a unique name: .llvm .lto_priv */
};

/*
 * @name without the numbers that compilers count up ("foo.constprop.1" -> "foo.constprop",
 * "calls.3" -> "calls", "foo.llvm.123" -> "foo"). Fresh string. @ret_numbered says whether there
 * was one: then the number must not be trusted.
 */
char *name_key(const char *name, bool *ret_numbered);
/* The kind of the last suffix of @name that the table knows. */
enum clone_kind name_clone(const char *name);
/* The function that a clone was made from, all of its suffixes removed. Fresh string. */
char *name_source(const char *name);
/* Length of the parent's name where @name is a cold part, else 0. */
size_t name_cold_parent(const char *name);

#endif
