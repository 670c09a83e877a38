// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/build.h"
#include "kernel/module.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT = 1000 };

/* What the module says of itself in sysfs, where a page is all there is room for. */
static char *info_text(const struct patch *p, const char *content)
{
	json_t *j = json_object(), *cves = json_array();
	char *text, *about = p->description ? xstrndup(p->description, MAX_TEXT) : NULL;

	for (size_t i = 0; i < p->cves.n && i < 40; i++)
		json_array_append_new(cves, json_string(p->cves.v[i]));
	json_object_set_new(j, "name", json_string(p->name));
	if (p->version)
		json_object_set_new(j, "version", json_stringn(p->version, MIN(strlen(p->version), 200)));
	if (about)
		json_object_set_new(j, "description", json_string(about));
	json_object_set_new(j, "cves", cves);
	json_object_set_new(j, "content", json_string(content));
	text = json_dumps(j, JSON_SORT_KEYS | JSON_ENSURE_ASCII);
	json_decref(j);
	free(about);
	return text;
}

static void add_func(struct patch_kernel *k, const struct module_func *f)
{
	struct patch_kobject *o = &k->objects[f->object];
	struct patch_kfunc *kf = VEC_PUSH(o->funcs, o->n_funcs, o->cap_funcs);

	kf->name = xstrdup(f->place.name);
	kf->addr = strcmp(f->place.object, "vmlinux") ? f->place.sec_offset : f->place.offset;
	kf->size = f->place.size;
	kf->new_size = f->new_size;
	kf->sympos = f->place.sympos;
	kf->file = f->func->file ? xstrdup(f->func->file) : NULL;
	kf->line = f->func->line;
	kf->why = xstrdup(diff_why_text(f->func->why));
	for (size_t i = 0; i < f->func->why_chain.n; i++)
		strvec_push(&kf->why_chain, f->func->why_chain.v[i]);
}

static struct patch_kernel *describe(const struct kbuild *kb, const struct module_parts *m, const char *name,
				     const char *content)
{
	static const char *const kinds[CB_COUNT] = {"pre_patch", "post_patch", "pre_unpatch", "post_unpatch"};
	struct patch_kernel *k = xcalloc(1, sizeof(*k));

	k->release = xstrdup(kb->release);
	k->banner = kb->banner ? xstrdup(kb->banner) : NULL;
	k->machine = kb->machine;
	k->build_id = xmemdup(kb->build_id, kb->build_id_size);
	k->build_id_size = kb->build_id_size;
	k->module = module_name(name);
	k->core = xstrdup(kb->livepatch ? "livepatch" : CORE_MODULE);
	k->content = xstrdup(content);
	for (size_t i = 0; i < m->n_objects; i++) {
		const struct kbuild_object *from = &kb->objects[m->objects[i].object];
		struct patch_kobject *o = VEC_PUSH(k->objects, k->n_objects, k->cap_objects);

		o->name = xstrdup(from->name);
		o->must_be_loaded = m->objects[i].object && from->started;
		if (m->objects[i].object && from->image->build_id) {
			o->build_id = xmemdup(from->image->build_id, from->image->build_id_size);
			o->build_id_size = from->image->build_id_size;
		}
		for (size_t c = 0; c < CB_COUNT; c++)
			if (m->objects[i].callbacks[c])
				strvec_push(&o->callbacks, kinds[c]);
	}
	for (size_t i = 0; i < m->n_funcs; i++)
		add_func(k, &m->funcs[i]);
	for (size_t i = 0; i < m->new_funcs.n; i++)
		strvec_push(&k->new_funcs, m->new_funcs.v[i]);
	for (size_t i = 0; i < m->new_data.n; i++)
		strvec_push(&k->new_data, m->new_data.v[i]);
	return k;
}

static void add_file(struct patch_kernel *k, const char *module, const struct buf *ko)
{
	struct patch_file *f = VEC_PUSH(k->files, k->n_files, k->cap_files);

	f->name = xasprintf("%s.ko", module);
	f->data = ko->p;
	f->size = ko->n;
}

static int make_patch(struct kernel_build *b, const struct kernel_build_opts *o, struct module_parts *m,
		      struct sut_err *err)
{
	struct build_opts bo = {.patches = o->kernel.patches, .name = o->name, .version = o->version,
				.description = o->description, .author = o->author, .cves = o->cves};
	struct module_opts mo = {.key = o->key, .cert = o->cert,
				 .replace = o->replace, .cancel = o->kernel.cancel};
	struct patch *p = build_describe(&bo);
	uint8_t sum[SHA256_SIZE];
	struct buf code = {0}, ko = {0}, core = {0};
	char *content, *info;
	int r;

	for (size_t i = 0; i < b->kb.n_units && !p->toolchain; i++)
		p->toolchain = build_compiler_of(b->kb.units[i].new);
	elf_out_write(&m->out, &code);
	sha256(code.p, code.n, sum);
	buf_free(&code);
	content = hex_encode(sum, sizeof(sum));
	info = info_text(p, content);
	mo.name = p->name;
	mo.info = info;
	r = kbuild_need_headers(&b->kb, err);
	if (!r && !b->kb.livepatch)
		r = coremod_make(&b->kb, &mo, &core, err);
	if (!r)
		r = module_make(&b->kb, m, &mo, &ko, err);
	if (!r) {
		p->kernel = describe(&b->kb, m, p->name, content);
		p->kernel->replace = m->replace || o->replace;
		p->kernel->is_signed = o->key != NULL;
		add_file(p->kernel, p->kernel->module, &ko);
		if (core.n)
			add_file(p->kernel, CORE_MODULE, &core);
		b->patch = p;
	} else {
		buf_free(&core);
		patch_free(p);
	}
	free(content);
	free(info);
	return r;
}

int kernel_build_patch(struct kernel_build *b, const struct kernel_build_opts *opts, struct sut_err *err)
{
	struct kbuild *kb = &b->kb;
	struct module_parts m;
	size_t before = err->n;
	uint64_t t = now_ns();
	int r;

	if (!kb->build_id)
		return sut_fail(err, SUT_B_NO_BUILD_ID, kb->release, "the kernel has no build-id note");
	r = module_link(kb, &m, err);
	b->link_ns = now_ns() - t;
	if (!r && m.late) {
		r = kbuild_read_keys(kb, m.late, err);
		module_parts_free(&m);
		t = now_ns();
		r = r < 0 ? r : module_link(kb, &m, err);
		b->link_ns += now_ns() - t;
	}
	t = now_ns();
	if (!r && err->n == before && m.n_objects)
		make_patch(b, opts, &m, err);
	b->module_ns = now_ns() - t;
	module_parts_free(&m);
	return err->n > before ? -1 : 0;
}

int kernel_build_run(struct kernel_build *b, const struct kernel_build_opts *opts, struct sut_err *err)
{
	memset(b, 0, sizeof(*b));
	if (kbuild_run(&b->kb, &opts->kernel, err) < 0)
		return -1;
	return kernel_build_patch(b, opts, err);
}

void kernel_build_free(struct kernel_build *b)
{
	patch_free(b->patch);
	kbuild_free(&b->kb);
	memset(b, 0, sizeof(*b));
}
