/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A result under construction: an outcome, reasons, and the JSON document that has both. */
#ifndef SUTURE_LIB_RESULT_H
#define SUTURE_LIB_RESULT_H

#include "base/err.h"
#include "suture/suture.h"
#include <jansson.h>

struct sut_result {
	enum sut_outcome outcome;
	json_t *doc;		/* object */
	char *text;		/* made of @doc on demand */
};

struct sut_result *result_new(const char *command);
/*
 * Sets the outcome and takes the reasons of @err over (which becomes empty). With reasons and an
 * outcome of success the reasons decide: blocked, usage or failed by their gravest class.
 */
struct sut_result *result_done(struct sut_result *r, enum sut_outcome outcome, struct sut_err *err);
/* The outcome that reasons stand for. */
enum sut_outcome outcome_of(const struct sut_err *err);
/* Reasons as a fresh JSON array. */
json_t *reasons_json(const struct sut_err *err);
/* A string that may hold anything: bytes that are not UTF-8 are replaced. NULL gives null. */
json_t *text_json(const char *s);
json_t *strvec_json(const struct strvec *sv);
json_t *hex_json(uint64_t v);	/* addresses are strings: "0x55d0c0de1234" */

/* True where an options struct of the caller's version has @field. */
#define OPT_HAS(opts, field) \
	((opts)->size >= offsetof(__typeof__(*(opts)), field) + sizeof((opts)->field))

#endif
