// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The manifest: JSON with sorted keys, so that the same patch gives the same text. Addresses are
 * hexadecimal strings: JSON's integers are signed and people read addresses in hexadecimal.
 */
#include "patch/format.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static const char *const sec_kinds[] = {
	[PSEC_TEXT] = "text", [PSEC_RODATA] = "rodata",	  [PSEC_DATA] = "data",
	[PSEC_BSS] = "bss",   [PSEC_EHFRAME] = "eh_frame",
};
static const char *const sym_kinds[] = {
	[PSYM_DEF] = "def",   [PSYM_OBJECT] = "object", [PSYM_IMPORT] = "import",
	[PSYM_SLOT] = "slot", [PSYM_ABS] = "abs",
};

/* Absent and NULL are the same: an optional member is simply not written. */
static void set_str(json_t *o, const char *key, const char *s)
{
	if (s)
		json_object_set_new(o, key, json_string(s));
}

static void set_hex(json_t *o, const char *key, uint64_t v)
{
	char s[32];

	snprintf(s, sizeof(s), "0x%llx", (unsigned long long)v);
	json_object_set_new(o, key, json_string(s));
}

static void set_int(json_t *o, const char *key, int64_t v)
{
	json_object_set_new(o, key, json_integer(v));
}

static void set_true(json_t *o, const char *key, bool v)
{
	if (v)
		json_object_set_new(o, key, json_true());
}

static void set_strvec(json_t *o, const char *key, const struct strvec *v)
{
	json_t *a;

	if (!v->n)
		return;
	a = json_array();
	for (size_t i = 0; i < v->n; i++)
		json_array_append_new(a, json_string(v->v[i]));
	json_object_set_new(o, key, a);
}

static json_t *encode_func(const struct patch_func *f)
{
	json_t *j = json_object();

	set_str(j, "name", f->name);
	set_hex(j, "addr", f->addr);
	set_int(j, "size", (int64_t)f->size);
	set_int(j, "entry", f->entry);
	set_int(j, "jump", f->jump);
	set_int(j, "room", f->room);
	set_int(j, "new", f->new_sym);
	set_int(j, "old", f->old_sym);
	set_str(j, "file", f->file);
	if (f->line)
		set_int(j, "line", f->line);
	set_str(j, "why", f->why);
	set_strvec(j, "why_chain", &f->why_chain);
	if (f->n_parts) {
		json_t *a = json_array();

		for (size_t i = 0; i < f->n_parts; i++) {
			json_t *r = json_object();

			set_hex(r, "addr", f->parts[i].addr);
			set_int(r, "size", (int64_t)f->parts[i].size);
			json_array_append_new(a, r);
		}
		json_object_set_new(j, "parts", a);
	}
	return j;
}

static json_t *encode_object(const struct patch_object *o)
{
	json_t *j = json_object(), *a;
	char *id = hex_encode(o->build_id, o->build_id_size);

	set_str(j, "name", o->name);
	set_str(j, "build_id", id);
	if (o->gp)
		set_hex(j, "gp", o->gp);
	free(id);
	a = json_array();
	for (size_t i = 0; i < o->n_funcs; i++)
		json_array_append_new(a, encode_func(&o->funcs[i]));
	json_object_set_new(j, "funcs", a);
	a = json_array();
	for (size_t i = 0; i < o->n_secs; i++) {
		json_t *s = json_object();

		set_str(s, "name", o->secs[i].name);
		set_str(s, "kind", sec_kinds[o->secs[i].kind]);
		json_array_append_new(a, s);
	}
	json_object_set_new(j, "sections", a);
	a = json_array();
	for (size_t i = 1; i < o->n_syms; i++) {
		const struct patch_sym *y = &o->syms[i];
		json_t *s = json_object();

		set_str(s, "kind", sym_kinds[y->kind]);
		set_str(s, "version", y->version);
		if (y->kind == PSYM_SLOT) {
			set_hex(s, "slot", y->value);
			if (y->add)
				set_int(s, "add", y->add);
		}
		json_array_append_new(a, s);
	}
	json_object_set_new(j, "symbols", a);
	a = json_array();
	for (size_t i = 0; i < o->n_expects; i++) {
		json_t *e = json_object();

		set_str(e, "name", o->expects[i].name);
		set_hex(e, "addr", o->expects[i].addr);
		set_int(e, "size", (int64_t)o->expects[i].size);
		set_true(e, "mask", o->expects[i].mask != NULL);
		set_true(e, "contract", o->expects[i].contract);
		json_array_append_new(a, e);
	}
	json_object_set_new(j, "expects", a);
	set_strvec(j, "new_funcs", &o->new_funcs);
	set_strvec(j, "new_data", &o->new_data);
	return j;
}

static json_t *encode_kobject(const struct patch_kobject *o)
{
	json_t *j = json_object(), *funcs = json_array();
	char *id = o->build_id ? hex_encode(o->build_id, o->build_id_size) : NULL;

	for (size_t i = 0; i < o->n_funcs; i++) {
		const struct patch_kfunc *f = &o->funcs[i];
		json_t *e = json_object();

		set_str(e, "name", f->name);
		set_hex(e, "addr", f->addr);
		set_int(e, "size", (int64_t)f->size);
		set_int(e, "new_size", (int64_t)f->new_size);
		set_int(e, "sympos", f->sympos);
		set_str(e, "file", f->file);
		if (f->line)
			set_int(e, "line", f->line);
		set_str(e, "why", f->why);
		set_strvec(e, "why_chain", &f->why_chain);
		json_array_append_new(funcs, e);
	}
	set_str(j, "name", o->name);
	set_str(j, "build_id", id);
	set_strvec(j, "callbacks", &o->callbacks);
	set_true(j, "must_be_loaded", o->must_be_loaded);
	json_object_set_new(j, "funcs", funcs);
	free(id);
	return j;
}

static json_t *encode_kernel(const struct patch_kernel *k)
{
	json_t *j = json_object(), *objects = json_array(), *files = json_array();
	char *id = hex_encode(k->build_id, k->build_id_size);

	for (size_t i = 0; i < k->n_objects; i++)
		json_array_append_new(objects, encode_kobject(&k->objects[i]));
	for (size_t i = 0; i < k->n_files; i++)
		json_array_append_new(files, json_string(k->files[i].name));
	set_str(j, "release", k->release);
	set_str(j, "banner", k->banner);
	set_str(j, "build_id", id);
	set_str(j, "module", k->module);
	set_str(j, "core", k->core);
	set_str(j, "content", k->content);
	set_true(j, "replace", k->replace);
	set_true(j, "signed", k->is_signed);
	json_object_set_new(j, "objects", objects);
	json_object_set_new(j, "files", files);
	set_strvec(j, "new_funcs", &k->new_funcs);
	set_strvec(j, "new_data", &k->new_data);
	free(id);
	return j;
}

char *patch_manifest_encode(const struct patch *p)
{
	json_t *j = json_object(), *a;
	char *text, *ret;

	set_int(j, "format", PATCH_FORMAT);
	set_str(j, "name", p->name);
	set_str(j, "version", p->version);
	set_str(j, "description", p->description);
	set_str(j, "author", p->author);
	set_str(j, "toolchain", p->toolchain);
	set_strvec(j, "cves", &p->cves);
	set_strvec(j, "sources", &p->sources);
	a = json_array();
	for (size_t i = 0; i < p->n_objects; i++)
		json_array_append_new(a, encode_object(&p->objects[i]));
	json_object_set_new(j, "objects", a);
	if (p->kernel)
		json_object_set_new(j, "kernel", encode_kernel(p->kernel));
	text = json_dumps(j, JSON_SORT_KEYS | JSON_INDENT(1));
	ret = xasprintf("%s\n", text ? text : "");
	free(text);
	json_decref(j);
	return ret;
}

/* Reading. The first thing that is wrong sets @bad; everything after is then harmless. */
struct reader {
	const char *subject;
	struct sut_err *err;
	bool bad;
};

static void bad(struct reader *r, const char *key, const char *what)
{
	if (!r->bad)
		sut_fail(r->err, SUT_F_CORRUPT, r->subject, "manifest: '%s' %s", key, what);
	r->bad = true;
}

static char *get_str(struct reader *r, const json_t *o, const char *key, bool needed)
{
	const json_t *v = json_object_get(o, key);

	if (json_is_string(v))
		return xstrdup(json_string_value(v));
	if (v || needed)
		bad(r, key, v ? "is not a string" : "is missing");
	return NULL;
}

static int64_t get_int(struct reader *r, const json_t *o, const char *key, int64_t min, int64_t max,
		       bool needed)
{
	const json_t *v = json_object_get(o, key);
	int64_t n = json_is_integer(v) ? json_integer_value(v) : 0;

	if (!v && !needed)
		return 0;
	if (!json_is_integer(v) || n < min || n > max) {
		bad(r, key, v ? "is not a number in range" : "is missing");
		return min;
	}
	return n;
}

static uint64_t get_hex(struct reader *r, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	const char *s = json_is_string(v) ? json_string_value(v) : "";
	size_t n = strlen(s);

	if (n < 3 || n > 18 || strncmp(s, "0x", 2) || strspn(s + 2, "0123456789abcdef") != n - 2) {
		bad(r, key, "is not an address");
		return 0;
	}
	return strtoull(s, NULL, 16);
}

static bool get_true(struct reader *r, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (v && !json_is_true(v))
		bad(r, key, "is not 'true'");
	return json_is_true(v);
}

static const json_t *get_array(struct reader *r, const json_t *o, const char *key, size_t max,
			       bool needed)
{
	const json_t *v = json_object_get(o, key);

	if (!v && !needed)
		return NULL;
	if (!json_is_array(v) || json_array_size(v) > max) {
		bad(r, key, v ? "is not a list of reasonable length" : "is missing");
		return NULL;
	}
	return v;
}

static void get_strvec(struct reader *r, const json_t *o, const char *key, struct strvec *ret)
{
	const json_t *a = get_array(r, o, key, 65536, false);

	for (size_t i = 0; i < json_array_size(a); i++) {
		const json_t *v = json_array_get(a, i);

		if (json_is_string(v))
			strvec_push(ret, json_string_value(v));
		else
			bad(r, key, "has something that is not a string");
	}
}

static uint32_t get_kind(struct reader *r, const json_t *o, const char *const *kinds, size_t n)
{
	char *s = get_str(r, o, "kind", true);
	uint32_t ret = 0;
	bool found = false;

	for (size_t i = 0; s && i < n && !found; i++) {
		found = !strcmp(s, kinds[i]);
		ret = (uint32_t)i;
	}
	if (!found)
		bad(r, "kind", "is unknown");
	free(s);
	return ret;
}

static void decode_func(struct reader *r, const json_t *j, struct patch_func *f)
{
	const json_t *a;

	f->name = get_str(r, j, "name", true);
	f->addr = get_hex(r, j, "addr");
	f->size = (uint64_t)get_int(r, j, "size", 1, PATCH_MAX_SEC_SIZE, true);
	f->entry = (uint32_t)get_int(r, j, "entry", 0, UINT32_MAX, true);
	f->jump = (uint32_t)get_int(r, j, "jump", 1, TARGET_MAX_JUMP, true);
	f->room = (uint32_t)get_int(r, j, "room", 0, UINT32_MAX, true);
	f->new_sym = (uint32_t)get_int(r, j, "new", 0, UINT32_MAX, true);
	f->old_sym = (uint32_t)get_int(r, j, "old", 0, UINT32_MAX, true);
	f->file = get_str(r, j, "file", false);
	f->line = (int)get_int(r, j, "line", 1, INT_MAX, false);
	f->why = get_str(r, j, "why", false);
	get_strvec(r, j, "why_chain", &f->why_chain);
	a = get_array(r, j, "parts", 1024, false);
	for (size_t i = 0; i < json_array_size(a); i++) {
		struct patch_range *g = VEC_PUSH(f->parts, f->n_parts, f->cap_parts);
		const json_t *e = json_array_get(a, i);

		g->addr = get_hex(r, e, "addr");
		g->size = (uint64_t)get_int(r, e, "size", 1, PATCH_MAX_SEC_SIZE, true);
	}
}

static void decode_object(struct reader *r, const json_t *j, struct patch_object *o)
{
	char *id = get_str(r, j, "build_id", true);
	const json_t *a;

	o->name = get_str(r, j, "name", true);
	if (!id || !hex_decode(id, &o->build_id, &o->build_id_size))
		bad(r, "build_id", "is not hexadecimal");
	if (json_object_get(j, "gp"))
		o->gp = get_hex(r, j, "gp");
	free(id);
	a = get_array(r, j, "funcs", 65536, true);
	for (size_t i = 0; i < json_array_size(a) && !r->bad; i++)
		decode_func(r, json_array_get(a, i), VEC_PUSH(o->funcs, o->n_funcs, o->cap_funcs));
	a = get_array(r, j, "sections", PATCH_MAX_SECS, true);
	for (size_t i = 0; i < json_array_size(a) && !r->bad; i++) {
		struct patch_sec *s = VEC_PUSH(o->secs, o->n_secs, o->cap_secs);

		s->name = get_str(r, json_array_get(a, i), "name", true);
		s->kind = get_kind(r, json_array_get(a, i), sec_kinds, ARRAY_SIZE(sec_kinds));
	}
	a = get_array(r, j, "symbols", 1u << 20, true);
	VEC_PUSH(o->syms, o->n_syms, o->cap_syms)->name = NULL;
	for (size_t i = 0; i < json_array_size(a) && !r->bad; i++) {
		struct patch_sym *y = VEC_PUSH(o->syms, o->n_syms, o->cap_syms);
		const json_t *e = json_array_get(a, i);

		y->kind = get_kind(r, e, sym_kinds, ARRAY_SIZE(sym_kinds));
		y->version = get_str(r, e, "version", false);
		if (y->kind == PSYM_SLOT) {
			y->value = get_hex(r, e, "slot");
			y->add = get_int(r, e, "add", INT64_MIN, INT64_MAX, false);
		}
	}
	a = get_array(r, j, "expects", 1u << 20, true);
	for (size_t i = 0; i < json_array_size(a) && !r->bad; i++) {
		struct patch_expect *x = VEC_PUSH(o->expects, o->n_expects, o->cap_expects);
		const json_t *e = json_array_get(a, i);

		x->name = get_str(r, e, "name", true);
		x->addr = get_hex(r, e, "addr");
		x->size = (uint64_t)get_int(r, e, "size", 1, PATCH_MAX_SEC_SIZE, true);
		if (get_true(r, e, "mask"))
			x->mask = xcalloc(1, 1);
		x->contract = get_true(r, e, "contract");
	}
	get_strvec(r, j, "new_funcs", &o->new_funcs);
	get_strvec(r, j, "new_data", &o->new_data);
}

static void get_build_id(struct reader *r, const json_t *o, bool needed, uint8_t **ret, size_t *ret_n)
{
	char *id = get_str(r, o, "build_id", needed);

	if (id && !hex_decode(id, ret, ret_n))
		bad(r, "build_id", "is not hexadecimal");
	free(id);
}

static void decode_kobject(struct reader *r, const json_t *j, struct patch_kobject *o)
{
	const json_t *a = get_array(r, j, "funcs", 65536, true);

	o->name = get_str(r, j, "name", true);
	get_build_id(r, j, false, &o->build_id, &o->build_id_size);
	get_strvec(r, j, "callbacks", &o->callbacks);
	o->must_be_loaded = get_true(r, j, "must_be_loaded");
	for (size_t i = 0; i < json_array_size(a) && !r->bad; i++) {
		struct patch_kfunc *f = VEC_PUSH(o->funcs, o->n_funcs, o->cap_funcs);
		const json_t *e = json_array_get(a, i);

		f->name = get_str(r, e, "name", true);
		f->addr = get_hex(r, e, "addr");
		f->size = (uint64_t)get_int(r, e, "size", 0, PATCH_MAX_SEC_SIZE, true);
		f->new_size = (uint64_t)get_int(r, e, "new_size", 1, PATCH_MAX_SEC_SIZE, true);
		f->sympos = (uint32_t)get_int(r, e, "sympos", 0, UINT32_MAX, true);
		f->file = get_str(r, e, "file", false);
		f->line = (int)get_int(r, e, "line", 1, INT_MAX, false);
		f->why = get_str(r, e, "why", false);
		get_strvec(r, e, "why_chain", &f->why_chain);
	}
}

static struct patch_kernel *decode_kernel(struct reader *r, const json_t *j)
{
	struct patch_kernel *k = xcalloc(1, sizeof(*k));
	const json_t *a;

	k->release = get_str(r, j, "release", true);
	k->banner = get_str(r, j, "banner", false);
	get_build_id(r, j, true, &k->build_id, &k->build_id_size);
	k->module = get_str(r, j, "module", true);
	k->core = get_str(r, j, "core", true);
	k->content = get_str(r, j, "content", true);
	k->replace = get_true(r, j, "replace");
	k->is_signed = get_true(r, j, "signed");
	a = get_array(r, j, "objects", PATCH_MAX_OBJECTS, true);
	for (size_t i = 0; i < json_array_size(a) && !r->bad; i++)
		decode_kobject(r, json_array_get(a, i), VEC_PUSH(k->objects, k->n_objects, k->cap_objects));
	a = get_array(r, j, "files", PATCH_MAX_FILES, true);
	for (size_t i = 0; i < json_array_size(a) && !r->bad; i++) {
		const json_t *e = json_array_get(a, i);

		if (json_is_string(e))
			VEC_PUSH(k->files, k->n_files, k->cap_files)->name = xstrdup(json_string_value(e));
		else
			bad(r, "files", "has something that is not a string");
	}
	get_strvec(r, j, "new_funcs", &k->new_funcs);
	get_strvec(r, j, "new_data", &k->new_data);
	return k;
}

int patch_manifest_decode(struct patch *p, const char *text, size_t n, const char *subject,
			  struct sut_err *err)
{
	struct reader r = {.subject = subject, .err = err};
	json_error_t je;
	json_t *j = json_loadb(text, n, JSON_REJECT_DUPLICATES, &je);
	const json_t *a;

	if (!json_is_object(j)) {
		sut_fail(err, SUT_F_CORRUPT, subject, "manifest: %s", j ? "is no object" : je.text);
		json_decref(j);
		return -1;
	}
	if (get_int(&r, j, "format", 1, INT64_MAX, true) > PATCH_FORMAT && !r.bad) {
		sut_fail(err, SUT_F_NEWER, subject, "its format is %lld, this version reads up to %d",
			 (long long)json_integer_value(json_object_get(j, "format")), PATCH_FORMAT);
		json_decref(j);
		return -1;
	}
	p->name = get_str(&r, j, "name", true);
	p->version = get_str(&r, j, "version", false);
	p->description = get_str(&r, j, "description", false);
	p->author = get_str(&r, j, "author", false);
	p->toolchain = get_str(&r, j, "toolchain", false);
	get_strvec(&r, j, "cves", &p->cves);
	get_strvec(&r, j, "sources", &p->sources);
	a = get_array(&r, j, "objects", PATCH_MAX_OBJECTS, true);
	for (size_t i = 0; i < json_array_size(a) && !r.bad; i++)
		decode_object(&r, json_array_get(a, i),
			      VEC_PUSH(p->objects, p->n_objects, p->cap_objects));
	if (json_object_get(j, "kernel") && !r.bad)
		p->kernel = decode_kernel(&r, json_object_get(j, "kernel"));
	json_decref(j);
	return r.bad ? -1 : 0;
}
