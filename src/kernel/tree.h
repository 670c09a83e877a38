/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel source tree, prepared in the cache for compiling single units with kbuild. The user's own folder is
 * read and never written to.
 */
#ifndef SUTURE_KERNEL_TREE_H
#define SUTURE_KERNEL_TREE_H

#include "build/source.h"
#include "target/target.h"

struct ktree_opts {
	const char *source;	/* the user's tree, of the kernel or, where there are @headers, of a module */
	const char *headers;	/* folder that the module is built against */
	const char *make;	/* shell words that call make for it; NULL: "make" */
	const char *config;	/* the kernel's .config */
	const char *release;	/* what the kernel calls itself; NULL: the source tells */
	const char *work;	/* cache folder; NULL: the usual one */
	uint16_t machine;
	const char *cross, *cc;	/* may be NULL */
	int jobs;
	const volatile int *cancel;
};

struct ktree {
	char *source;		/* the user's, absolute */
	char *dir;		/* in the cache: holds all of the following */
	char *src;		/* a copy of the source, of hard links where possible */
	char *out;		/* O= folder, prepared; of a module: @src */
	char *proof_out;	/* another, for what is proved where that is compiled otherwise; NULL: @out */
	char *keys_out;		/* another, where code reads keys and the like (keys.h); made when it is needed */
	char *arch;		/* kbuild's ARCH */
	char *version;		/* "6.1.176", of the source's Makefile; of a module: @release */
	char *cross, *cc, *release; /* as given to make; may be NULL */
	char *own_cc;		/* for what need not be what somebody else compiled; may be NULL */
	const struct target *target;
	const char *const *flags; /* for what is compared and carried, NULL-terminated */
	struct strvec flag_words; /* owns them */
	struct strvec config;	/* "CONFIG_X=y" as prepared */
	struct strvec units;	/* "fs/proc/cmdline.o" of all that the configuration makes, sorted */
	struct strvec goals;	/* "arch/x86/kvm/../../../virt/kvm/vfio.o": as make has those of them that it reaches so */
	char *headers, *make;	/* as in ktree_opts; @headers NULL: this is the kernel's own tree */
	char *sub;		/* of a module: folder of @src that has its makefile, "" or with / at the end */
	char *built_at;		/* of a module: where @sub was when it was built, with / at the end; NULL: it does not say */
	struct strvec modules;	/* of a module: names of all that its folder makes */
	bool reused;
	int jobs;
	const volatile int *cancel;
	int lock;		/* file descriptor of the folder's lock; -1: none */
};

/*
 * Words for make. Where objtool waits for the whole kernel (with IBT), no unit would have its tables. With --ibt it would
 * say which functions nobody jumps to, which one unit alone cannot tell; that they keep their landing pads does no harm.
 */
#define KTREE_NO_DELAY "delay-objtool="
#define KTREE_OBJTOOL "objtool-args=$(filter-out --ibt,$(objtool-args-y))$(if $(part-of-module), --module)"

/* "6.1.176" by the Makefile of @dir: fresh, or NULL with K_SOURCE. */
char *ktree_version(const char *dir, struct sut_err *err);
/* Prepares, or finds it prepared. NULL with all reasons. One process at a time has a tree open. */
struct ktree *ktree_open(const struct ktree_opts *o, struct sut_err *err);
void ktree_free(struct ktree *t);
/* The value of "CONFIG_@name", or NULL where it is not set. */
const char *ktree_config(const struct ktree *t, const char *name);
struct ktree_watch {		/* somebody who wants to know what make is about */
	void (*on_output)(void *ctx, const char *text, size_t n);
	void *ctx;
};
/*
 * make in the tree with folder @out, words @flags for KCFLAGS, and @more words (NULL-terminated, may be NULL).
 * Its exit status; what it said in @ret_output (may be NULL). With @watch (may be NULL) it says what it does,
 * in kbuild's short form ("  CC      fs/open.o"), when that begins.
 */
int ktree_make(const struct ktree *t, const char *out, const char *const *flags, char *const *more,
	       const struct ktree_watch *watch, char **ret_output);
/* The compiler for what is made in @out; NULL: gcc by t->cross. */
const char *ktree_cc(const struct ktree *t, const char *out);
/* Refuses with the last lines of what make said. */
int ktree_prepare_failed(const struct ktree *t, const char *said, struct sut_err *err);
/* treelist.c: fills t->units and the file that has them. ktree_list_mk is what make walks by. */
extern const char ktree_list_mk[];
int ktree_list_units(struct ktree *t, struct sut_err *err);
/*
 * Of a module: the lists of symbols that are named by KBUILD_EXTRA_SYMBOLS, in the environment, in the words that call
 * make, or in the makefile, as the user would find them. make is asked each time: files may come and go.
 */
int ktree_extra_symbols(const struct ktree *t, struct strvec *ret, struct sut_err *err);
/* Is @path (relative, "fs/proc/cmdline.c") compiled into the kernel or a module of it? */
bool ktree_has_unit(const struct ktree *t, const char *path);
/* What make is asked for to have its object. Fresh. */
char *ktree_goal(const struct ktree *t, const char *path);
/* Names @t->units as patches do, once they were listed. */
void ktree_settle_units(struct ktree *t);

#endif
