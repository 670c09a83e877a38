// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The source folder of an out-of-tree module.
 *
 * Who runs such a module (DKMS, or built by hand) has its source and the kernel's headers, and no source of
 * the kernel; more is not asked for here. Everything that is known of kernel units holds for its units, too: they
 * are compiled by kbuild with the same rules, only that it is called as for any such module. So this is another way
 * to fill a struct ktree, and who uses one need not know:
 *
 *	CACHE/kernel/KEY/src/	a copy of the folder; kbuild puts objects beside the sources, so it is out/, too
 *	CACHE/kernel/KEY/proof/	another one for what is proved, compiled with other flags
 *	CACHE/kernel/KEY/built-at	where the source was when the module was built
 *
 * kbuild hands absolute names of such sources to the compiler, and __FILE__, in WARN_ON() and debug messages,
 * carries them into the module. DKMS builds in a folder of its own that is gone by now. The strings in the module
 * tell it, and the compiler is told to say the same.
 */
#include "kernel/modtree.h"
#include "build/command.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the folder --- */

static bool is_module_makefile(const char *path)
{
	uint8_t *text;
	size_t n;
	bool is = false;

	if (read_file(path, &text, &n) == 0) {
		is = strstr((char *)text, "obj-m") || strstr((char *)text, "obj-$(");
		free(text);
	}
	return is;
}

static void find_makefile(void *ctx, const char *dir, const char *rel)
{
	const char *base = path_base(rel);
	char *path = path_join(dir, rel), *folder = xstrndup(rel, (size_t)(base - rel));

	if ((!strcmp(base, "Makefile") || !strcmp(base, "Kbuild")) && !strvec_has(ctx, folder) && is_module_makefile(path))
		strvec_push(ctx, folder);
	free(folder);
	free(path);
}

/* The folder with the makefile that kbuild is to be led to; those below are its own concern. */
static int find_sub(struct ktree *t, struct sut_err *err)
{
	struct strvec all = {0}, tops = {0};
	int r = 0;

	tree_walk(t->source, find_makefile, &all);
	for (size_t i = 0; i < all.n; i++) {
		bool below = false;

		for (size_t k = 0; k < all.n; k++)
			below |= k != i && str_starts(all.v[i], all.v[k]);
		if (!below)
			strvec_push(&tops, all.v[i]);
	}
	if (tops.n == 1)
		t->sub = xstrdup(tops.v[0]);
	else if (!tops.n)
		r = sut_fail(err, SUT_K_MODULE_SOURCE, t->source, "no Makefile or Kbuild in it has an obj-m");
	else
		r = sut_fail(err, SUT_K_MODULE_SOURCE, t->source, "'%s' and '%s' in it make modules: name one of them",
			     tops.v[0], tops.v[1]);
	strvec_free(&all);
	strvec_free(&tops);
	return r;
}

int modtree_open(struct ktree *t, const char *headers, struct sut_err *err)
{
	t->headers = realpath(headers, NULL);
	if (!t->headers)
		return sut_fail(err, SUT_E_IO, headers, "%s", strerror(errno));
	return find_sub(t, err);
}

void modtree_add_key(const struct ktree *t, struct buf *b)
{
	static const char *const files[] = {"Makefile", ".config", "Module.symvers", "include/generated/autoconf.h"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char *path = path_join(t->headers, files[i]);
		struct stat st = {0};

		if (stat(path, &st) < 0)
			st.st_size = -1;
		buf_addf(b, "%s %lld %lld\n", path, (long long)st.st_size, (long long)st.st_mtime);
		free(path);
	}
	buf_addf(b, "%s\n", t->make ? t->make : "");
}

/* "X/.foo.o.cmd" says that kbuild made X/foo.o, with flags of its own. */
static void drop_object(void *ctx, const char *dir, const char *rel)
{
	const char *base = path_base(rel);
	char *cmd = path_join(dir, rel), *object;

	(void)ctx;
	if (*base == '.' && str_ends(base, ".o.cmd")) {
		object = xasprintf("%s/%.*s%.*s", dir, (int)(base - rel), rel, (int)strlen(base) - 5, base + 1);
		unlink(object);
		unlink(cmd);
		free(object);
	}
	free(cmd);
}

int modtree_prepare(struct ktree *t, struct sut_err *err)
{
	if (tree_copy(t->source, t->src, err) < 0)
		return -1;
	tree_walk(t->src, drop_object, NULL);
	return t->proof_out ? tree_copy(t->src, t->proof_out, err) : 0;
}

int modtree_copy(const struct ktree *t, const char *to, struct sut_err *err)
{
	int r = tree_copy(t->src, to, err);

	tree_walk(to, drop_object, NULL);
	return r;
}

/* --- make --- */

void modtree_add_args(const struct ktree *t, const char *out, struct strvec *argv, struct buf *kcflags)
{
	size_t n = strlen(t->sub);

	strvec_pushf(argv, "M=%s%s%.*s", out, n ? "/" : "", n ? (int)n - 1 : 0, t->sub);
	buf_addf(kcflags, " -I%s/include -fmacro-prefix-map=%s/%s=", t->dir, out, t->sub);
	if (t->built_at)
		buf_addf(kcflags, "%s", t->built_at);
	else
		buf_addf(kcflags, "%s/%s", t->source, t->sub);
}

const char *modtree_goal(const struct ktree *t, const char *goal)
{
	return str_ends(goal, ".o") && str_starts(goal, t->sub) ? goal + strlen(t->sub) : goal;
}

char *modtree_list_mk(const char *list)
{
	return xasprintf("include %s\n"
			 "$(file >$(SUTURE_OUT)/+$(subst /,!,$(obj)),$(patsubst %%.o,%%.ko,$(filter %%.o,$(obj-m))))\n"
			 "$(file >$(SUTURE_OUT)/:$(subst /,!,$(obj)),$(KBUILD_EXTRA_SYMBOLS))\n", list);
}

char *modtree_path(const struct ktree *t, const char *path)
{
	size_t n = strlen(t->src);
	char *full;

	if (!strncmp(path, t->src, n) && (path[n] == '/' || !path[n]))
		return path_normal(t->source, path[n] ? path + n + 1 : "");
	if (*path == '/')
		return xstrdup(path);
	/* modpost reads it: in the headers' folder, since 6.13 in that of the module. */
	full = path_join(t->headers, path);
	if (!file_exists(full)) {
		char *folder = path_join(t->source, t->sub);

		free(full);
		full = path_normal(folder, path);
		free(folder);
	}
	return full;
}

/* --- where it was built --- */

struct search {
	struct ktree *t;
	const uint8_t *ko;
	size_t n;
};

/* A whole string that ends with the file's name and begins with the root folder. */
static void look_for(void *ctx, const char *dir, const char *rel)
{
	struct search *s = ctx;
	char *want = xasprintf("/%s", rel);
	size_t len = strlen(want);
	const uint8_t *at = s->ko, *from;

	(void)dir;
	while (!s->t->built_at && (str_ends(rel, ".c") || str_ends(rel, ".h")) &&
	       (at = memmem(at, s->n - (size_t)(at - s->ko), want, len + 1))) {
		from = memrchr(s->ko, '\0', (size_t)(at - s->ko));
		from = from ? from + 1 : s->ko;
		if (*from == '/' && at - from < PATH_MAX)
			s->t->built_at = xstrndup((const char *)from, (size_t)(at - from) + 1);
		at += len;
	}
	free(want);
}

void modtree_find_place(struct ktree *t, const uint8_t *ko, size_t n)
{
	struct search s = {t, ko, n};
	char *folder = path_join(t->src, t->sub);

	tree_walk(folder, look_for, &s);
	free(folder);
}

static void forget_objects(const char *out)
{
	if (out && file_exists(out))
		tree_walk(out, drop_object, NULL);
}

int modtree_settle(struct ktree *t, struct sut_err *err)
{
	char *path = path_join(t->dir, "built-at");
	const char *now = t->built_at ? t->built_at : "";
	uint8_t *was;
	size_t n;
	int r = 0;

	if (read_file(path, &was, &n) < 0)
		was = NULL;
	if (!was || strcmp((char *)was, now) != 0) {
		forget_objects(t->src);
		forget_objects(t->proof_out);
		forget_objects(t->keys_out);
		if (write_file(path, now, strlen(now)) < 0)
			r = sut_fail(err, SUT_E_IO, path, "%s", strerror(errno));
	}
	free(was);
	free(path);
	return r;
}
