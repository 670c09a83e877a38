// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/source.h"

#include "base/log.h"
#include "build/command.h"
#include "build/hunk.h"
#include "build/lines.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- which files a patch touches --- */

static struct touched_file *find_touched(const struct patch_set *ps, const char *path)
{
	for (size_t i = 0; i < ps->n_files; i++)
		if (!strcmp(ps->files[i].path, path))
			return &ps->files[i];
	return NULL;
}

/* A path may not leave the tree: patch files come from elsewhere. */
static bool is_inside(const char *path)
{
	char *p;
	bool good;

	if (path[0] == '/')
		return false;
	p = path_normal("/suture-tree", path);
	good = str_starts(p, "/suture-tree/");
	free(p);
	return good;
}

/* True where the tree, as earlier patches leave it, has @path. */
static bool tree_has(const struct patch_set *ps, const char *tree, const char *path)
{
	const struct touched_file *f = find_touched(ps, path);
	char *full;
	bool has;

	if (f)
		return !f->is_deleted;
	full = path_join(tree, path);
	has = file_exists(full);
	free(full);
	return has;
}

/* How many of the diff's existing files are found with -p @strip; -1: a path is too short. */
static int count_found(const struct patch_set *ps, const char *tree, const struct diff *d,
		       int strip)
{
	int found = 0;

	for (size_t i = 0; i < d->n_files; i++) {
		const struct diff_file *f = &d->files[i];
		const char *o = f->old_path ? diff_strip(f->old_path, strip) : NULL;
		const char *n = f->new_path ? diff_strip(f->new_path, strip) : NULL;

		if ((!o && !n) || (o && !is_inside(o)) || (n && !is_inside(n)))
			return -1;
		/* patch(1) takes either name: "x.c.orig" against "x.c" is common. */
		if (f->old_path && ((o && tree_has(ps, tree, o)) || (n && tree_has(ps, tree, n))))
			found++;
	}
	return found;
}

static int find_strip(const struct patch_set *ps, const char *tree, const struct diff *d,
		      struct sut_err *err)
{
	static const int order[] = {1, 0, 2, 3, 4};
	const struct diff_file *f = &d->files[0];
	int best = -1, best_n = -1, need = 0;

	for (size_t i = 0; i < d->n_files; i++)
		need += d->files[i].old_path != NULL;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		int n = count_found(ps, tree, d, order[i]);

		if (n > best_n) {
			best = order[i];
			best_n = n;
		}
	}
	if (best < 0 || best_n < need || (need == 0 && best < 0)) {
		for (size_t i = 0; i < d->n_files && best >= 0; i++) {
			const char *p = d->files[i].old_path;

			p = p ? diff_strip(p, best) : NULL;
			if (p && !tree_has(ps, tree, p)) {
				f = &d->files[i];
				break;
			}
		}
		sut_fail(err, SUT_B_PATCH_TARGET, d->path, "the tree '%s' has no file '%s'", tree,
			 f->old_path ? f->old_path : f->new_path);
		return sut_fail_where(err, d->path, (int)f->at);
	}
	return best;
}

static struct touched_file *touch(struct patch_set *ps, const char *path, const char *patch)
{
	struct touched_file *f = find_touched(ps, path);

	if (!f) {
		f = VEC_PUSH(ps->files, ps->n_files, ps->cap_files);
		f->path = path_normal("/", path);
		memmove(f->path, f->path + 1, strlen(f->path));
	}
	if (!strvec_has(&f->patches, patch))
		strvec_push(&f->patches, patch);
	return f;
}

static int add_patch(struct patch_set *ps, const char *path, const char *tree, struct sut_err *err)
{
	char *full = realpath(path, NULL);
	struct diff d = {0};
	uint8_t *text;
	size_t n;
	int strip;

	if (!full || read_file(full, &text, &n) < 0) {
		free(full);
		return sut_fail(err, SUT_E_IO, path, "%s", strerror(errno));
	}
	if (diff_parse(path, (char *)text, &d, err) < 0 ||
	    (strip = find_strip(ps, tree, &d, err)) < 0) {
		diff_free(&d);
		free(text);
		free(full);
		return -1;
	}
	for (size_t i = 0; i < d.n_files; i++) {
		const struct diff_file *f = &d.files[i];
		const char *o = f->old_path ? diff_strip(f->old_path, strip) : NULL;
		const char *nw = f->new_path ? diff_strip(f->new_path, strip) : NULL;
		struct touched_file *t;

		/* patch(1) writes to the file that is there, whatever the other is called. */
		if (o && nw && !f->is_rename && !tree_has(ps, tree, nw))
			nw = o;
		t = touch(ps, nw ? nw : o, path);
		if (!f->old_path)
			t->is_new = true;
		t->is_deleted = !f->new_path;
		if (f->is_rename && o && nw) {
			struct touched_file *gone = touch(ps, o, path);

			gone->is_deleted = true;
			t = find_touched(ps, nw);
			free(t->old_path);
			t->old_path = xstrdup(o);
			t->is_new = true;
		}
	}
	strvec_push(&ps->paths, full);
	ps->strip = xrealloc(ps->strip, ps->paths.n * sizeof(*ps->strip));
	ps->strip[ps->paths.n - 1] = strip;
	diff_free(&d);
	free(text);
	free(full);
	return 0;
}

int patch_set_read(char *const *patches, size_t n, const char *tree, struct patch_set *ret,
		   struct sut_err *err)
{
	int r = 0;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < n; i++)
		r |= add_patch(ret, patches[i], tree, err);
	return r;
}

void patch_set_free(struct patch_set *ps)
{
	for (size_t i = 0; i < ps->n_files; i++) {
		free(ps->files[i].path);
		free(ps->files[i].old_path);
		strvec_free(&ps->files[i].patches);
	}
	edits_free(&ps->edits);
	free(ps->files);
	free(ps->strip);
	strvec_free(&ps->paths);
	memset(ps, 0, sizeof(*ps));
}

/* --- trees --- */

static int copy(const char *how, const char *from, const char *to, struct sut_err *err)
{
	char *dot = xasprintf("%s/.", from), *out = NULL;
	char *argv[] = {(char *)"cp", (char *)"-a", (char *)how, (char *)"--",
			dot,	      (char *)to,   NULL};
	struct run_opts o = {.ret_output = &out};
	int r = 0, status;

	if (mkdir_p(to) < 0) {
		r = sut_fail(err, SUT_E_IO, to, "%s", strerror(errno));
	} else {
		status = run_command(argv, &o);
		if (status != 0)
			r = sut_fail(err, SUT_E_IO, to, "copying '%s' failed: %s", from,
				     out ? out : strerror(errno));
	}
	free(out);
	free(dot);
	return r;
}

int tree_copy(const char *from, const char *to, struct sut_err *err)
{
	return copy("--reflink=auto", from, to, err);
}

int tree_copy_whole(const char *from, const char *to, struct sut_err *err)
{
	char *part = xasprintf("%s.part", to);
	int r;

	remove_tree(part);
	r = tree_copy(from, part, err);
	if (!r && rename(part, to) < 0)
		r = sut_fail(err, SUT_E_IO, to, "%s", strerror(errno));
	free(part);
	return r;
}

int tree_copy_linked(const char *from, const char *to, struct sut_err *err)
{
	return copy("--link", from, to, err);
}

/* Gives each touched file of a linked copy a life of its own before anything writes to it. */
static int unlink_touched(const struct patch_set *ps, const char *orig, const char *tree,
			  struct sut_err *err)
{
	for (size_t i = 0; i < ps->n_files; i++) {
		char *from = path_join(orig, ps->files[i].path);
		char *to = path_join(tree, ps->files[i].path);
		struct stat st;
		uint8_t *text;
		size_t n;
		int r = 0;

		if (lstat(to, &st) == 0 && S_ISREG(st.st_mode)) {
			if (read_file(from, &text, &n) < 0) {
				r = sut_fail(err, SUT_E_IO, from, "%s", strerror(errno));
			} else {
				if (write_file(to, text, n) < 0 ||
				    chmod(to, st.st_mode & 07777) < 0)
					r = sut_fail(err, SUT_E_IO, to, "%s", strerror(errno));
				free(text);
			}
		}
		free(from);
		free(to);
		if (r < 0)
			return -1;
	}
	return 0;
}

/* Turns what patch(1) printed into one reason for each hunk that failed. */
static int explain_patch(const char *patch, const char *out, struct sut_err *err)
{
	char *copy_ = xstrdup(out), *save, *s, *file = NULL;
	bool told = false;

	for (s = strtok_r(copy_, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		unsigned int hunk;
		int line;

		if (str_starts(s, "patching file ") || str_starts(s, "checking file ")) {
			free(file);
			file = xstrdup(s + strlen("patching file "));
		} else if (sscanf(s, "Hunk #%u FAILED at %d", &hunk, &line) == 2) {
			sut_fail(err, SUT_B_PATCH_APPLY, patch,
				 "hunk %u for '%s' does not fit: the source has other text at line "
				 "%d",
				 hunk, file ? file : "?", line);
			sut_fail_where(err, file ? file : patch, line);
			told = true;
		} else if (strstr(s, "previously applied")) {
			sut_fail(err, SUT_B_PATCH_APPLY, patch,
				 "the source has the changes for '%s' already, or the patch is "
				 "reversed",
				 file ? file : "?");
			told = true;
		}
	}
	if (!told)
		sut_fail(err, SUT_B_PATCH_APPLY, patch, "patch(1) failed: %s", out);
	free(file);
	free(copy_);
	return -1;
}

static int run_patch(const char *patch, int strip, const char *tree, struct sut_err *err)
{
	char p[16], *out = NULL;
	char *argv[] = {(char *)"patch", p, (char *)"--batch", (char *)"--forward",
			(char *)"--no-backup-if-mismatch", (char *)"--reject-file=-",
			(char *)"--input", (char *)patch, NULL};
	struct run_opts o = {.cwd = tree, .ret_output = &out};
	int status, r = 0;

	snprintf(p, sizeof(p), "-p%d", strip);
	status = run_command(argv, &o);
	if (status < 0 || status == 127)
		r = sut_fail(err, SUT_E_TOOL, "patch",
			     "it cannot be run; install the package patch");
	else if (status != 0)
		r = explain_patch(patch, out ? out : "", err);
	else if (out && strstr(out, "with fuzz"))
		log_warn("%s applies with fuzz: the source differs a little from what it was made "
			 "for", patch);
	free(out);
	return r;
}

/* Compares both versions of a file: takes down what the patches edit, and preserves the line numbers of C files. */
static int preserve(const struct touched_file *f, const char *orig, const char *tree, struct edits *edits,
		    struct sut_err *err)
{
	const char *old_path = f->old_path ? f->old_path : f->path;
	char *from = path_join(orig, old_path);
	char *to = path_join(tree, f->path);
	uint8_t *a = NULL, *b = NULL;
	struct buf out = {0};
	size_t an, bn, n;
	struct stat st;
	int r = 0;

	/* A file that is new has no lines to preserve. */
	if (read_file(from, &a, &an) == 0 && read_file(to, &b, &bn) == 0) {
		edits_add(edits, old_path, (char *)a, an, (char *)b, bn);
		n = lines_is_c_name(f->path) ? lines_preserve((char *)a, an, (char *)b, bn, &out) : 0;
		if (n && (stat(to, &st) < 0 || write_file(to, out.p, out.n) < 0 ||
			  chmod(to, st.st_mode & 07777) < 0))
			r = sut_fail(err, SUT_E_IO, to, "%s", strerror(errno));
		if (n)
			log_debug("%s: %zu #line directives", f->path, n);
	}
	buf_free(&out);
	free(a);
	free(b);
	free(from);
	free(to);
	return r;
}

int tree_patch(struct patch_set *ps, const char *orig, const char *tree, struct sut_err *err)
{
	edits_free(&ps->edits);
	if (unlink_touched(ps, orig, tree, err) < 0)
		return -1;
	/* Patches build on each other: after a failure the next would fail without fault. */
	for (size_t i = 0; i < ps->paths.n; i++)
		if (run_patch(ps->paths.v[i], ps->strip[i], tree, err) < 0)
			return -1;
	for (size_t i = 0; i < ps->n_files; i++)
		if (!ps->files[i].is_deleted && preserve(&ps->files[i], orig, tree, &ps->edits, err) < 0)
			return -1;
	return 0;
}

/* --- walking and stamping --- */

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int walk(const char *dir, const char *rel, void (*fn)(void *, const char *, const char *),
		void *ctx)
{
	char *full = path_join(dir, rel);
	struct dirent **list;
	int n = scandir(full, &list, NULL, by_name), r = n < 0 ? -1 : 0;

	free(full);
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		char *sub, *path;
		struct stat st;

		if (strcmp(name, ".") && strcmp(name, "..")) {
			sub = *rel ? path_join(rel, name) : xstrdup(name);
			path = path_join(dir, sub);
			if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
				if (strcmp(name, ".git") && strcmp(name, ".svn") &&
				    strcmp(name, ".hg"))
					r |= walk(dir, sub, fn, ctx);
			} else if (S_ISREG(st.st_mode)) {
				fn(ctx, dir, sub);
			}
			free(path);
			free(sub);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return r;
}

int tree_walk(const char *dir, void (*fn)(void *ctx, const char *dir, const char *rel), void *ctx)
{
	return walk(dir, "", fn, ctx);
}

static bool is_build_output(const char *path, const struct stat *st)
{
	static const char *const exts[] = {".o", ".lo", ".la", ".a", ".so", ".d", ".Po", ".Plo",
					   ".Tpo", ".gch", ".obj", ".cmd", ".log"};
	char magic[4] = "";
	FILE *f;

	for (size_t i = 0; i < ARRAY_SIZE(exts); i++)
		if (str_ends(path, exts[i]))
			return true;
	/* Only programs are opened: a tree can have very many files. */
	if (!(st->st_mode & 0111) && !strstr(path, ".so."))
		return false;
	f = fopen(path, "re");
	if (f) {
		if (fread(magic, 1, 4, f) != 4)
			magic[0] = '\0';
		fclose(f);
	}
	return !memcmp(magic, "\177ELF", 4);
}

static void stamp_file(void *ctx, const char *dir, const char *rel)
{
	char *path = path_join(dir, rel);
	struct stat st;

	if (lstat(path, &st) == 0 && !is_build_output(path, &st))
		buf_addf(ctx, "%s\n%lld %lld.%09ld\n", rel, (long long)st.st_size,
			 (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	free(path);
}

char *tree_stamp(const char *dir, struct sut_err *err)
{
	uint8_t sum[SHA256_SIZE];
	struct buf b = {0};

	if (tree_walk(dir, stamp_file, &b) < 0) {
		buf_free(&b);
		sut_fail(err, SUT_E_IO, dir, "it cannot be read: %s", strerror(errno));
		return NULL;
	}
	sha256(b.p ? b.p : (const uint8_t *)"", b.n, sum);
	buf_free(&b);
	return hex_encode(sum, sizeof(sum));
}
