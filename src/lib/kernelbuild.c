// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/build.h"
#include "lib/cancel.h"
#include "lib/diffjson.h"
#include "lib/kernel.h"

#include <stdlib.h>
#include <string.h>

static json_t *units_json(const struct kbuild *kb)
{
	json_t *a = json_array();

	for (size_t i = 0; i < kb->n_units; i++)
		json_array_append_new(a, json_pack("{s:o, s:b}", "source", text_json(kb->units[i].source), "changed",
						   kb->units[i].diff && kb->units[i].diff->changed));
	return a;
}

static json_t *objects_json(const struct patch *p)
{
	json_t *a = json_array();

	for (size_t i = 0; p && i < p->kernel->n_objects; i++) {
		const struct patch_kobject *o = &p->kernel->objects[i];
		bool module = strcmp(o->name, "vmlinux");
		const uint8_t *own = module ? o->build_id : p->kernel->build_id;
		char *id = own ? hex_encode(own, module ? o->build_id_size : p->kernel->build_id_size) : NULL;

		json_array_append_new(a, json_pack("{s:o, s:o, s:i}", "name", text_json(o->name), "build_id",
						   text_json(id), "functions", (int)o->n_funcs));
		free(id);
	}
	return a;
}

static json_t *ms_json(uint64_t ns)
{
	return json_integer((json_int_t)(ns / 1000000));
}

static void tell(struct sut_result *r, const struct kernel_build *b, const char *why)
{
	json_t *funcs = json_array(), *data = json_array();

	for (size_t i = 0; i < b->kb.n_units; i++) {
		if (!b->kb.units[i].diff)
			continue;
		diffjson_funcs(funcs, b->kb.units[i].diff, b->kb.units[i].source, why, false);
		diffjson_data(data, b->kb.units[i].diff, b->kb.units[i].source, false);
	}
	json_object_set_new(r->doc, "units", units_json(&b->kb));
	json_object_set_new(r->doc, "objects", objects_json(b->patch));
	json_object_set_new(r->doc, "functions", funcs);
	json_object_set_new(r->doc, "data", data);
	json_object_set_new(r->doc, "not_compiled", strvec_json(&b->kb.not_compiled));
	json_object_set_new(r->doc, "elsewhere", json_array());
	json_object_set_new(r->doc, "proof", json_pack("{s:i, s:i}", "matched", (int)b->kb.n_proved, "functions",
						       (int)b->kb.n_functions));
	json_object_set_new(r->doc, "times",
			    json_pack("{s:o, s:o, s:o, s:o, s:o}", "capture_ms", ms_json(b->kb.prepare_ns), "compile_ms",
				      ms_json(b->kb.compile_ns), "compare_ms", ms_json(b->kb.compare_ns), "prove_ms",
				      ms_json(b->kb.prove_ns), "link_ms", ms_json(b->link_ns + b->module_ns)));
	json_object_set_new(r->doc, "reused", json_pack("{s:b, s:i}", "capture", b->kb.tree && b->kb.tree->reused,
							"compiles", 0));
}

struct sut_result *kernel_build_result(struct sut_result *r, const struct sut_build_opts *o, const char *name)
{
	struct kernel_build_opts ko = {
		.kernel = {.source = o->kernel, .vmlinuz = o->vmlinuz, .config = o->config, .headers = o->headers,
			   .modules = o->modules, .release = o->release, .patches = o->patches, .work = o->work,
			   .cross = o->cross, .cc = o->cc, .accept_layouts = o->accept_layouts, .jobs = o->jobs,
			   .cancel = lib_cancel()},
		.name = name, .version = o->version, .description = o->description, .author = o->author,
		.cves = o->cves, .key = o->key, .cert = o->cert, .replace = o->replace};
	enum sut_outcome outcome;
	struct sut_err err = {0};
	struct kernel_build b;

	if (build_module_source(o)) {
		ko.kernel.module_source = o->module_source;
		ko.kernel.make = o->make;
		ko.kernel.objects = o->objects;
	}
	kernel_build_run(&b, &ko, &err);
	outcome = build_tell_patch(r, o, b.patch, &err);
	tell(r, &b, o->why);
	build_tell_asked(r, o->why, &err);
	kernel_build_free(&b);
	return result_done(r, outcome, &err);
}
