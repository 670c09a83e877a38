// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/diffjson.h"
#include "lib/result.h"

#include <string.h>

void diffjson_funcs(json_t *a, const struct diff_unit *u, const char *unit, const char *only, bool all)
{
	for (size_t i = 0; i < u->n_funcs; i++) {
		const struct diff_func *f = &u->funcs[i];
		json_t *o;

		if (only ? strcmp(f->name, only) != 0 : !all && f->status == DIFF_UNCHANGED)
			continue;
		o = json_object();
		json_object_set_new(o, "name", text_json(f->name));
		json_object_set_new(o, "status", text_json(diff_status_text(f->status)));
		json_object_set_new(o, "why", text_json(diff_why_text(f->why)));
		json_object_set_new(o, "chain", strvec_json(&f->why_chain));
		json_object_set_new(o, "file", text_json(f->file));
		json_object_set_new(o, "line", json_integer(f->line));
		json_object_set_new(o, "unit", text_json(unit));
		json_array_append_new(a, o);
	}
}

void diffjson_data(json_t *a, const struct diff_unit *u, const char *unit, bool all)
{
	for (size_t i = 0; i < u->n_data; i++) {
		const struct diff_data *d = &u->data[i];
		json_t *o;

		if (!all && d->status == DIFF_UNCHANGED)
			continue;
		o = json_object();
		json_object_set_new(o, "name", text_json(d->name));
		json_object_set_new(o, "status", text_json(diff_status_text(d->status)));
		json_object_set_new(o, "kind", text_json(diff_data_kind_text(d->kind)));
		json_object_set_new(o, "file", text_json(d->file));
		json_object_set_new(o, "line", json_integer(d->line));
		json_object_set_new(o, "unit", text_json(unit));
		json_array_append_new(a, o);
	}
}

json_t *diffjson_pairs(const struct diff_unit *u)
{
	json_t *a = json_array();

	for (uint32_t i = 1; i < u->new->n_syms; i++) {
		json_t *o;

		if (!u->to_orig[i])
			continue;
		o = json_object();
		json_object_set_new(o, "orig", text_json(u->orig->syms[u->to_orig[i]].name));
		json_object_set_new(o, "patched", text_json(u->new->syms[i].name));
		json_object_set_new(o, "evidence", text_json(pair_how_text(u->pair_how[i])));
		json_array_append_new(a, o);
	}
	return a;
}

struct sut_result *sut_diff(const struct sut_diff_opts *o)
{
	struct sut_result *r = result_new("diff");
	json_t *funcs = json_array(), *data = json_array();
	enum sut_outcome outcome = SUT_OUTCOME_OK;
	struct sut_err err = {0};
	struct elf_obj *orig = target_obj_open(o->orig, &err), *new = target_obj_open(o->patched, &err);
	struct diff_unit *u = NULL;

	if (orig && new)
		u = diff_unit_compare(orig, new, NULL, &err);
	if (u) {
		diffjson_funcs(funcs, u, NULL, o->why, o->all);
		diffjson_data(data, u, NULL, o->all);
		if (o->pairs)
			json_object_set_new(r->doc, "pairs", diffjson_pairs(u));
		if (u->changed)
			outcome = SUT_OUTCOME_CHANGES;
		if (o->why && !json_array_size(funcs))
			sut_fail(&err, SUT_U_USAGE, o->why, "neither object has a function of this name");
		diff_unit_free(u);
	}
	json_object_set_new(r->doc, "functions", funcs);
	json_object_set_new(r->doc, "data", data);
	elf_obj_free(orig);
	elf_obj_free(new);
	return result_done(r, outcome, &err);
}
