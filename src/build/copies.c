// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copies of touched files.
 *
 * The problem: a patch names src/x.c, but the build compiles debian/build-extras/src/x.c, a copy
 * that it made (Debian's nginx), or a symbolic link, or a y.tab.c that it made of grammar.y. Taking
 * the patch by its names alone would find no unit, and say "not needed" of a fix that is needed.
 *
 * The facts: every file that goes into a unit is known from the capture. A copy has the name and the
 * text of the touched file and is not in the user's tree, or was written again by the build; a link
 * leads to it. Else a file of the tree counts when the touched one itself is in no unit.
 *
 * The plan: copies get the patched text. A file that the patch creates goes to the same place beside
 * each copied tree. A file that has the whole path of a touched one but another text was edited by
 * the build: how, is not known, so it is refused. The same goes for grammars and other inputs of
 * generators, unless the patch has the generated file too, as those of released trees do.
 *
 * Not supported: copies that the build renames and changes at once; templates (x.c.in) of which a
 * unit's name does not tell.
 */
#include "build/copies.h"

#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* @path, below @top, without it: "src/x.c". NULL where it lies elsewhere. */
static const char *below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return !strncmp(path, top, n) && path[n] == '/' ? path + n + 1 : NULL;
}

static bool ends_in_path(const char *path, const char *tail)
{
	size_t n = strlen(path), m = strlen(tail);

	return n > m && path[n - m - 1] == '/' && !strcmp(path + n - m, tail);
}

static bool has_unit(const struct capture *c, const char *path)
{
	for (size_t i = 0; i < c->units.n; i++)
		if (unit_depends_on(&c->units.v[i], path))
			return true;
	return false;
}

/* Every file below c->src that a unit is made of and that has the name @base, once each. */
static void find_namesakes(const struct capture *c, const char *base, struct strvec *ret)
{
	for (size_t i = 0; i < c->units.n; i++) {
		const struct unit *u = &c->units.v[i];

		for (size_t k = 0; k <= u->deps.n; k++) {
			const char *p = k < u->deps.n ? u->deps.v[k] : u->source_path;

			if (!strcmp(path_base(p), base) && below(p, c->src) && !strvec_has(ret, p))
				strvec_push(ret, p);
		}
	}
}

/*
 * True where @path is not in the user's tree, or the build has written it again: the tree was copied
 * with its times, and the touched files are made newer before a build.
 */
static bool made_by_build(const struct capture *c, const char *path)
{
	char *own = path_join(c->origin, below(path, c->src));
	struct stat a, b;
	bool made = stat(own, &a) < 0 || stat(path, &b) < 0 ||
		    a.st_mtim.tv_sec != b.st_mtim.tv_sec || a.st_mtim.tv_nsec != b.st_mtim.tv_nsec;

	free(own);
	return made;
}

static void add(struct copies *ret, size_t file, const char *path)
{
	struct file_copy *k = VEC_PUSH(ret->v, ret->n, ret->cap);

	k->file = file;
	k->path = xstrdup(path);
}

static int find_for_file(const struct capture *c, const struct patch_set *ps, size_t file,
			 struct copies *ret, struct sut_err *err)
{
	const struct touched_file *f = &ps->files[file];
	char *path = capture_touched_path(c, f), *real = realpath(path, NULL);
	const char *changed = NULL;
	struct strvec names = {0};
	bool used = has_unit(c, path);
	size_t before = ret->n;
	int r = 0;

	find_namesakes(c, path_base(f->path), &names);
	for (size_t i = 0; real && i < names.n; i++) {
		const char *p = names.v[i];
		bool made = made_by_build(c, p);
		char *to;

		if (!strcmp(p, path))
			continue;
		to = realpath(p, NULL);
		if (to && !strcmp(to, real))
			add(ret, file, p);
		else if ((made || !used) && files_equal(p, path))
			add(ret, file, p);
		else if (made && ends_in_path(p, f->path))
			changed = p;
		free(to);
	}
	if (changed && !used && ret->n == before)
		r = sut_fail(err, SUT_B_COPY_CHANGED, f->path,
			     "the build compiles '%s', which has this file's name but another text",
			     below(changed, c->src));
	strvec_free(&names);
	free(real);
	free(path);
	return r;
}

/* What the generators of the field read; the generated file has the same stem or is y.tab.c. */
static bool is_generator_input(const char *path)
{
	static const char *const exts[] = {".y", ".yy", ".ypp", ".y++", ".l", ".ll", ".lpp", ".l++",
					   ".rl", ".gperf", ".asn1", ".proto"};

	for (size_t i = 0; i < ARRAY_SIZE(exts); i++)
		if (str_ends(path, exts[i]))
			return true;
	return false;
}

/* True where @path is a C file with the stem of @input: "a/gram.c" or "a/gram.tab.h" of "a/gram.y". */
static bool is_made_of(const char *path, const char *input)
{
	const char *base = path_base(path), *from = path_base(input);
	size_t n = strcspn(from, ".");

	return !strncmp(base, from, n) && base[n] == '.' && strcmp(base, from) != 0;
}

static int check_generated(const struct capture *c, const struct patch_set *ps, struct sut_err *err)
{
	int r = 0;

	for (size_t i = 0; i < ps->n_files; i++) {
		const struct touched_file *f = &ps->files[i];
		const char *made = NULL;
		bool patched = false;

		if (f->is_new || !is_generator_input(f->path))
			continue;
		for (size_t k = 0; k < ps->n_files; k++)
			patched |= k != i && is_made_of(ps->files[k].path, f->path);
		for (size_t k = 0; k < c->units.n && !patched && !made; k++) {
			const struct unit *u = &c->units.v[k];

			if (is_made_of(u->source_path, f->path))
				made = u->source;
			for (size_t d = 0; d < u->deps.n && !made; d++)
				if (is_made_of(u->deps.v[d], f->path) &&
				    below(u->deps.v[d], c->src))
					made = below(u->deps.v[d], c->src);
		}
		if (made)
			r = sut_fail(err, SUT_B_GENERATED, f->path,
				     "'%s' is generated from it, and the patch does not change that",
				     made);
	}
	return r;
}

/* A new file of the patch stands beside each copied tree too, where its folder is. */
static void add_new_files(const struct capture *c, const struct patch_set *ps, struct copies *ret)
{
	size_t n = ret->n;

	for (size_t i = 0; i < ps->n_files; i++) {
		struct strvec done = {0};

		for (size_t k = 0; ps->files[i].is_new && k < n; k++) {
			const char *rel = ps->files[ret->v[k].file].path, *copy = ret->v[k].path;
			char *top, *path, *slash, *dir;

			if (!ends_in_path(copy, rel))
				continue;
			top = xstrndup(copy, strlen(copy) - strlen(rel));
			path = path_join(top, ps->files[i].path);
			dir = xstrdup(path);
			slash = strrchr(dir, '/');
			*slash = '\0';
			if (file_exists(dir) && !strvec_has(&done, path)) {
				strvec_push(&done, path);
				add(ret, i, path);
			}
			free(dir);
			free(path);
			free(top);
		}
		strvec_free(&done);
	}
}

int copies_find(const struct capture *c, const struct patch_set *ps, struct copies *ret,
		struct sut_err *err)
{
	int r = 0;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < ps->n_files; i++)
		if (!ps->files[i].is_new)
			r |= find_for_file(c, ps, i, ret, err);
	add_new_files(c, ps, ret);
	for (size_t i = 0; i < ret->n; i++)
		log_debug("%s is compiled as %s", ps->files[ret->v[i].file].path,
			  below(ret->v[i].path, c->src));
	return check_generated(c, ps, err) < 0 || r < 0 ? -1 : 0;
}

/* A link to a folder must not lead the writing out of the patched tree. */
static bool stays_inside(const char *path, const char *tree)
{
	char *dir = xstrdup(path), *slash = strrchr(dir, '/'), *real, *top = realpath(tree, NULL);
	bool inside;

	*slash = '\0';
	real = realpath(dir, NULL);
	inside = real && top && (!strcmp(real, top) || below(real, top));
	free(real);
	free(top);
	free(dir);
	return inside;
}

int copies_patch(const struct capture *c, const struct patch_set *ps, const struct copies *copies,
		 const char *tree, struct sut_err *err)
{
	for (size_t i = 0; i < copies->n; i++) {
		const struct touched_file *f = &ps->files[copies->v[i].file];
		char *from = path_join(tree, f->path);
		char *to = path_join(tree, below(copies->v[i].path, c->src));
		uint8_t *text = NULL;
		size_t n;
		int r = 0;

		if (!stays_inside(to, tree))
			r = sut_fail(err, SUT_B_COPY_CHANGED, f->path,
				     "the build compiles '%s', which lies behind an absolute link",
				     copies->v[i].path);
		else if (!f->is_deleted &&
			 (read_file(from, &text, &n) < 0 || write_file(to, text, n) < 0))
			r = sut_fail(err, SUT_E_IO, to, "%s", strerror(errno));
		free(text);
		free(from);
		free(to);
		if (r < 0)
			return -1;
	}
	return 0;
}

bool copies_unit_uses(const struct capture *c, const struct patch_set *ps,
		      const struct copies *copies, const struct unit *u, size_t file)
{
	char *p = capture_touched_path(c, &ps->files[file]);
	bool uses = unit_depends_on(u, p);

	for (size_t i = 0; i < copies->n && !uses; i++)
		uses = copies->v[i].file == file && unit_depends_on(u, copies->v[i].path);
	free(p);
	return uses;
}

void copies_free(struct copies *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->v[i].path);
	free(c->v);
	memset(c, 0, sizeof(*c));
}
