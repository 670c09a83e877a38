/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What went wrong, for a person and for a script.
 *
 * One `struct sut_err` is passed down by whoever starts an operation. It collects *reasons*: a
 * build finds all that stands in the way before it gives up, so there may be many. Each reason has
 * a stable code (codes-*.def), a subject, a cause, the chain that led there, and a way out.
 *
 * Convention: a function that can fail takes `struct sut_err *err` last and returns 0 or -1; with
 * -1 at least one reason was added. Message grammar: lower case, no full stop, subjects in single
 * quotes. A thread that vanished (ESRCH) is normal life and never a reason.
 */
#ifndef SUTURE_BASE_ERR_H
#define SUTURE_BASE_ERR_H

#include "base/util.h"

enum sut_class {
	SUT_CLASS_REFUSAL,	/* blocked for safety, nothing changed: a result (exit 3) */
	SUT_CLASS_ENVIRONMENT,	/* the machine or the input is at fault (exit 4) */
	SUT_CLASS_USAGE,	/* the command line is at fault (exit 2) */
	SUT_CLASS_BUG,		/* we are at fault (exit 4) */
};

enum sut_code {
#define SUT_CODE(id, text, class, title, page) SUT_##id,
#include "base/codes.def"
#undef SUT_CODE
	SUT_CODE_COUNT
};

struct sut_code_info {
	const char *text;	/* "SUT-B014" */
	enum sut_class class;
	const char *title;	/* one line */
	const char *page;	/* what it means and what to do: paragraphs for `suture explain` */
};
const struct sut_code_info *sut_code_info(enum sut_code code);
/* Finds a code by its text, with or without "SUT-", in any case. -1 when there is none. */
int sut_code_find(const char *text);

struct sut_reason {
	enum sut_code code;
	char *subject;		/* what it is about: 'foo', 'src/a.c:12', 'pid 4711' */
	char *cause;		/* what was found */
	char *where;		/* file:line in the user's own source, or NULL */
	char *remedy;		/* a way out that fits this case, or NULL: the page's */
	struct strvec chain;	/* how we got there, outermost first */
};

struct sut_err {
	struct sut_reason *v;
	size_t n, cap;
};

/* Adds a reason. Always returns -1, so that `return sut_fail(...)` reads well. */
int sut_fail(struct sut_err *err, enum sut_code code, const char *subject, const char *fmt, ...)
	PRINTF(4, 5);
/* These refine the reason that was added last. All copy. They return -1 too. */
int sut_fail_where(struct sut_err *err, const char *file, int line);
int sut_fail_remedy(struct sut_err *err, const char *fmt, ...) PRINTF(2, 3);
int sut_fail_chain(struct sut_err *err, const char *fmt, ...) PRINTF(2, 3);
/* True where some reason has this code. */
bool sut_err_has(const struct sut_err *err, enum sut_code code);
/* The gravest class of all reasons: BUG, then ENVIRONMENT, USAGE, REFUSAL. */
enum sut_class sut_err_class(const struct sut_err *err);
/* Moves all reasons of @src to the end of @dst. */
void sut_err_move(struct sut_err *dst, struct sut_err *src);
/* The same without those that @dst has already: what several units of one header all say. */
void sut_err_move_new(struct sut_err *dst, struct sut_err *src);
void sut_err_free(struct sut_err *err);

#endif
