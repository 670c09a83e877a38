/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel source tree, prepared in the cache for compiling single units with kbuild. The user's own folder is
 * read and never written to.
 */
#ifndef SUTURE_KERNEL_TREE_H
#define SUTURE_KERNEL_TREE_H

#include "build/source.h"

struct ktree_opts {
	const char *source;	/* the user's tree */
	const char *config;	/* the kernel's .config */
	const char *work;	/* cache folder */
	uint16_t machine;
	const char *cross, *cc;	/* may be NULL */
	int jobs;
	const volatile int *cancel;
};

struct ktree {
	char *source;		/* absolute */
	char *dir;		/* in the cache: holds all of the following */
	char *out;		/* O= folder, prepared */
	char *arch;		/* kbuild's ARCH */
	char *version;		/* "6.1.176", of the source's Makefile */
	struct strvec make;	/* words of the command line that every make needs */
	struct strvec config;	/* "CONFIG_X=y" as prepared */
	bool reused;
	int lock;		/* file descriptor of the folder's lock; -1: none */
};

struct kunit {			/* a unit that was compiled in both versions */
	char *source;		/* relative to the tree */
	char *module;		/* name of the module that it is part of; NULL: vmlinux */
	char *modfile;		/* path of that module relative to the tree, without .ko; else NULL */
	char *orig, *patched;	/* objects */
	char *proof;		/* object of the original as the kernel has it; NULL: @orig is */
};

struct kunits {
	struct kunit *v;
	size_t n, cap;
	struct strvec not_compiled; /* touched files that are part of no configured unit */
	char *patched_tree;
};

/* Prepares, or finds it prepared. NULL with all reasons. */
struct ktree *ktree_open(const struct ktree_opts *o, struct sut_err *err);
/* Compiles what @ps affects. -1 with all reasons that were found. */
int ktree_compile(struct ktree *t, const struct patch_set *ps, struct kunits *ret, struct sut_err *err);
void kunits_free(struct kunits *u);
void ktree_free(struct ktree *t);
/* The value of "CONFIG_@name", or NULL. */
const char *ktree_config(const struct ktree *t, const char *name);

#endif
