// SPDX-License-Identifier: GPL-2.0-or-later
/* sut_build(): options in, a patch file and a report out. */
#include "build/build.h"
#include "build/wrapper.h"
#include "lib/cancel.h"
#include "lib/diffjson.h"
#include "lib/kernel.h"
#include "lib/result.h"

#include <stdlib.h>
#include <string.h>

bool sut_wrapper_entry(int argc, char **argv, int *ret_status)
{
	if (argc < 1 || !wrapper_is_wanted(argv[0]))
		return false;
	*ret_status = wrapper_main(argc, argv);
	return true;
}

/* Other flavours of a source, and what is in none of the objects, would say everything twice. */
static bool is_told(const struct build_unit *u)
{
	return u->diff && u->place != UNIT_VARIANT && u->place != UNIT_ELSEWHERE;
}

/* Functions that the fix touches, or the one that was asked for whatever it is. */
static json_t *funcs_json(const struct build *b, const char *only)
{
	json_t *a = json_array();

	for (size_t i = 0; i < b->n_units; i++)
		if (is_told(&b->units[i]))
			diffjson_funcs(a, b->units[i].diff, b->units[i].source, only, false);
	return a;
}

static json_t *data_json(const struct build *b)
{
	json_t *a = json_array();

	for (size_t i = 0; i < b->n_units; i++)
		if (is_told(&b->units[i]))
			diffjson_data(a, b->units[i].diff, b->units[i].source, false);
	return a;
}

static json_t *objects_json(const struct build *b)
{
	json_t *a = json_array();

	for (size_t k = 0; b->patch && k < b->patch->n_objects; k++) {
		const struct patch_object *po = &b->patch->objects[k];
		char *id = hex_encode(po->build_id, po->build_id_size);

		json_array_append_new(a, json_pack("{s:o, s:s, s:i}", "name", text_json(po->name),
						   "build_id", id, "functions", (int)po->n_funcs));
		free(id);
	}
	return a;
}

static json_t *units_json(const struct build *b)
{
	json_t *a = json_array();

	for (size_t i = 0; i < b->n_units; i++)
		json_array_append_new(a, json_pack("{s:o, s:b}", "source",
						   text_json(b->units[i].source), "changed",
						   b->units[i].diff && b->units[i].diff->changed));
	return a;
}

static json_t *times_json(const struct build *b)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "capture_ms", (json_int_t)(b->capture_ns / 1000000),
			 "compile_ms", (json_int_t)(b->compile_ns / 1000000), "compare_ms",
			 (json_int_t)(b->compare_ns / 1000000), "prove_ms",
			 (json_int_t)(b->prove_ns / 1000000), "link_ms",
			 (json_int_t)(b->link_ns / 1000000));
}

static int check_opts(const struct sut_build_opts *o, struct sut_err *err)
{
	bool kernel = build_kernel(o), module = build_module_source(o);
	int ways = !!o->deb + (o->source && o->make) + !!o->compdb + kernel + module;

	if (!o->patches || !o->patches[0])
		return sut_fail(err, SUT_U_USAGE, "build", "name at least one diff");
	if (ways != 1 || ((o->deb || kernel) && (o->source || o->make)) || (module && o->source))
		return sut_fail(err, SUT_U_USAGE, "build",
				"say how the program is built: --source with --make, or "
				"--compdb, or --deb, or --kernel, or --module-source");
	if (o->name && !patch_name_ok(o->name))
		return sut_fail(err, SUT_U_USAGE, o->name,
				"a patch's name has letters, digits and . _ + -, at most 63");
	return 0;
}

static char *name_from(const char *out)
{
	char *name = xstrdup(path_base(out));

	if (str_ends(name, ".sut"))
		name[strlen(name) - 4] = '\0';
	if (!patch_name_ok(name)) {
		free(name);
		return NULL;
	}
	return name;
}

enum sut_outcome build_tell_patch(struct sut_result *r, const struct sut_build_opts *o, struct patch *p,
				  struct sut_err *err)
{
	if (p && !err->n && !o->why) {
		char *out = o->out ? xstrdup(o->out) : xasprintf("%s.sut", p->name);

		if (patch_write(p, out, err) == 0)
			json_object_set_new(r->doc, "path", text_json(out));
		free(out);
	}
	if (p) {
		json_object_set_new(r->doc, "name", text_json(p->name));
		json_object_set_new(r->doc, "cves", strvec_json(&p->cves));
		json_object_set_new(r->doc, "toolchain", text_json(p->toolchain));
	}
	if (o->why)
		return SUT_OUTCOME_OK;
	return p ? SUT_OUTCOME_BUILT : SUT_OUTCOME_NOT_NEEDED;
}

void build_tell_asked(struct sut_result *r, const char *why, struct sut_err *err)
{
	if (!why)
		return;
	json_object_set_new(r->doc, "asked", text_json(why));
	if (!json_array_size(json_object_get(r->doc, "functions")) && !err->n)
		sut_fail(err, SUT_U_USAGE, why, "no file that the diffs affect has a function of this name");
}

struct sut_result *sut_build(const struct sut_build_opts *o)
{
	struct sut_result *r = result_new("build");
	enum sut_outcome outcome;
	struct build_opts bo = {.source = o->source, .make = o->make, .compdb = o->compdb,
				.deb = o->deb, .objects = o->objects, .patches = o->patches,
				.work = o->work, .version = o->version, .description = o->description,
				.author = o->author, .cves = o->cves,
				.accept_layouts = o->accept_layouts, .jobs = o->jobs,
				.cancel = lib_cancel()};
	struct sut_err err = {0};
	struct build b;
	char *name = NULL;

	if (check_opts(o, &err) < 0)
		return result_done(r, SUT_OUTCOME_USAGE, &err);
	if (!o->name && o->out)
		name = name_from(o->out);
	bo.name = o->name ? o->name : name;
	if (build_kernel(o) || build_module_source(o)) {
		r = kernel_build_result(r, o, bo.name);
		free(name);
		return r;
	}
	build_run(&b, &bo, &err);
	outcome = build_tell_patch(r, o, b.patch, &err);
	json_object_set_new(r->doc, "units", units_json(&b));
	json_object_set_new(r->doc, "objects", objects_json(&b));
	json_object_set_new(r->doc, "functions", funcs_json(&b, o->why));
	json_object_set_new(r->doc, "data", data_json(&b));
	json_object_set_new(r->doc, "not_compiled", strvec_json(&b.compiled.not_compiled));
	json_object_set_new(r->doc, "elsewhere", strvec_json(&b.elsewhere));
	json_object_set_new(r->doc, "proof",
			    json_pack("{s:i, s:i}", "matched", (int)b.n_proved, "functions",
				      (int)b.n_functions));
	json_object_set_new(r->doc, "times", times_json(&b));
	json_object_set_new(r->doc, "reused",
			    json_pack("{s:b, s:i}", "capture", b.capture.reused, "compiles",
				      (int)b.compiled.n_reused));
	build_tell_asked(r, o->why, &err);
	build_free(&b);
	free(name);
	return result_done(r, outcome, &err);
}
