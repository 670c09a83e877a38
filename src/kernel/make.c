// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module itself: glue and parts, put together by the build system of the kernel that is patched. It adds
 * what a module needs (struct module, version checksums of exported symbols) in that kernel's own way.
 */
#include "base/log.h"
#include "kernel/module.h"
#include "kernel/symvers.h"
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
	/* That one is taken: it applies patches. */
	if (!strcmp(name, CORE_MODULE)) {
		free(name);
		name = xstrdup(CORE_MODULE "_");
	}
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

/* What the patched code of @o takes from module @x->place.object, which @o needs. */
static bool is_need(const struct kbuild *kb, const struct module_object *o, const struct module_extern *x)
{
	return o->object && x->owner == o->object && strcmp(x->place.object, "vmlinux") != 0 &&
	       strcmp(x->place.object, kb->objects[o->object].name) != 0;
}

static bool has_needs(const struct kbuild *kb, const struct module_parts *m, const struct module_object *o)
{
	bool any = false;

	for (size_t i = 0; i < m->n_externs; i++)
		any |= is_need(kb, o, &m->externs[i]);
	return any;
}

/* Of a module: that of the kernel is checked before the patch is loaded. */
static bool has_build_id(const struct kbuild_object *o)
{
	return strcmp(o->name, "vmlinux") != 0 && o->image->build_id;
}

/* Is something checked before the object is patched? */
static bool has_check(const struct kbuild *kb, const struct module_parts *m, const struct module_object *o)
{
	return has_build_id(&kb->objects[o->object]) || has_needs(kb, m, o) ||
	       (o->object && kb->objects[o->object].started);
}

static void write_object(struct buf *b, const struct kbuild *kb, const struct module_parts *m, size_t i)
{
	static const char *const names[CB_COUNT] = {"pre_patch", "post_patch", "pre_unpatch", "post_unpatch"};
	const struct module_object *o = &m->objects[i];
	const struct kbuild_object *ko = &kb->objects[o->object];

	buf_addf(b, "\t{\n");
	if (o->object)
		buf_addf(b, "\t\t.name = \"%s\",\n", ko->name);
	if (o->object && !kb->livepatch && ko->image->srcversion)
		buf_addf(b, "\t\t.srcversion = \"%s\",\n", ko->image->srcversion);
	buf_addf(b, "\t\t.funcs = patch_funcs_%zu,\n", i);
	if (m->n_relocs && m->n_relocs[o->object])
		buf_addf(b, "\t\t.relocs = patch_relocs_%zu,\n\t\t.nr_relocs = %zu,\n", o->object,
			 m->n_relocs[o->object]);
	if (has_check(kb, m, o))
		buf_addf(b, "\t\t.callbacks.pre_patch = patch_pre_%zu,\n", i);
	for (size_t k = 0; k < CB_COUNT; k++)
		if (o->callbacks[k] && (k != CB_PRE_PATCH || !has_check(kb, m, o)))
			buf_addf(b, "\t\t.callbacks.%s = %s,\n", names[k], o->callbacks[k]);
	buf_addf(b, "\t},\n");
}

static void write_bytes(struct buf *b, const char *name, size_t n, const uint8_t *p, size_t size)
{
	buf_addf(b, "static const u8 %s_%zu[] = {", name, n);
	for (size_t i = 0; i < size; i++)
		buf_addf(b, "%s0x%02x,", i % 16 ? " " : "\n\t", p[i]);
	buf_addf(b, "\n};\n");
}

static void write_needs(struct buf *b, const struct kbuild *kb, const struct module_parts *m, size_t i)
{
	buf_addf(b, "static const struct patch_need patch_needs_%zu[] = {\n", i);
	for (size_t k = 0; k < m->n_externs; k++) {
		const struct kbuild_sym *p = &m->externs[k].place;
		const struct export *e = symvers_find(kb->symvers, p->name);

		if (is_need(kb, &m->objects[i], &m->externs[k]))
			buf_addf(b, "\t{\"%s\", \"%s\", 0x%08x},\n", p->object, p->name, e ? e->crc : 0);
	}
	buf_addf(b, "};\n");
}

/*
 * What is called for a module before any of it is patched: the checks of its build and of the modules that it needs,
 * then the author's own.
 */
static void write_pre_patch(struct buf *b, const struct kbuild *kb, const struct module_parts *m, size_t i)
{
	const struct module_object *o = &m->objects[i];
	const struct kimage *k = kb->objects[o->object].image;
	bool builds = has_build_id(&kb->objects[o->object]), needs = has_needs(kb, m, o);

	if (!has_check(kb, m, o))
		return;
	if (builds)
		write_bytes(b, "patch_build", i, k->build_id, k->build_id_size);
	if (needs)
		write_needs(b, kb, m, i);
	buf_addf(b, "static int patch_pre_%zu(struct patch_object *obj)\n{\n\tint err = 0;\n\n", i);
	if (builds)
		buf_addf(b, "\terr = check_build(obj, patch_build_%zu, sizeof(patch_build_%zu));\n", i, i);
	if (kb->objects[o->object].started)
		buf_addf(b, "\tif (!err)\n\t\terr = check_started(obj);\n");
	if (needs)
		buf_addf(b, "\tif (!err)\n\t\terr = check_needs(obj, patch_needs_%zu, ARRAY_SIZE(patch_needs_%zu));\n", i, i);
	buf_addf(b, "\treturn err ? err : %s%s;\n}\n", o->callbacks[CB_PRE_PATCH] ? o->callbacks[CB_PRE_PATCH] : "0",
		 o->callbacks[CB_PRE_PATCH] ? "(obj)" : "");
}

/* One line of the list of functions; what it must look like goes before that into @data. */
static void write_func(struct buf *b, struct buf *data, size_t n, const struct kbuild *kb, const struct kbuild_unit *u,
		       uint32_t sym, const char *alias, const struct kbuild_sym *place)
{
	const char *section = module_section_name(kb, place);
	struct buf bytes = {0}, mask = {0};
	bool known = !kb->livepatch && expect_code(kb, u, sym, &bytes, &mask);

	buf_addf(b, "\tPATCH_FUNC(\"%s\", %s, %u, 0x%llx, %s%s%s, %llu, ", place->name, alias, place->sympos,
		 (unsigned long long)(section ? place->sec_offset : place->offset), section ? "\"" : "",
		 section ? section : "NULL", section ? "\"" : "", (unsigned long long)place->size);
	if (known) {
		write_bytes(data, "patch_expect", n, bytes.p, bytes.n);
		write_bytes(data, "patch_mask", n, mask.p, mask.n);
		buf_addf(b, "patch_expect_%zu, patch_mask_%zu, %zu)\n", n, n, bytes.n);
	} else {
		buf_addf(b, "NULL, NULL, 0)\n");
	}
	buf_free(&bytes);
	buf_free(&mask);
}

/* The parts that the compiler put elsewhere change with the function. Livepatch has no entries for them. */
static void write_funcs(struct buf *b, const struct kbuild *kb, const struct module_parts *m, size_t object, size_t *n)
{
	struct buf list = {0};

	for (size_t k = 0; k < m->n_funcs; k++) {
		const struct module_func *f = &m->funcs[k];
		const struct kbuild_unit *u = &kb->units[f->unit];
		struct kbuild_sym cold;

		if (f->object != object)
			continue;
		write_func(&list, b, (*n)++, kb, u, f->func->orig, f->alias, &f->place);
		for (size_t i = 0; i < f->func->n_orig_cold && !kb->livepatch; i++)
			if (kbuild_orig_sym(kb, u, f->func->orig_cold[i], &cold) && cold.named)
				write_func(&list, b, (*n)++, kb, u, f->func->orig_cold[i], "NULL", &cold);
	}
	buf_addf(b, "\nstatic struct patch_func patch_funcs_%zu[] = {\n%s\t{}\n};\n", object,
		 list.n ? (char *)list.p : "");
	buf_free(&list);
}

/* "#1 SMP Debian 6.1.176-1 (2026-07-02)": what uname -v says stands behind the compiler, in a banner. */
static const char *version_of(const struct kbuild *kb)
{
	const char *v = kb->banner ? strstr(kb->banner, ") #") : NULL;

	return v ? v + 2 : "";
}

/* What an author's module would say with MODULE_IMPORT_NS(), whose argument has changed its form in 6.13. */
static void write_namespaces(struct buf *b, const struct kbuild *kb, const struct elf_out *out)
{
	struct strvec done = {0};

	for (size_t i = 1; i < out->n_syms; i++) {
		const struct elf_out_sym *s = &out->syms[i];
		const struct export *e = !s->dropped && s->shndx == SHN_UNDEF ? symvers_find(kb->symvers, s->name) : NULL;

		if (!e || !e->ns || strvec_has(&done, e->ns))
			continue;
		strvec_push(&done, e->ns);
		buf_addf(b, "MODULE_INFO(import_ns, \"%s\");\n", e->ns);
	}
	strvec_free(&done);
}

/* The table that glue.c includes. */
static int write_table(struct buf *b, const struct kbuild *kb, struct module_parts *m, const struct module_opts *opts,
		       struct sut_err *err)
{
	size_t n = 0;
	bool has_kernel = false;

	buf_addf(b, "#define PATCH_REPLACE %s\n#define PATCH_INFO ", m->replace || opts->replace ? "true" : "false");
	c_string(b, opts->info);
	buf_addf(b, "\n#define PATCH_RELEASE ");
	c_string(b, kb->release);
	buf_addf(b, "\n#define PATCH_VERSION ");
	c_string(b, version_of(kb));
	buf_addf(b, "\n\n");
	write_namespaces(b, kb, &m->out);
	if (!kb->livepatch && relocs_write(b, kb, m, err) < 0)
		return -1;
	for (size_t i = 0; i < m->n_funcs; i++)
		buf_addf(b, "extern void %s(void);\n", m->funcs[i].alias);
	for (size_t i = 0; i < m->n_objects; i++)
		for (size_t k = 0; k < CB_COUNT; k++)
			if (m->objects[i].callbacks[k])
				buf_addf(b, "extern %s %s(struct patch_object *);\n", k == CB_PRE_PATCH ? "int" : "void",
					 m->objects[i].callbacks[k]);
	for (size_t i = 0; i < m->n_objects; i++)
		write_funcs(b, kb, m, i, &n);
	for (size_t i = 0; i < m->n_objects; i++)
		write_pre_patch(b, kb, m, i);
	buf_addf(b, "\nstatic struct patch_object patch_objects[] = {\n");
	/* The kernel comes first: what modules' code refers to there must be resolved before it runs. */
	for (size_t i = 0; i < m->n_objects; i++)
		if (!m->objects[i].object) {
			write_object(b, kb, m, i);
			has_kernel = true;
		}
	if (!has_kernel && m->n_relocs && (m->n_relocs[0] || m->n_jumps))
		buf_addf(b, "\t{\n\t\t.funcs = (struct patch_func []){ {} },\n\t\t.relocs = %s,\n"
			 "\t\t.nr_relocs = %zu,\n\t},\n", m->n_relocs[0] ? "patch_relocs_0" : "NULL", m->n_relocs[0]);
	for (size_t i = 0; i < m->n_objects; i++)
		if (m->objects[i].object)
			write_object(b, kb, m, i);
	buf_addf(b, "\t{}\n};\n");
	if (!m->n_states)
		return 0;
	buf_addf(b, "\n#define PATCH_STATES\nstatic struct patch_state patch_states[] = {\n");
	for (size_t i = 0; i < m->n_states; i++)
		buf_addf(b, "\tPATCH_STATE(%llu, %u)\n", (unsigned long long)m->states[i].id, m->states[i].version);
	buf_addf(b, "\t{}\n};\n");
	return 0;
}

int module_put_file(const char *dir, const char *name, const void *data, size_t n, struct sut_err *err)
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
	static const char interface[] = "suture_core.h";
	struct buf table = {0}, code = {0}, makefile = {0};
	char *core = coremod_dir(kb);
	int r;

	buf_addf(&makefile, "obj-m := %s.o\n%s-y := glue.o code.o\n", name, name);
	if (!kb->livepatch)
		buf_addf(&makefile, "KBUILD_EXTRA_SYMBOLS := %s/Module.symvers\n", core);
	r = write_table(&table, kb, m, opts, err);
	elf_out_write(&m->out, &code);
	r = r || module_put_file(dir, "glue.c", glue_text, strlen(glue_text), err) ||
	    module_put_file(dir, "table.h", table.p, table.n, err) ||
	    /* Newer kbuild has no way from one to the other, older makes the other anew. */
	    module_put_file(dir, "code.o", code.p, code.n, err) ||
	    module_put_file(dir, "code.o_shipped", code.p, code.n, err) ||
	    module_put_file(dir, "Makefile", makefile.p, makefile.n, err) ||
	    module_put_file(dir, ".code.o.cmd", "", 0, err) ||
	    (!kb->livepatch && module_put_file(dir, interface, coremod_source(interface),
					       strlen(coremod_source(interface)), err));
	buf_free(&table);
	buf_free(&code);
	buf_free(&makefile);
	free(core);
	return r ? -1 : 0;
}

int module_put_header(const struct ktree *t, struct sut_err *err)
{
	/* The folder of a module has no include/ that its units look into. */
	char *dir = path_join(t->headers ? t->dir : t->src, "include/suture");
	int r = 0;

	if (mkdir_p(dir) < 0)
		r = sut_fail(err, SUT_E_IO, dir, "%s", strerror(errno));
	else
		r = module_put_file(dir, "patch.h", header_text, strlen(header_text), err);
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

int module_run_make(const struct kbuild *kb, const struct module_opts *opts, const char *dir, struct sut_err *err)
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
	if (kb->tree->own_cc)
		strvec_pushf(&argv, "CC=%s", kb->tree->own_cc);
	/* What is linked is finished: objtool, which has it rewritten with IBT, would lose references (see klp.c). */
	strvec_push(&argv, KTREE_NO_DELAY);
	strvec_push(&argv, KTREE_OBJTOOL);
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

/* What only a debugger reads. */
static void drop_debug(struct elf_out *ko)
{
	for (uint32_t i = 1; i < ko->n_secs; i++) {
		struct elf_out_sec *s = &ko->secs[i];

		if (s->flags & SHF_ALLOC)
			continue;
		if (!str_starts(s->name, ".debug") && !str_starts(s->name, ".stab") && strcmp(s->name, ".comment"))
			continue;
		s->type = SHT_NULL;
		for (size_t k = 1; k < ko->n_syms; k++)
			ko->syms[k].dropped |= ko->syms[k].shndx == i;
	}
}

int module_take(const char *path, const struct module_parts *m, const struct kbuild *kb,
		const struct module_opts *opts, struct buf *ret_ko, struct sut_err *err)
{
	struct elf_obj *o = elf_obj_open(path, err);
	struct elf_out ko;
	int r = 0;

	if (!o)
		return -1;
	elf_out_copy(&ko, o);
	drop_debug(&ko);
	if (m)
		r = klp_finish(&ko, kb, m, err);
	if (!r)
		elf_out_write(&ko, ret_ko);
	if (!r && opts->key)
		r = module_sign(ret_ko, opts->key, opts->cert, err);
	elf_out_free(&ko);
	elf_obj_free(o);
	return r;
}

int module_make(const struct kbuild *kb, struct module_parts *m, const struct module_opts *opts,
		struct buf *ret_ko, struct sut_err *err)
{
	char *name = module_name(opts->name), *dir = path_join(kb->tree->dir, "module"), *file, *path;
	int r = -1;

	file = xasprintf("%s.ko", name);
	path = path_join(dir, file);
	if (strlen(opts->info) > INFO_MAX)
		sut_fail(err, SUT_K_MAKE, opts->name, "what it says of itself is too long (%zu bytes)",
			 strlen(opts->info));
	else if (remove_tree(dir) < 0 || mkdir_p(dir) < 0)
		sut_fail(err, SUT_E_IO, dir, "%s", strerror(errno));
	else if (!write_sources(kb, m, opts, dir, name, err) && !module_run_make(kb, opts, dir, err))
		r = module_take(path, kb->livepatch ? m : NULL, kb, opts, ret_ko, err);
	free(name);
	free(dir);
	free(file);
	free(path);
	return r;
}
