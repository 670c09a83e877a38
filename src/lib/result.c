// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/result.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	int exit_code;
} outcomes[] = {
	[SUT_OUTCOME_OK] = {"ok", 0},
	[SUT_OUTCOME_BUILT] = {"built", 0},
	[SUT_OUTCOME_APPLIED] = {"applied", 0},
	[SUT_OUTCOME_REVERTED] = {"reverted", 0},
	[SUT_OUTCOME_ALREADY] = {"already", 0},
	[SUT_OUTCOME_NOT_NEEDED] = {"not-needed", 0},
	[SUT_OUTCOME_CHANGES] = {"changes", 1},
	[SUT_OUTCOME_USAGE] = {"usage", 2},
	[SUT_OUTCOME_BLOCKED] = {"blocked", 3},
	[SUT_OUTCOME_FAILED] = {"failed", 4},
	[SUT_OUTCOME_PARTIAL] = {"partial", 5},
};

const char *sut_outcome_name(enum sut_outcome o)
{
	return outcomes[o].name;
}

int sut_outcome_exit_code(enum sut_outcome o)
{
	return outcomes[o].exit_code;
}

const char *sut_version(void)
{
	return SUTURE_VERSION;
}

json_t *text_json(const char *s)
{
	json_t *j;
	char *copy;

	if (!s)
		return json_null();
	j = json_string(s);
	if (j)
		return j;
	/* Not UTF-8: names from files and processes are bytes. */
	copy = xstrdup(s);
	for (char *p = copy; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	j = json_string(copy);
	free(copy);
	return j;
}

json_t *strvec_json(const struct strvec *sv)
{
	json_t *a = json_array();

	for (size_t i = 0; i < sv->n; i++)
		json_array_append_new(a, text_json(sv->v[i]));
	return a;
}

json_t *hex_json(uint64_t v)
{
	return json_sprintf("0x%llx", (unsigned long long)v);
}

json_t *reasons_json(const struct sut_err *err)
{
	static const char *const classes[] = {
		[SUT_CLASS_REFUSAL] = "refusal",
		[SUT_CLASS_ENVIRONMENT] = "environment",
		[SUT_CLASS_USAGE] = "usage",
		[SUT_CLASS_BUG] = "bug",
	};
	json_t *a = json_array();

	for (size_t i = 0; i < err->n; i++) {
		const struct sut_reason *r = &err->v[i];
		const struct sut_code_info *ci = sut_code_info(r->code);
		json_t *o = json_object();

		json_object_set_new(o, "code", text_json(ci->text));
		json_object_set_new(o, "class", text_json(classes[ci->class]));
		json_object_set_new(o, "title", text_json(ci->title));
		json_object_set_new(o, "subject", text_json(r->subject));
		json_object_set_new(o, "cause", text_json(r->cause));
		json_object_set_new(o, "where", text_json(r->where));
		json_object_set_new(o, "remedy", text_json(r->remedy));
		json_object_set_new(o, "chain", strvec_json(&r->chain));
		json_array_append_new(a, o);
	}
	return a;
}

struct sut_result *result_new(const char *command)
{
	struct sut_result *r = xcalloc(1, sizeof(*r));

	r->doc = json_object();
	json_object_set_new(r->doc, "suture", json_pack("{s:s, s:i}", "version", SUTURE_VERSION,
							"schema", 1));
	json_object_set_new(r->doc, "command", text_json(command));
	return r;
}

enum sut_outcome outcome_of(const struct sut_err *err)
{
	switch (sut_err_class(err)) {
	case SUT_CLASS_REFUSAL:
		return SUT_OUTCOME_BLOCKED;
	case SUT_CLASS_USAGE:
		return SUT_OUTCOME_USAGE;
	default:
		return SUT_OUTCOME_FAILED;
	}
}

struct sut_result *result_done(struct sut_result *r, enum sut_outcome outcome, struct sut_err *err)
{
	if (err->n && outcome != SUT_OUTCOME_PARTIAL)
		outcome = outcome_of(err);
	r->outcome = outcome;
	json_object_set_new(r->doc, "outcome", text_json(sut_outcome_name(outcome)));
	json_object_set_new(r->doc, "exit_code", json_integer(sut_outcome_exit_code(outcome)));
	json_object_set_new(r->doc, "reasons", reasons_json(err));
	sut_err_free(err);
	return r;
}

enum sut_outcome sut_result_outcome(const struct sut_result *r)
{
	return r->outcome;
}

const char *sut_result_json(struct sut_result *r)
{
	if (!r->text)
		r->text = json_dumps(r->doc, JSON_INDENT(2) | JSON_SORT_KEYS);
	return r->text;
}

void sut_result_free(struct sut_result *r)
{
	if (!r)
		return;
	json_decref(r->doc);
	free(r->text);
	free(r);
}
