// SPDX-License-Identifier: GPL-2.0-or-later
#include "patch/patch.h"
#include "patch/format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool patch_name_ok(const char *name)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
	size_t n = name ? strlen(name) : 0;

	/* "." and ".." would be harmless here, but names become file names elsewhere. */
	return n >= 1 && n <= 63 && strspn(name, ok) == n && name[0] != '.' && name[0] != '-';
}

int patch_encode(struct patch *p, uint8_t **ret, size_t *ret_n, struct sut_err *err)
{
	struct sut_err again = {0};
	struct buf out = {0};
	struct patch *copy;

	if (patch_check(p, SUT_F_CONTENT, p->name ? p->name : "patch", err) < 0)
		return -1;
	patch_format(p, &out);
	/* What cannot be read back must never reach a disk. */
	copy = patch_decode(p->name, out.p, out.n, &again);
	if (!copy) {
		sut_fail(err, SUT_F_CONTENT, p->name, "its own reader refuses it: %s",
			 again.n ? again.v[0].cause : "no reason given");
		sut_err_free(&again);
		buf_free(&out);
		return -1;
	}
	memcpy(p->digest, copy->digest, sizeof(p->digest));
	patch_free(copy);
	*ret = out.p;
	*ret_n = out.n;
	return 0;
}

int patch_write(struct patch *p, const char *path, struct sut_err *err)
{
	struct stat st;
	uint8_t *data;
	size_t n;
	int r = 0;

	/* The rename at the end would put a file in the place of a device. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return sut_fail(err, SUT_E_IO, path, "cannot write it: it is not a regular file");
	if (patch_encode(p, &data, &n, err) < 0)
		return -1;
	if (write_file(path, data, n) < 0)
		r = sut_fail(err, SUT_E_IO, path, "cannot write it: %s", strerror(errno));
	free(data);
	return r;
}

struct patch *patch_read(const char *path, struct sut_err *err)
{
	struct patch *p;
	uint8_t *data;
	size_t n;

	if (read_file(path, &data, &n) < 0) {
		sut_fail(err, SUT_E_IO, path, "cannot read it: %s", strerror(errno));
		return NULL;
	}
	p = patch_decode(path, data, n, err);
	free(data);
	return p;
}

uint16_t patch_machine(const struct patch *p)
{
	return p->kernel ? p->kernel->machine : p->n_objects ? p->objects[0].machine : 0;
}

void patch_kernel_free(struct patch_kernel *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->n_objects; i++) {
		struct patch_kobject *o = &k->objects[i];

		for (size_t f = 0; f < o->n_funcs; f++) {
			free(o->funcs[f].name);
			free(o->funcs[f].file);
			free(o->funcs[f].why);
			strvec_free(&o->funcs[f].why_chain);
		}
		free(o->name);
		free(o->build_id);
		free(o->funcs);
		strvec_free(&o->callbacks);
	}
	for (size_t i = 0; i < k->n_files; i++) {
		free(k->files[i].name);
		free(k->files[i].data);
	}
	free(k->release);
	free(k->banner);
	free(k->build_id);
	free(k->module);
	free(k->core);
	free(k->content);
	free(k->objects);
	free(k->files);
	strvec_free(&k->new_funcs);
	strvec_free(&k->new_data);
	free(k);
}

static void free_func(struct patch_func *f)
{
	free(f->name);
	free(f->parts);
	free(f->file);
	free(f->why);
	strvec_free(&f->why_chain);
}

static void free_object(struct patch_object *o)
{
	free(o->name);
	free(o->build_id);
	for (size_t i = 0; i < o->n_funcs; i++)
		free_func(&o->funcs[i]);
	free(o->funcs);
	for (size_t i = 0; i < o->n_secs; i++) {
		free(o->secs[i].name);
		free(o->secs[i].data);
		free(o->secs[i].rels);
	}
	free(o->secs);
	for (size_t i = 0; i < o->n_syms; i++) {
		free(o->syms[i].name);
		free(o->syms[i].version);
	}
	free(o->syms);
	for (size_t i = 0; i < o->n_expects; i++) {
		free(o->expects[i].name);
		free(o->expects[i].bytes);
		free(o->expects[i].mask);
	}
	free(o->expects);
	strvec_free(&o->new_funcs);
	strvec_free(&o->new_data);
}

void patch_object_clear(struct patch_object *o)
{
	free_object(o);
	memset(o, 0, sizeof(*o));
}

void patch_drop_object(struct patch *p, size_t i)
{
	free_object(&p->objects[i]);
	p->n_objects--;
	memmove(&p->objects[i], &p->objects[i + 1], (p->n_objects - i) * sizeof(*p->objects));
}

void patch_free(struct patch *p)
{
	if (!p)
		return;
	free(p->name);
	free(p->version);
	free(p->description);
	free(p->author);
	free(p->toolchain);
	strvec_free(&p->cves);
	strvec_free(&p->sources);
	for (size_t i = 0; i < p->n_objects; i++)
		free_object(&p->objects[i]);
	free(p->objects);
	patch_kernel_free(p->kernel);
	free(p);
}
