/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture: how each unit of a program is compiled.
 *
 * A capture owns a work folder: src/ (a copy of the user's tree, built), records/, bin/ (the
 * wrappers), build.log, and orig/, new/, patched/ of compile.h. One process at a time uses it.
 */
#ifndef SUTURE_BUILD_CAPTURE_H
#define SUTURE_BUILD_CAPTURE_H

#include "build/command.h"
#include "build/source.h"

struct capture_opts {
	const char *source;	/* the user's source tree */
	const char *make;	/* shell command that builds it, run in the copy */
	const char *work;	/* work folder; NULL: one below the cache folder, per tree */
	const char *exe;	/* this program, for the wrappers; NULL: /proc/self/exe */
	const struct patch_set *patches; /* may be NULL: no file is touched */
	const char *compdb;	/* compile_commands.json, for capture_from_json */
	const volatile int *cancel; /* not zero: end the build and give up; may be NULL */
	char *const *env;	/* more "NAME=value" for the build; NULL-terminated, may be NULL */
};

/* A program or library that the build linked. */
struct link {
	char *output;		/* absolute */
	struct strvec inputs;	/* absolute paths of objects and archives; -l words as they are */
	char *icf;		/* see struct command */
};

struct capture {
	char *origin;		/* absolute path of the user's tree */
	char *work;
	char *src;		/* WORK/src: the copy that was built; paths in units point here */
	char *stamp;		/* digest of the tree and the command */
	struct unit_vec units; /* in the order of their commands; the last one for an object wins */
	struct link *links;
	size_t n_links, cap_links;
	bool complete;		/* the build started from nothing: every unit was seen */
	bool reused;		/* the build was not run: all came from the work folder */
	bool from_json;
	int lock_fd;
	struct elf_obj **objs;	/* lazily opened objects of the build, one for each unit */
};

/* The cache folder ($XDG_CACHE_HOME/suture or ~/.cache/suture). Caller frees. */
char *capture_cache_dir(void);

/*
 * Copies the tree, runs the build under the wrappers and loads the commands. Where the work folder
 * has all that already, no build runs. -1 with B_MAKE, B_NO_COMMANDS, B_RECORD, B_BUSY, E_IO.
 */
int capture_run(const struct capture_opts *opts, struct capture *ret, struct sut_err *err);
/*
 * The same from a compile_commands.json of a tree that was built already; runs no build. Found are
 * also the includes, by the compiler itself, where the patches touch a header.
 */
int capture_from_json(const struct capture_opts *opts, struct capture *ret, struct sut_err *err);
void capture_free(struct capture *c);

/* Makes deps_known true for all C and C++ units, by asking the compiler. */
int capture_find_deps(struct capture *c, struct sut_err *err);
/* Files that @ps touches, as absolute paths in c->src. */
char *capture_touched_path(const struct capture *c, const struct touched_file *f);
/* True where unit @u is made of @path (absolute, in c->src). */
bool unit_depends_on(const struct unit *u, const char *path);

/*
 * The unit that defines global symbol @name, by the symbol tables of the objects that the build
 * made; where an object is gone, by compiling units whose source has the name. NULL: none.
 */
const struct unit *unit_find_defining(struct capture *c, const char *name);

#endif
