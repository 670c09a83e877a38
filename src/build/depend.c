// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A net under the search for affected units.
 *
 * The problem: which units a patch affects is told by the files that the build's own compiles read. Two
 * things are not to be seen there. A header that the patch creates was read by nobody, but it may stand in
 * front of one of the same name on the include path, or answer an __has_include. And a patched unit may
 * read the unpatched version of a file: where a header has the full path of another one (builds outside of
 * the tree write such), it leads out of the patched tree. Then a fix would be missing from the patch, or
 * nothing would differ and the answer be "not needed".
 *
 * The plan: units any of whose files has the name of a new header in it are compiled like affected ones
 * (when nothing differs, nothing comes of it). And each patched compile writes what it read: every file
 * is compared with the touched ones of the original trees, links resolved.
 *
 * Not supported: a new header whose name is put together by the preprocessor.
 */
#include "build/depend.h"

#include "build/load.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool mentions(const char *path, const char *word)
{
	uint8_t *text;
	size_t n;
	bool res;

	if (read_file(path, &text, &n) < 0)
		return false;
	res = memmem(text, n, word, strlen(word)) != NULL;
	free(text);
	return res;
}

static bool args_mention(const struct unit *u, const char *word)
{
	for (size_t i = 0; i < u->args.n; i++)
		if (strstr(u->args.v[i], word))
			return true;
	return false;
}

/* Marks in @ret the units that have the name @word in one of their files below c->src. */
static void mark_namers(const struct capture *c, const char *word, bool *ret)
{
	struct strvec with = {0}, without = {0};

	for (size_t i = 0; i < c->units.n; i++) {
		const struct unit *u = &c->units.v[i];

		ret[i] |= args_mention(u, word);
		for (size_t k = 0; k <= u->deps.n && !ret[i]; k++) {
			const char *p = k < u->deps.n ? u->deps.v[k] : u->source_path;

			if (!path_is_below(p, c->src) || strvec_has(&without, p))
				continue;
			if (!strvec_has(&with, p))
				strvec_push(mentions(p, word) ? &with : &without, p);
			ret[i] = strvec_has(&with, p);
		}
	}
	strvec_free(&with);
	strvec_free(&without);
}

bool *depend_on_new(const struct capture *c, const struct patch_set *ps)
{
	bool *ret = NULL;

	for (size_t i = 0; i < ps->n_files; i++) {
		if (!ps->files[i].is_new || !lines_may_be_included(ps->files[i].path))
			continue;
		if (!ret)
			ret = xcalloc(c->units.n + 1, sizeof(*ret));
		mark_namers(c, path_base(ps->files[i].path), ret);
	}
	return ret;
}

/* @path in @tree is file @f of the patches; both may be reached by links. */
static bool is_file(const char *path, const char *tree, const struct touched_file *f)
{
	char *want = path_join(tree, f->path), *a = realpath(path, NULL), *b = realpath(want, NULL);
	bool same = a && b && !strcmp(a, b);

	free(a);
	free(b);
	free(want);
	return same;
}

int depend_check(const struct capture *c, const struct patch_set *ps, const struct unit *u,
		 const char *deps, const char *cwd, const char *tree, struct strvec *touched,
		 struct sut_err *err)
{
	struct strvec read = {0};
	uint8_t *text;
	size_t n;
	int r = 0;

	if (read_file(deps, &text, &n) < 0)
		return sut_fail(err, SUT_E_IO, deps, "%s", strerror(errno));
	command_parse_deps((char *)text, cwd, &read);
	free(text);
	for (size_t k = 0; k < ps->n_files; k++) {
		const struct touched_file *f = &ps->files[k];

		for (size_t i = 0; i < read.n; i++) {
			const char *p = read.v[i];

			/* Most are of another name; links may have any, but then the list of copies has them. */
			if (strcmp(path_base(p), path_base(f->path)) != 0)
				continue;
			if (is_file(p, tree, f)) {
				if (!strvec_has(touched, f->path))
					strvec_push(touched, f->path);
			} else if (is_file(p, c->src, f) || is_file(p, c->origin, f)) {
				r = sut_fail(err, SUT_B_INCLUDE, f->path, "the patched '%s' reads '%s'", u->source,
					     p);
				break;
			}
		}
	}
	strvec_free(&read);
	return r;
}

bool depend_is_build_file(const char *path)
{
	static const char *const names[] = {"Makefile", "makefile", "GNUmakefile", "BSDmakefile", "Makefile.in",
					    "CMakeLists.txt", "meson.build", "meson_options.txt", "configure",
					    "configure.in", "SConstruct", "SConscript", "wscript", "Kbuild"};
	static const char *const exts[] = {".mk", ".mak", ".am", ".ac", ".m4", ".cmake", ".ninja", ".pro"};
	const char *base = path_base(path);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(base, names[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(exts); i++)
		if (str_ends(base, exts[i]))
			return true;
	return !strcmp(path, "debian/rules");
}
