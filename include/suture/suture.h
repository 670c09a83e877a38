/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libsuture: live patching of running programs.
 *
 * Every operation takes an options struct and gives a result. A result has an outcome, a list of
 * reasons (what stands in the way, or what went wrong), and one JSON document with all that was found;
 * docs/json.md describes it, and `suture COMMAND --json` prints exactly it. The command line is a
 * user of this header and of nothing else.
 *
 * Options structs begin with `size`: set it to sizeof of the struct and everything else to zero that
 * you do not care for; later versions may add fields at the end. The library prints nothing, never
 * exits (except when memory runs out), and is not to be called from two threads at once for the same
 * target process, as Linux binds a tracer to one thread.
 */
#ifndef SUTURE_SUTURE_H
#define SUTURE_SUTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SUT_API __attribute__((visibility("default")))

/* The same in text, JSON and exit code. */
enum sut_outcome {
	SUT_OUTCOME_OK,		/* "ok": a question was answered (0) */
	SUT_OUTCOME_BUILT,	/* "built": a patch file was written (0) */
	SUT_OUTCOME_APPLIED,	/* "applied" (0) */
	SUT_OUTCOME_REVERTED,	/* "reverted" (0) */
	SUT_OUTCOME_ALREADY,	/* "already": nothing was left to do (0) */
	SUT_OUTCOME_NOT_NEEDED,	/* "not-needed": the fix changes no code here (0) */
	SUT_OUTCOME_CHANGES,	/* "changes": `suture diff` found some (1) */
	SUT_OUTCOME_USAGE,	/* "usage": the request makes no sense (2) */
	SUT_OUTCOME_BLOCKED,	/* "blocked": refused for safety, nothing changed (3) */
	SUT_OUTCOME_FAILED,	/* "failed": the environment or the input is at fault (4) */
	SUT_OUTCOME_PARTIAL,	/* "partial": done for some targets, not for others (5) */
};
SUT_API const char *sut_outcome_name(enum sut_outcome o);
SUT_API int sut_outcome_exit_code(enum sut_outcome o);

/* ---- results ---- */

struct sut_result;

SUT_API enum sut_outcome sut_result_outcome(const struct sut_result *r);
/* The whole result as JSON text. Valid until the result is freed. */
SUT_API const char *sut_result_json(struct sut_result *r);
SUT_API void sut_result_free(struct sut_result *r);

/* ---- the library as a whole ---- */

enum sut_log_level { SUT_LOG_WARN, SUT_LOG_INFO, SUT_LOG_DEBUG };
/*
 * Progress and warnings go to @fn (NULL: nowhere, the default), up to @max. @msg is one line and valid
 * during the call only.
 */
SUT_API void sut_set_log(void (*fn)(void *ctx, enum sut_log_level level, const char *msg), void *ctx,
			 enum sut_log_level max);
/*
 * A flag that long operations look at: non-zero (a signal handler may set it) makes them put back what
 * they began and return with SUT-E005. NULL: none.
 */
SUT_API void sut_set_cancel(const volatile int *flag);
SUT_API const char *sut_version(void);
/*
 * To be called first thing in main() by a program that calls sut_build(): the build runs the user's
 * make with this very executable as the compiler, which this call recognises. Returns true where that
 * is so; *@ret_status is then what main() has to return.
 */
SUT_API bool sut_wrapper_entry(int argc, char **argv, int *ret_status);

/* ---- from a diff to a patch ---- */

struct sut_build_opts {
	size_t size;
	const char *source;	/* source tree; with @make or @compdb */
	const char *make;	/* shell command that builds it */
	const char *compdb;	/* compile_commands.json instead of @make */
	const char *deb;	/* "NAME[:ARCH][=VERSION]" of a Debian package instead of all these */
	const char *const *objects; /* NULL-terminated: the very files that run */
	const char *const *patches; /* NULL-terminated: unified diffs, applied in this order */
	const char *out;	/* patch file to write; NULL: NAME.sut in the current folder */
	const char *name;	/* of the patch; NULL: made from @out or the first diff */
	const char *version, *description, *author; /* may be NULL */
	const char *const *cves; /* may be NULL: found in the names and texts of the diffs */
	const char *work;	/* cache folder; NULL: below $XDG_CACHE_HOME/suture */
	const char *why;	/* tell about this function only; no patch is written */
	int jobs;		/* compilers at once; 0: one per processor */
	const char *const *accept_layouts; /* types whose layout may change; may be NULL */
	/* A patch of the kernel: its source tree in place of all of the ways above. */
	const char *kernel;
	const char *vmlinuz, *config, *headers, *modules, *release; /* of the kernel that runs; NULL: looked for */
	const char *cross, *cc;	/* CROSS_COMPILE and the compiler; may be NULL */
	const char *key, *cert;	/* PEM private key and X.509 certificate that sign its module; NULL: none */
	bool replace;		/* it takes the place of all other patches of the kernel */
	/*
	 * A patch of a module that is not built in the kernel's tree: its source folder in place of @kernel. @make
	 * is then how make is called ("make FEATURE=1"; NULL: "make"), @objects are its .ko files (NULL: looked for).
	 */
	const char *module_source;
};
SUT_API struct sut_result *sut_build(const struct sut_build_opts *opts);

struct sut_diff_opts {
	size_t size;
	const char *orig, *patched; /* relocatable objects of one unit */
	bool all;		/* list unchanged functions and data too */
	bool pairs;		/* list which symbols were paired and why */
	const char *why;	/* tell about this function only, or NULL */
};
SUT_API struct sut_result *sut_diff(const struct sut_diff_opts *opts);

/* What a patch file holds. */
SUT_API struct sut_result *sut_inspect(const char *path);

/* ---- running processes ---- */

struct sut_target_opts {
	size_t size;
	const pid_t *pids;	/* 0-terminated, or NULL */
	bool all;		/* every process that maps an object of the patch */
	unsigned int timeout_ms; /* how long to wait for threads to be clear; 0: 5000 */
	unsigned int max_pause_ms; /* longest acceptable stop; 0: 100 */
	unsigned int sample_ms;	/* check: how long to watch; 0: 1000 */
};
/* Forecast: changes nothing. */
SUT_API struct sut_result *sut_check(const char *path, const struct sut_target_opts *opts);
SUT_API struct sut_result *sut_apply(const char *path, const struct sut_target_opts *opts);
/* @name: of the patch, or the path of its file. */
SUT_API struct sut_result *sut_revert(const char *name, const struct sut_target_opts *opts);
/* Applied patches of the given processes, or of all where @opts has no pids. */
SUT_API struct sut_result *sut_status(const struct sut_target_opts *opts);
/* Stacks of all threads of a process. */
SUT_API struct sut_result *sut_stack(pid_t pid);

/* ---- help ---- */

/* What this machine can do, and what is missing. */
SUT_API struct sut_result *sut_doctor(void);
/* A code's page; NULL lists all codes. */
SUT_API struct sut_result *sut_explain(const char *code);

#ifdef __cplusplus
}
#endif
#endif
