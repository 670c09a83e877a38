// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/result.h"

static json_t *code_json(const struct sut_code_info *ci)
{
	static const char *const classes[] = {
		[SUT_CLASS_REFUSAL] = "refusal",
		[SUT_CLASS_ENVIRONMENT] = "environment",
		[SUT_CLASS_USAGE] = "usage",
		[SUT_CLASS_BUG] = "bug",
	};

	return json_pack("{s:s, s:s, s:s, s:s}", "code", ci->text, "class", classes[ci->class],
			 "title", ci->title, "page", ci->page);
}

struct sut_result *sut_explain(const char *code)
{
	struct sut_result *r = result_new("explain");
	struct sut_err err = {0};
	json_t *codes = json_array();
	int found = code ? sut_code_find(code) : -1;

	if (found >= 0)
		json_array_append_new(codes, code_json(sut_code_info((enum sut_code)found)));
	else if (code)
		sut_fail(&err, SUT_U_USAGE, code, "is not a code of this version");
	else
		for (int i = 0; i < SUT_CODE_COUNT; i++)
			json_array_append_new(codes, code_json(sut_code_info((enum sut_code)i)));
	json_object_set_new(r->doc, "codes", codes);
	return result_done(r, SUT_OUTCOME_OK, &err);
}
