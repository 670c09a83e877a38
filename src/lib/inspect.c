// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/kernel.h"
#include "lib/patchjson.h"
#include "lib/result.h"

#include <stdlib.h>

json_t *patch_head_json(const struct patch *p)
{
	json_t *j = json_object();
	char *digest = hex_encode(p->digest, sizeof(p->digest));

	json_object_set_new(j, "name", text_json(p->name));
	json_object_set_new(j, "version", text_json(p->version));
	json_object_set_new(j, "description", text_json(p->description));
	json_object_set_new(j, "author", text_json(p->author));
	json_object_set_new(j, "cves", strvec_json(&p->cves));
	json_object_set_new(j, "sources", strvec_json(&p->sources));
	json_object_set_new(j, "toolchain", text_json(p->toolchain));
	json_object_set_new(j, "digest_sha256", text_json(digest));
	json_object_set_new(j, "format", json_integer(PATCH_FORMAT));
	free(digest);
	return j;
}

static json_t *func_json(const struct patch_object *o, const struct patch_func *f)
{
	json_t *j = json_object(), *parts = json_array();

	for (size_t i = 0; i < f->n_parts; i++) {
		json_t *r = json_object();

		json_object_set_new(r, "address", hex_json(f->parts[i].addr));
		json_object_set_new(r, "size_bytes", json_integer((json_int_t)f->parts[i].size));
		json_array_append_new(parts, r);
	}
	json_object_set_new(j, "name", text_json(f->name));
	json_object_set_new(j, "address", hex_json(f->addr));
	json_object_set_new(j, "size_bytes", json_integer((json_int_t)f->size));
	json_object_set_new(j, "new_size_bytes",
			    json_integer((json_int_t)o->syms[f->new_sym].size));
	json_object_set_new(j, "entry_offset_bytes", json_integer(f->entry));
	json_object_set_new(j, "parts", parts);
	json_object_set_new(j, "file", text_json(f->file));
	json_object_set_new(j, "line", f->file && f->line ? json_integer(f->line) : json_null());
	json_object_set_new(j, "why", text_json(f->why));
	json_object_set_new(j, "chain", strvec_json(&f->why_chain));
	return j;
}

static json_t *imports_json(const struct patch_object *o)
{
	json_t *a = json_array();

	for (size_t i = 1; i < o->n_syms; i++) {
		json_t *j;

		if (o->syms[i].kind != PSYM_IMPORT)
			continue;
		j = json_object();
		json_object_set_new(j, "name", text_json(o->syms[i].name));
		json_object_set_new(j, "version", text_json(o->syms[i].version));
		json_object_set_new(j, "weak", json_boolean(o->syms[i].is_weak));
		json_array_append_new(a, j);
	}
	return a;
}

static json_t *memory_json(const struct patch_object *o)
{
	json_int_t text = 0, rodata = 0, data = 0;

	for (size_t i = 0; i < o->n_secs; i++) {
		json_int_t size = (json_int_t)o->secs[i].size;

		switch (o->secs[i].kind) {
		case PSEC_TEXT:
			text += size;
			break;
		case PSEC_RODATA:
		case PSEC_EHFRAME:
			rodata += size;
			break;
		case PSEC_DATA:
		case PSEC_BSS:
			data += size;
			break;
		}
	}
	return json_pack("{s:I, s:I, s:I}", "text_bytes", text, "rodata_bytes", rodata,
			 "data_bytes", data);
}

json_t *patch_objects_json(const struct patch *p)
{
	json_t *a = json_array();

	for (size_t i = 0; i < p->n_objects; i++) {
		const struct patch_object *o = &p->objects[i];
		const struct target *t = target_find(o->machine);
		json_t *j = json_object(), *funcs = json_array();
		char *id = hex_encode(o->build_id, o->build_id_size);
		json_int_t expected = 0;

		for (size_t k = 0; k < o->n_funcs; k++)
			json_array_append_new(funcs, func_json(o, &o->funcs[k]));
		for (size_t k = 0; k < o->n_expects; k++)
			expected += (json_int_t)o->expects[k].size;
		json_object_set_new(j, "name", text_json(o->name));
		json_object_set_new(j, "build_id", text_json(id));
		json_object_set_new(j, "architecture", text_json(t ? t->name : "unknown"));
		json_object_set_new(j, "functions", funcs);
		json_object_set_new(j, "new_functions", strvec_json(&o->new_funcs));
		json_object_set_new(j, "new_data", strvec_json(&o->new_data));
		json_object_set_new(j, "imports", imports_json(o));
		json_object_set_new(j, "expected_bytes", json_integer(expected));
		json_object_set_new(j, "memory", memory_json(o));
		json_array_append_new(a, j);
		free(id);
	}
	return a;
}

struct sut_result *sut_inspect(const char *path)
{
	struct sut_result *r = result_new("inspect");
	struct sut_err err = {0};
	struct patch *p = patch_read(path, &err);

	json_object_set_new(r->doc, "path", text_json(path));
	json_object_set_new(r->doc, "patch", p ? patch_head_json(p) : json_null());
	json_object_set_new(r->doc, "objects", p ? patch_objects_json(p) : json_array());
	json_object_set_new(r->doc, "kernel", kernel_patch_json(p ? p->kernel : NULL));
	patch_free(p);
	return result_done(r, SUT_OUTCOME_OK, &err);
}
