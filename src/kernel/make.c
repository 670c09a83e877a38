// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module itself: glue and parts, put together by the build system of the kernel that is patched. It adds
 * what a module needs (struct module, version checksums of exported symbols) in that kernel's own way.
 */
#include "base/log.h"
#include "kernel/module.h"
#include "kernel/tree.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char glue_text[] =
#include "gen/glue.inc"
	;

static const char header_text[] =
#include "gen/patch_h.inc"
	;

enum { NAME_MAX_MODULE = 55, INFO_MAX = 3900 };

char *module_name(const char *patch)
{
	char *name = xasprintf("suture_%s", patch);

	for (char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p))
			*p = '_';
	/* Long names are cut; a part of their sum keeps them apart. */
	if (strlen(name) > NAME_MAX_MODULE) {
		uint8_t sum[SHA256_SIZE];

		sha256(patch, strlen(patch), sum);
		sprintf(name + NAME_MAX_MODULE - 9, "_%02x%02x%02x%02x", sum[0], sum[1], sum[2], sum[3]);
	}
	return name;
}

static void c_string(struct buf *b, const char *s)
{
	buf_addf(b, "\"");
	for (; *s; s++)
		if (*s == '"' || *s == '\\')
			buf_addf(b, "\\%c", *s);
		else if ((unsigned char)*s < 0x20 || (unsigned char)*s >= 0x7f)
			buf_addf(b, "\\%03o", (unsigned char)*s);
		else
			buf_addf(b, "%c", *s);
	buf_addf(b, "\"");
}

static void write_object(struct buf *b, const struct kbuild *kb, const struct module_parts *m, size_t i)
{
	static const char *const names[CB_COUNT] = {"pre_patch", "post_patch", "pre_unpatch", "post_unpatch"};
	const struct module_object *o = &m->objects[i];

	buf_addf(b, "\t{\n");
	if (o->object)
		buf_addf(b, "\t\t.name = \"%s\",\n", kb->objects[o->object].name);
	buf_addf(b, "\t\t.funcs = patch_funcs_%zu,\n", i);
	for (size_t k = 0; k < CB_COUNT; k++)
		if (o->callbacks[k])
			buf_addf(b, "\t\t.callbacks.%s = %s,\n", names[k], o->callbacks[k]);
	buf_addf(b, "\t},\n");
}

/* The table that glue.c includes. */
static void write_table(struct buf *b, const struct kbuild *kb, const struct module_parts *m,
			const struct module_opts *opts)
{
	buf_addf(b, "#define PATCH_REPLACE %s\n#define PATCH_INFO ", m->replace || opts->replace ? "true" : "false");
	c_string(b, opts->info);
	buf_addf(b, "\n#define PATCH_RELEASE ");
	c_string(b, kb->release);
	buf_addf(b, "\n\n");
	for (size_t i = 0; i < m->n_funcs; i++)
		buf_addf(b, "extern void %s(void);\n", m->funcs[i].alias);
	for (size_t i = 0; i < m->n_objects; i++)
		for (size_t k = 0; k < CB_COUNT; k++)
			if (m->objects[i].callbacks[k])
				buf_addf(b, "extern %s %s(struct patch_object *);\n", k == CB_PRE_PATCH ? "int" : "void",
					 m->objects[i].callbacks[k]);
	for (size_t i = 0; i < m->n_objects; i++) {
		buf_addf(b, "\nstatic struct patch_func patch_funcs_%zu[] = {\n", i);
		for (size_t k = 0; k < m->n_funcs; k++) {
			const struct module_func *f = &m->funcs[k];

			if (f->object == i)
				buf_addf(b, "\tPATCH_FUNC(\"%s\", %s, %u, 0x%llx, %llu)\n", f->place.name, f->alias,
					 f->place.sympos, (unsigned long long)f->place.offset,
					 (unsigned long long)f->place.size);
		}
		buf_addf(b, "\t{}\n};\n");
	}
	buf_addf(b, "\nstatic struct patch_object patch_objects[] = {\n");
	for (size_t i = 0; i < m->n_objects; i++)
		write_object(b, kb, m, i);
	buf_addf(b, "\t{}\n};\n");
	if (!m->n_states)
		return;
	buf_addf(b, "\n#define PATCH_STATES\nstatic struct patch_state patch_states[] = {\n");
	for (size_t i = 0; i < m->n_states; i++)
		buf_addf(b, "\tPATCH_STATE(%llu, %u)\n", (unsigned long long)m->states[i].id, m->states[i].version);
	buf_addf(b, "\t{}\n};\n");
}

static int put(const char *dir, const char *name, const void *data, size_t n, struct sut_err *err)
{
	char *path = path_join(dir, name);
	int r = write_file(path, data, n);

	if (r < 0)
		sut_fail(err, SUT_E_IO, path, "%s", strerror(errno));
	free(path);
	return r;
}

static int write_sources(const struct kbuild *kb, struct module_parts *m, const struct module_opts *opts,
			 const char *dir, const char *name, struct sut_err *err)
{
	struct buf table = {0}, code = {0};
	char *makefile = xasprintf("obj-m := %s.o\n%s-y := glue.o code.o\n", name, name);
	int r;

	write_table(&table, kb, m, opts);
	elf_out_write(&m->out, &code);
	r = put(dir, "glue.c", glue_text, strlen(glue_text), err) || put(dir, "table.h", table.p, table.n, err) ||
	    put(dir, "code.o_shipped", code.p, code.n, err) ||
	    put(dir, "Makefile", makefile, strlen(makefile), err) || put(dir, ".code.o.cmd", "", 0, err);
	buf_free(&table);
	buf_free(&code);
	free(makefile);
	return r ? -1 : 0;
}

int module_put_header(const struct ktree *t, struct sut_err *err)
{
	char *dir = path_join(t->src, "include/suture");
	int r = 0;

	if (mkdir_p(dir) < 0)
		r = sut_fail(err, SUT_E_IO, dir, "%s", strerror(errno));
	else
		r = put(dir, "patch.h", header_text, strlen(header_text), err);
	free(dir);
	return r;
}

static char *last_lines(char *text)
{
	char *p = text + strlen(text);

	for (int n = 0; p > text && n < 12; p--)
		n += p[-1] == '\n';
	return p;
}

static int run_make(const struct kbuild *kb, const struct module_opts *opts, const char *dir, struct sut_err *err)
{
	struct strvec argv = {0}, env = {0};
	char *text = NULL;
	struct run_opts ro = {.ret_output = &text, .cancel = opts->cancel};
	extern char **environ;
	int r;

	/* A make around us must not reach this one. */
	for (char **e = environ; *e; e++)
		if (!str_starts(*e, "MAKE") && !str_starts(*e, "KBUILD_") && !str_starts(*e, "KCFLAGS") &&
		    !str_starts(*e, "LC_ALL=") && !str_starts(*e, "ARCH=") && !str_starts(*e, "CROSS_COMPILE=") &&
		    !str_starts(*e, "LLVM") && !str_starts(*e, "O=") && !str_starts(*e, "V="))
			strvec_push(&env, *e);
	strvec_push(&env, "LC_ALL=C");
	ro.env = env.v;
	strvec_push(&argv, "make");
	strvec_push(&argv, "-C");
	strvec_push(&argv, kb->headers);
	strvec_pushf(&argv, "M=%s", dir);
	strvec_pushf(&argv, "ARCH=%s", kb->tree->arch);
	if (kb->tree->cross)
		strvec_pushf(&argv, "CROSS_COMPILE=%s", kb->tree->cross);
	if (kb->tree->cc)
		strvec_pushf(&argv, "CC=%s", kb->tree->cc);
	strvec_push(&argv, "modules");
	r = run_command(argv.v, &ro);
	strvec_free(&argv);
	strvec_free(&env);
	if (r) {
		sut_fail(err, SUT_K_MAKE, kb->headers, "make ended with status %d: %s", r, text ? last_lines(text) : "");
		r = -1;
	}
	free(text);
	return r;
}

int module_make(const struct kbuild *kb, struct module_parts *m, const struct module_opts *opts,
		struct buf *ret_ko, struct sut_err *err)
{
	char *name = module_name(opts->name), *dir = path_join(kb->tree->dir, "module"), *file, *path;
	struct elf_obj *o = NULL;
	struct elf_out ko;
	int r = -1;

	file = xasprintf("%s.ko", name);
	path = path_join(dir, file);
	if (!kb->headers) {
		sut_fail(err, SUT_K_MAKE, kb->release, "no folder to build modules in was found (--headers)");
		goto out;
	}
	if (strlen(opts->info) > INFO_MAX) {
		sut_fail(err, SUT_K_MAKE, opts->name, "what it says of itself is too long (%zu bytes)",
			 strlen(opts->info));
		goto out;
	}
	if (remove_tree(dir) < 0 || mkdir_p(dir) < 0) {
		sut_fail(err, SUT_E_IO, dir, "%s", strerror(errno));
		goto out;
	}
	if (write_sources(kb, m, opts, dir, name, err) < 0 || run_make(kb, opts, dir, err) < 0)
		goto out;
	o = elf_obj_open(path, err);
	if (!o)
		goto out;
	elf_out_copy(&ko, o);
	r = klp_finish(&ko, kb, m, err);
	if (!r)
		elf_out_write(&ko, ret_ko);
	if (!r && opts->key)
		r = module_sign(ret_ko, opts->key, opts->cert, err);
	elf_out_free(&ko);
out:
	elf_obj_free(o);
	free(name);
	free(dir);
	free(file);
	free(path);
	return r;
}
