// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In CACHE/kernel/KEY/ stand, while a patched source is compiled:
 *
 *	saved/	links to the original files
 *	backup/	a copy of out/ (or keys/), where the patches touch more than units: what kbuild generates from headers
 *		would be made again of the patched ones. Units alone change nothing but their own objects,
 *		which are renamed and come back
 *	patched	"rPATH": where the source is; "+FILE": the patches add it there; "oPATH": an object that was renamed;
 *		"bPATH": the folder that backup/ is of. Written when all the others are whole, and removed when everything is in its
 *		place: between the two every step can be repeated
 */
#include "kernel/swap.h"
#include "base/log.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KEPT ".kept"

/* kbuild's record of the command beside an object. */
static char *cmd_path(const char *object)
{
	const char *base = path_base(object);

	return xasprintf("%.*s.%s.cmd", (int)(base - object), object, base);
}

static int keep(const char *path, struct sut_err *err)
{
	char *to = xasprintf("%s" KEPT, path);
	int r = 0;

	if (rename(path, to) < 0 && errno != ENOENT)
		r = sut_fail(err, SUT_E_IO, path, "%s", strerror(errno));
	free(to);
	return r;
}

static void put_back(const char *path)
{
	char *from = xasprintf("%s" KEPT, path);

	/* Without it the object is not of the original, whatever it is. */
	if (rename(from, path) < 0)
		unlink(path);
	free(from);
}

/* Where the source is that is compiled in @out: that of a module lies there itself. */
static const char *root_for(const struct ktree *t, const char *out)
{
	return t->headers ? out : t->src;
}

static int save_file(const struct ktree *t, const char *root, const char *rel, struct buf *list, struct sut_err *err)
{
	char *from = path_join(root, rel), *to = xasprintf("%s/saved/%s", t->dir, rel), *dir = xstrdup(to);
	int r = 0;

	if (!file_exists(from))
		buf_addf(list, "+%s\n", rel);
	else if (mkdir_p(dirname(dir)) < 0 || (link(from, to) < 0 && errno != EEXIST))
		r = sut_fail(err, SUT_E_IO, to, "%s", strerror(errno));
	free(dir);
	free(to);
	free(from);
	return r;
}

static bool only_units(const struct ktree *t, const struct patch_set *ps)
{
	for (size_t i = 0; i < ps->n_files; i++)
		if (!str_ends(ps->files[i].path, ".c") || !ktree_has_unit(t, ps->files[i].path))
			return false;
	return true;
}

int swap_in(const struct ktree *t, struct patch_set *ps, const char *out, const struct strvec *objects,
	    struct sut_err *err)
{
	char *path = path_join(t->dir, "patched"), *backup = path_join(t->dir, "backup");
	const char *root = root_for(t, out);
	bool light = only_units(t, ps);
	struct buf list = {0};
	int r = 0;

	buf_addf(&list, "r%s\n", root);
	for (size_t i = 0; i < ps->n_files && !r; i++) {
		r = save_file(t, root, ps->files[i].path, &list, err);
		if (!r && ps->files[i].old_path)
			r = save_file(t, root, ps->files[i].old_path, &list, err);
	}
	if (!r && !light)
		r = tree_copy_whole(out, backup, err);
	if (!light)
		buf_addf(&list, "b%s\n", out);
	for (size_t i = 0; i < objects->n && light; i++)
		buf_addf(&list, "o%s\n", objects->v[i]);
	buf_add(&list, NULL, 0);
	if (!r && write_file(path, list.p, list.n) < 0)
		r = sut_fail(err, SUT_E_IO, path, "%s", strerror(errno));
	for (size_t i = 0; i < objects->n && light && !r; i++) {
		char *cmd = cmd_path(objects->v[i]);

		r = keep(objects->v[i], err) < 0 || keep(cmd, err) < 0 ? -1 : 0;
		free(cmd);
	}
	if (!r)
		r = tree_patch(ps, t->source, root, err);
	buf_free(&list);
	free(backup);
	free(path);
	return r;
}

static void restore_file(void *ctx, const char *dir, const char *rel)
{
	char *from = path_join(dir, rel), *to = path_join(ctx, rel);

	/* Where both are links to one file rename() does nothing, which is right, too. */
	if (rename(from, to) < 0)
		log_warn("%s: cannot be put back: %s", to, strerror(errno));
	free(from);
	free(to);
}

static int undo_copy(const char *out, const char *backup, struct sut_err *err)
{
	if (file_exists(backup) && (remove_tree(out) < 0 || rename(backup, out) < 0))
		return sut_fail(err, SUT_E_IO, out, "%s", strerror(errno));
	return 0;
}

static void undo_line(const char *root, const char *line)
{
	char *path = *line == '+' ? path_join(root, line + 1) : xstrdup(line + 1), *cmd;

	if (*line == '+') {
		unlink(path);
	} else if (*line == 'o') {
		cmd = cmd_path(path);
		/* The record first: an object without one is made again. */
		put_back(cmd);
		put_back(path);
		free(cmd);
	}
	free(path);
}

int swap_out(const struct ktree *t, struct sut_err *err)
{
	char *saved = path_join(t->dir, "saved"), *list = path_join(t->dir, "patched"), *save = NULL;
	char *backup = path_join(t->dir, "backup");
	uint8_t *text;
	size_t n;
	int r = 0;

	if (read_file(list, &text, &n) == 0) {
		char *l = strtok_r((char *)text, "\n", &save);
		/* Programs before this one did not say it. */
		const char *root = l && *l == 'r' ? l + 1 : t->src;

		if (file_exists(saved))
			tree_walk(saved, restore_file, (void *)root);
		for (; l; l = strtok_r(NULL, "\n", &save))
			if (*l == 'b')
				r = undo_copy(l + 1, backup, err);
			else
				undo_line(root, l);
		free(text);
		if (!r && unlink(list) < 0)
			r = sut_fail(err, SUT_E_IO, list, "%s", strerror(errno));
	}
	if (!r && (remove_tree(saved) < 0 || remove_tree(backup) < 0))
		r = sut_fail(err, SUT_E_IO, saved, "%s", strerror(errno));
	free(backup);
	free(saved);
	free(list);
	return r;
}
