// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compiling what the patches affect, by kbuild, in both versions.
 *
 * The originals are compiled in the prepared tree as it is, and stay there: for them make is not called again, which
 * takes as long as compiling a small unit. For the patched version the touched files are replaced (swap.h) and make is
 * called: it sees itself what has to be compiled.
 */
#include "kernel/units.h"
#include "base/log.h"
#include "build/load.h"
#include "kernel/assembly.h"
#include "kernel/includes.h"
#include "kernel/keys.h"
#include "kernel/swap.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- which units --- */

static bool is_build_file(const char *path)
{
	const char *b = path_base(path);

	return str_starts(b, "Makefile") || !strcmp(b, "Kbuild") || str_starts(b, "Kconfig") ||
	       str_ends(b, ".lds") || str_ends(b, ".lds.S") || !strcmp(b, "vmlinux.lds.h") ||
	       str_starts(path, "scripts/");
}

/* Folders of which no byte gets into a kernel. */
static bool is_outside(const struct ktree *t, const char *path)
{
	static const char *const dirs[] = {"Documentation/", "tools/", "samples/", "LICENSES/", "usr/"};
	char *own;
	bool other;

	if (t->headers)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (str_starts(path, dirs[i]))
			return true;
	/* arch/x86_64 does not exist. */
	own = xasprintf("arch/%s/", !strcmp(t->arch, "x86_64") ? "x86" : t->arch);
	other = str_starts(path, "arch/") && strcmp(path, "arch/Kconfig") && !str_starts(path, own);
	free(own);
	return other;
}

/* Of which programs are made that the kernel carries: they run in processes, before it, or after it. */
static bool is_inner(const char *path)
{
	static const char *const dirs[] = {"/vdso/", "/vdso32/", "/vdso64/", "/purgatory/", "/realmode/rm/"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (strstr(path, dirs[i]))
			return true;
	return false;
}

/* The same, of files that units are made of as well: the hypervisor of arm64 without VHE has its own copy of each. */
static bool has_inner_copy(const char *path)
{
	return str_starts(path, "arch/arm64/kvm/hyp/") && !str_starts(path, "arch/arm64/kvm/hyp/vhe/");
}

/* Of which nothing is made that runs. */
static bool is_text(const char *path)
{
	static const char *const starts[] = {".", "README", "TODO", "MAINTAINERS", "CREDITS", "COPYING"};
	static const char *const ends[] = {".rst", ".md", ".yaml", ".json", "_defconfig", ".config", ".dts", ".dtsi", ".dtso"};
	bool text = false;

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		text |= str_starts(path_base(path), starts[i]);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		text |= str_ends(path, ends[i]);
	return text;
}

static bool is_code(const char *path)
{
	return str_ends(path, ".c") || str_ends(path, ".h") || str_ends(path, ".S");
}

static bool has_source(const struct ktree *t, const char *unit)
{
	char *path = xasprintf("%s/%.*s.c", t->src, (int)strlen(unit) - 2, unit);
	bool has = file_exists(path);

	free(path);
	return has;
}

static int choose_units(const struct ktree *t, const struct patch_set *ps, struct kunits *ret,
			struct strvec *included, struct strvec *assembly, struct sut_err *err)
{
	struct strvec units = {0};
	size_t before = err->n;

	for (size_t i = 0; i < ps->n_files; i++) {
		const struct touched_file *f = &ps->files[i];

		if (is_outside(t, f->path)) {
			strvec_push(&ret->not_compiled, f->path);
		} else if (is_build_file(f->path)) {
			sut_fail(err, SUT_K_BUILD_FILE, f->path, "it says how the kernel is built");
		} else if (has_inner_copy(f->path)) {
			sut_fail(err, SUT_K_INNER, f->path, "the hypervisor's code is made of it, too");
		} else if (str_ends(f->path, ".S") && !is_inner(f->path)) {
			if (ktree_has_unit(t, f->path))
				sut_fail(err, SUT_B_ASM, f->path, "it is assembly");
			else
				strvec_push(included, f->path);
		} else if (str_ends(f->path, ".c") && ktree_has_unit(t, f->path)) {
			if (f->is_deleted)
				sut_fail(err, SUT_B_UNIT_REMOVED, f->path, "the patch removes it");
			else
				strvec_push(&units, f->path);
		} else if (is_inner(f->path)) {
			sut_fail(err, SUT_K_INNER, f->path, "it is part of a program that the kernel carries");
		} else if (is_text(f->path)) {
			strvec_push(&ret->not_compiled, f->path);
		} else {
			strvec_push(included, f->path);
		}
	}
	for (size_t i = 0; i < units.n; i++)
		VEC_PUSH(ret->v, ret->n, ret->cap)->source = xstrdup(units.v[i]);
	if (included->n && err->n == before) {
		struct strvec more = {0};

		/* A module has few units, and its makefile may give headers to all of them: kbuild will tell. */
		for (size_t i = 0; i < t->units.n && t->headers; i++)
			if (has_source(t, t->units.v[i]))
				strvec_pushf(&more, "%.*s.c", (int)strlen(t->units.v[i]) - 2, t->units.v[i]);
		if (!t->headers)
			includes_find(t, included->v, &more);
		for (size_t i = 0; i < more.n; i++)
			if (str_ends(more.v[i], ".S"))
				strvec_push(assembly, more.v[i]);
			else if (!strvec_has(&units, more.v[i]))
				VEC_PUSH(ret->v, ret->n, ret->cap)->source = xstrdup(more.v[i]);
		if (more.n > 20)
			log_info("%zu units may include what the patch changes", more.n);
		strvec_free(&more);
	}
	strvec_free(&units);
	return err->n > before ? -1 : 0;
}

/* --- compiling --- */

static char *object_in(const char *out, const char *source)
{
	return xasprintf("%s/%.*s.o", out, (int)strlen(source) - 2, source);
}

/* What a compiler says of errors, and where nothing looks like that, the end of it all. */
static int does_not_compile(const struct ktree *t, const char *which, const char *output,
			    const struct kunits *u, struct sut_err *err)
{
	char *prefix = xasprintf("%s/", t->src), *said = path_map(output, prefix, "");
	struct buf b = {0};
	size_t lines = 0, n = strlen(said);
	const char *p = said + n;

	for (const char *l = said; l && *l && lines < 20; l = (l = strchr(l, '\n')) ? l + 1 : NULL)
		if (memmem(l, strcspn(l, "\n"), "error: ", 7)) {
			buf_addf(&b, "%.*s\n", (int)strcspn(l, "\n"), l);
			lines++;
		}
	while (!lines && p > said && n - (size_t)(p - said) < 1500)
		p--;
	sut_fail(err, SUT_B_COMPILE, u->n == 1 ? u->v[0].source : "kernel",
		 "the %s source does not compile:\n%s", which, lines ? (char *)b.p : p);
	if (t->headers && strcmp(which, "patched") != 0)
		sut_fail_remedy(err, "words for make that the module was built with (MAKE in dkms.conf) belong into --make");
	buf_free(&b);
	free(said);
	free(prefix);
	return -1;
}

struct progress {		/* what is being compiled, told now and then: it may take minutes */
	const char *which;
	size_t n, begun;
	uint64_t told;
	char line[256];		/* what came of one so far */
	size_t len;
};

enum { TELL_EVERY_S = 3, TELL_AFTER_S = 15 };

static void on_line(struct progress *p)
{
	const char *at = strstr(p->line, ".o"), *name = at;
	uint64_t now = now_ns();

	/* "  CC      fs/open.o", "  CC [M]  fs/ext4/inode.o": of units, not of what kbuild makes for itself. */
	if (!str_starts(p->line, "  CC ") || !at || at[2] || str_starts(p->line, "  CC      scripts/"))
		return;
	while (name > p->line && name[-1] != ' ')
		name--;
	p->begun++;
	if (p->told && now - p->told < TELL_EVERY_S * 1000000000ull)
		return;
	p->told = now;
	log_info("compiling %.*s.c (%s), %zu of %zu", (int)(at - name), name, p->which, p->begun, p->n);
}

static void on_output(void *ctx, const char *text, size_t n)
{
	struct progress *p = ctx;

	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n') {
			p->line[p->len] = '\0';
			on_line(p);
			p->len = 0;
		} else if (p->len + 1 < sizeof(p->line)) {
			p->line[p->len++] = text[i];
		}
	}
}

char *kunit_record(const char *object)
{
	const char *base = path_base(object);
	char *path = xasprintf("%.*s.%s.cmd", (int)(base - object), object, base);
	uint8_t *text;
	size_t n;
	bool there = read_file(path, &text, &n) == 0;

	free(path);
	return there ? (char *)text : NULL;
}

enum version { ORIGINAL, FOR_PROOF, PATCHED };

struct way {			/* in which folder */
	const char *out;
	char *word;		/* and what make is told besides; NULL: nothing */
};

/*
 * Is there an object of the original, with kbuild's whole record? Nothing that it was made of changes as long as
 * the tree lives, so kbuild would find nothing to do, for which it needs seconds.
 */
static bool is_made(const char *out, const char *source, const char *goal, const char *word, bool is_module)
{
	char *object = object_in(out, source), *cmd = kunit_record(object);
	char *end = xasprintf("\n$(deps_%s%s%s):", is_module ? out : "", is_module ? "/" : "", goal);
	bool made = cmd && strstr(cmd, end) && file_exists(object);

	/* In a copy of another folder are objects that were made without it. */
	if (made && word)
		made = strstr(cmd, strchr(word, '=') + 1);
	free(object);
	free(cmd);
	free(end);
	return made;
}

static int make_units(const struct ktree *t, enum version v, const struct way *w, const struct kunits *u,
		      struct sut_err *err)
{
	static const char *const names[] = {"original", "the original, for the proof", "patched"};
	struct strvec goals = {0};
	struct progress p = {.which = names[v]};
	uint64_t since = now_ns();
	char *said = NULL;
	int r, status = 0;

	for (size_t i = 0; i < u->n; i++) {
		char *goal = ktree_goal(t, u->v[i].source);

		if (v == PATCHED || !is_made(w->out, u->v[i].source, goal, w->word, t->headers))
			strvec_push(&goals, goal);
		free(goal);
	}
	p.n = goals.n;
	if (goals.n && w->word)
		strvec_push(&goals, w->word);
	if (goals.n)
		status = ktree_make(t, w->out, v == FOR_PROOF ? t->target->proof_flags : t->flags, goals.v,
				    &(struct ktree_watch){on_output, &p}, &said);
	if (now_ns() - since > TELL_AFTER_S * 1000000000ull)
		log_info("%zu units compiled in %.0f s", p.begun, (double)(now_ns() - since) / 1e9);
	if (t->cancel && *t->cancel)
		r = sut_fail(err, SUT_B_COMPILE, "kernel", "it was interrupted");
	else
		r = status ? does_not_compile(t, v == PATCHED ? "patched" : "original", said ? said : "", u, err) : 0;
	free(said);
	strvec_free(&goals);
	return r;
}

/* "... -DMODULE ... -DKBUILD_MODNAME='"ext4"' ..." */
static char *module_of(const char *cmd)
{
	static const char def[] = " -DKBUILD_MODNAME='\"";
	const char *end = strchr(cmd, '\n'), *m = strstr(cmd, " -DMODULE "), *f = strstr(cmd, def);

	if (!m || !f || (end && m > end))
		return NULL;
	f += strlen(def);
	return xstrndup(f, strcspn(f, "\""));
}

bool kunit_reads(const struct ktree *t, const char *cmd, const char *rel)
{
	char *full = path_join(t->src, rel), *folder = path_join(t->src, t->sub ? t->sub : "");
	const char *base = path_base(rel);
	size_t n = strlen(base);
	bool hit = false;

	/* Of "fs/proc/../mount.h", too, and relative to a module's folder, as newer kernels have it. */
	for (const char *p = cmd; !hit && (p = strstr(p, base)); p += n) {
		const char *from = p;
		char *word, *is;

		if (!strchr(" \n", p[n]))
			continue;
		while (from > cmd && !strchr(" \n\t", from[-1]))
			from--;
		word = xstrndup(from, (size_t)(p - from) + n);
		is = path_normal(folder, word);
		hit = !strcmp(is, full);
		free(word);
		free(is);
	}
	free(full);
	free(folder);
	return hit;
}

/*
 * Of the units that might include a patched file those stay that do, by what kbuild wrote down; and files
 * that nothing includes are told.
 */
static void drop_others(const struct ktree *t, const struct patch_set *ps, const struct strvec *included,
			struct kunits *u)
{
	bool *used = xcalloc(included->n + 1, sizeof(*used));
	size_t n = 0;

	for (size_t i = 0; i < u->n; i++) {
		char *cmd = kunit_record(u->v[i].orig);
		bool touched = false;

		for (size_t k = 0; k < ps->n_files; k++)
			touched |= !strcmp(ps->files[k].path, u->v[i].source);
		for (size_t k = 0; cmd && k < included->n; k++)
			if (kunit_reads(t, cmd, included->v[k]))
				touched = used[k] = true;
		if (touched && cmd) {
			u->v[i].module = module_of(cmd);
			u->v[n++] = u->v[i];
		} else {
			free(u->v[i].source);
			free(u->v[i].orig);
		}
		free(cmd);
	}
	u->n = n;
	for (size_t k = 0; k < included->n; k++) {
		bool is_new = false;

		for (size_t i = 0; i < ps->n_files; i++)
			is_new |= ps->files[i].is_new && !strcmp(ps->files[i].path, included->v[k]);
		if (!used[k] && !is_new)
			strvec_push(&u->not_compiled, included->v[k]);
	}
	free(used);
}

/* What assembly includes is part of the kernel, too. */
static void keep_included(struct kunits *u, const struct strvec *included)
{
	struct strvec all = u->not_compiled;

	memset(&u->not_compiled, 0, sizeof(u->not_compiled));
	for (size_t i = 0; i < all.n; i++)
		if (!strvec_has(included, all.v[i]))
			strvec_push(&u->not_compiled, all.v[i]);
	strvec_free(&all);
}

/* What no unit includes may be what a generator reads (syscall_64.tbl). */
static int check_generated(const struct ktree *t, const struct kunits *u, struct sut_err *err)
{
	size_t before = err->n;

	for (size_t i = 0; i < u->not_compiled.n && !t->headers; i++) {
		const char *f = u->not_compiled.v[i];

		if (is_code(f) || is_text(f) || is_outside(t, f))
			continue;
		sut_fail(err, SUT_B_GENERATED, f, "no source file includes it: something is generated from it, or nothing");
		sut_fail_remedy(err, "leave it out of the diff, if the fix does without");
	}
	return err->n > before ? -1 : 0;
}

static int take_objects(const struct way *w, struct kunits *u, struct sut_err *err)
{
	for (size_t i = 0; i < u->n; i++) {
		char *from = object_in(w->out, u->v[i].source), *to = object_in(u->dir, u->v[i].source);
		char *dir = xstrdup(to);
		int r = 0;

		if (mkdir_p(dirname(dir)) < 0 || rename(from, to) < 0)
			r = sut_fail(err, SUT_E_IO, to, "%s", strerror(errno));
		u->v[i].patched = to;
		free(dir);
		free(from);
		if (r < 0)
			return -1;
	}
	return 0;
}

static int compile_patched(const struct ktree *t, struct patch_set *ps, const struct way *w, struct kunits *u,
			   const struct assembly *a, struct sut_err *err)
{
	struct strvec objects = {0};
	int r;

	for (size_t i = 0; i < u->n; i++)
		strvec_push(&objects, u->v[i].orig);
	r = swap_in(t, ps, w->out, &objects, err);
	if (!r && u->n)
		r = make_units(t, PATCHED, w, u, err);
	if (!r && a)
		r = assembly_check(a, t, w->out, err);
	if (!r)
		r = take_objects(w, u, err);
	strvec_free(&objects);
	return swap_out(t, err) < 0 ? -1 : r;
}

int kunits_compile(struct ktree *t, struct patch_set *ps, struct kunits *ret, struct sut_err *err)
{
	const struct way usual = {t->out, NULL}, proof = {t->proof_out, NULL};
	struct strvec included = {0};
	struct assembly a = {0};
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->dir = path_join(t->dir, "new");
	remove_tree(ret->dir);
	r = choose_units(t, ps, ret, &included, &a.units, err);
	for (size_t i = 0; i < ret->n; i++)
		ret->v[i].orig = object_in(t->out, ret->v[i].source);
	if (!r)
		r = make_units(t, ORIGINAL, &usual, ret, err);
	if (!r) {
		drop_others(t, ps, &included, ret);
		assembly_read(&a, t, t->out, &included);
		keep_included(ret, &a.includes);
		r = check_generated(t, ret, err);
		if (!r && t->proof_out && ret->n)
			r = make_units(t, FOR_PROOF, &proof, ret, err);
	}
	for (size_t i = 0; i < ret->n && !r && t->proof_out; i++)
		ret->v[i].proof = object_in(t->proof_out, ret->v[i].source);
	if (!r && (ret->n || a.units.n))
		r = compile_patched(t, ps, &usual, ret, included.n ? &a : NULL, err);
	strvec_free(&included);
	assembly_free(&a);
	return r;
}

int kunits_compile_keys(struct ktree *t, struct patch_set *ps, struct kunits *u, struct sut_err *err)
{
	struct way keys = {t->keys_out, keys_prepare(t, err)};
	int r = keys.word ? 0 : -1;

	u->dir = path_join(t->dir, "new");
	for (size_t i = 0; i < u->n; i++)
		u->v[i].orig = object_in(keys.out, u->v[i].source);
	if (!r)
		r = make_units(t, ORIGINAL, &keys, u, err);
	if (!r)
		r = compile_patched(t, ps, &keys, u, NULL, err);
	free(keys.word);
	return r;
}

void kunits_free(struct kunits *u)
{
	for (size_t i = 0; i < u->n; i++) {
		free(u->v[i].source);
		free(u->v[i].module);
		free(u->v[i].orig);
		free(u->v[i].patched);
		free(u->v[i].proof);
	}
	free(u->v);
	strvec_free(&u->not_compiled);
	free(u->dir);
	memset(u, 0, sizeof(*u));
}
