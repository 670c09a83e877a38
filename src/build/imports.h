/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The libraries that an object is linked with, as files of the build machine: does one of them define
 * what the patched code newly imports, and in which version?
 */
#ifndef SUTURE_BUILD_IMPORTS_H
#define SUTURE_BUILD_IMPORTS_H

#include "build/prove.h"

struct imports {
	struct import_lib {
		struct elf_obj *o;
		struct object_dyn *dyn;
	} *libs;
	size_t n, cap;
	bool incomplete;	/* some library was not found: a missing symbol proves nothing */
	bool loaded;
};

/*
 * Loads what @po needs, directly and indirectly. @peers are other objects of the same patch, which
 * stand for libraries of their soname. Never fails: see incomplete.
 */
void imports_load(struct imports *im, const struct prove_object *po, struct prove_object *const *peers,
		  size_t n_peers);
void imports_free(struct imports *im);
/*
 * 1: some library defines @name, and *@ret_version is its default version (borrowed; NULL: none);
 * 0: none does; -1: none of those that were found does.
 */
int imports_find(const struct imports *im, const char *name, const char **ret_version);

#endif
