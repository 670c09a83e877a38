/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A compiler's command line, understood: what it compiles, with which flags, to which object.
 */
#ifndef SUTURE_BUILD_COMMAND_H
#define SUTURE_BUILD_COMMAND_H

#include "base/err.h"

enum unit_lang { LANG_NONE, LANG_C, LANG_CXX, LANG_ASM, LANG_ASM_CPP, LANG_OTHER };

/* One source file compiled with one set of flags. */
struct unit {
	char *cwd;		/* absolute */
	char *compiler;		/* the real compiler: an absolute path where it was found on PATH */
	struct strvec args;	/* flags: without inputs, outputs, dependency and linker options */
	struct strvec env;	/* "NAME=value" of the environment that compilers look at */
	char *source;		/* as written in the command: __FILE__ is made of it */
	char *source_path;	/* absolute and normalised */
	char *output;		/* the object of the build, absolute; NULL: a temporary one */
	enum unit_lang lang;
	bool is_asm;		/* .s, .S: is never patched */
	bool is_lto;		/* -flto: its object holds no final code */
	bool deps_known;
	struct strvec deps;	/* absolute, normalised; the source itself included */
	char *id; /* hex digest of all that was compiled with which flags: a file name */
};
struct unit_vec {
	struct unit *v;
	size_t n, cap;
};

/* A whole command: a compiler call can compile several sources and link at once. */
struct command {
	char *cwd;
	char *compiler;		/* argv[0] */
	struct strvec flags;	/* for compiling: goes into unit.args */
	struct strvec sources;	/* as written */
	struct strvec inputs;	/* objects, archives and -l words, for links */
	char *icf;		/* --icf=: functions of equal code become one, "all", "safe"; NULL: they do not */
	enum unit_lang *langs;	/* one for each source */
	char *output;		/* -o, as written, or NULL */
	char *dep_file; /* the file which the command itself writes dependencies to, or NULL */
	bool compiles;		/* makes object code of at least one source */
	bool links;
	bool writes_deps;	/* has -MD, -MMD or -Wp,-MD */
	bool deps_partial;	/* has -MMD: headers behind -isystem or a system_header pragma are left out */
	bool is_lto;
};

/*
 * Parses @argv (NULL-terminated, argv[0] the compiler) as gcc and clang do. Response files (@file)
 * are read relative to @cwd. Commands that make no object (-E, -S, -M, -fsyntax-only, --version)
 * have neither compiles nor links set. Free @ret with command_free.
 */
void command_parse(const char *cwd, char *const *argv, struct command *ret);
void command_free(struct command *c);
/* @argv with the words of response files (@file, relative to @cwd) in their place. */
void command_expand(const char *cwd, char *const *argv, struct strvec *ret);
/* Splits @s into words as a POSIX shell does, without expansions. */
void command_split(const char *s, struct strvec *ret);
/* True for names such as gcc, x86_64-linux-gnu-gcc-12, clang++-14, c99; false for gcc-ar. */
bool command_is_compiler_name(const char *name);
bool command_is_clang(const char *compiler);

/*
 * Appends one unit for each source of @c. @compiler is the real one, @env (may be NULL) is copied.
 */
void command_units(const struct command *c, const char *compiler, const struct strvec *env,
		   struct unit_vec *ret);
/* Computes unit.id again; needed after a change of flags, source or folder. */
void unit_set_id(struct unit *u);
void unit_free(struct unit *u);
void unit_vec_free(struct unit_vec *uv);

/*
 * Reads a make rule ("a.o: b.c c.h \\\n d.h") as compilers write them into @ret: absolute paths,
 * relative ones taken from @cwd. Phony targets (-MP) are left out.
 */
void command_parse_deps(const char *text, const char *cwd, struct strvec *ret);
/* @path made absolute from @cwd, "." and ".." and double slashes resolved by text alone. */
char *path_normal(const char *cwd, const char *path);
/* True where @path is @dir or lies below it (text alone). */
bool path_is_below(const char *path, const char *dir);

/*
 * Reads compile_commands.json: "command" (shell quoting) or "arguments". Appends units.
 * -1 with B_COMPDB or E_IO.
 */
int compdb_read(const char *path, struct unit_vec *ret, struct sut_err *err);

#endif
