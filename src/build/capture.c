// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Capture.
 *
 * The user's tree is never built in: it is copied to WORK/src and the build runs there, with the
 * wrappers first on PATH. What is recorded is kept with a stamp of the tree and the command, so the
 * next patch for the same tree needs no build.
 *
 * A tree that is built already makes trouble: make sees no reason to compile. First the files that
 * the patches touch get a new time, and make's own dependencies do the rest. That is cheap but
 * proves nothing about headers, since a Makefile may know no dependencies. So where a touched
 * source was not compiled, or a header is touched, the objects in the copy that evidently come from
 * a source in it are removed and the build runs once more: then every unit was seen
 * (capture.complete), and the compilers' own dependency files tell who includes what.
 *
 * Paths: a configured tree may have its own absolute path in Makefiles. Such paths are mapped to
 * the copy when records are loaded. __FILE__ is taken care of by compile.c.
 */
#include "build/capture.h"

#include "base/log.h"
#include "build/jobs.h"
#include "build/load.h"
#include "build/wrapper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#define TAIL_LINES 20

extern char **environ;

char *capture_cache_dir(void)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (xdg && xdg[0] == '/')
		return path_join(xdg, "suture");
	return xasprintf("%s/.cache/suture", home && *home ? home : "");
}

static char *digest(const char *a, const char *b)
{
	char *text = xasprintf("%s\n%s", a, b);
	uint8_t sum[SHA256_SIZE];

	sha256(text, strlen(text), sum);
	free(text);
	return hex_encode(sum, sizeof(sum));
}

/* --- the work folder --- */

static int work_open(const struct capture_opts *o, struct capture *c, struct sut_err *err)
{
	char *path;
	int r = 0;

	c->lock_fd = -1;
	c->origin = realpath(o->source, NULL);
	if (!c->origin)
		return sut_fail(err, SUT_E_IO, o->source, "%s", strerror(errno));
	if (o->work) {
		path = xstrdup(o->work);
	} else {
		char *cache = capture_cache_dir(), *d = digest(c->origin, "");

		path = xasprintf("%s/build/%s-%.16s", cache, path_base(c->origin), d);
		free(cache);
		free(d);
	}
	if (mkdir_p(path) < 0 || !(c->work = realpath(path, NULL))) {
		sut_fail(err, SUT_E_IO, path, "%s", strerror(errno));
		free(path);
		return -1;
	}
	free(path);
	if (path_is_below(c->work, c->origin))
		return sut_fail(err, SUT_U_USAGE, c->work,
				"the work folder lies in the source tree, which is copied to it");
	c->src = path_join(c->work, "src");
	path = path_join(c->work, "lock");
	c->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (c->lock_fd < 0)
		r = sut_fail(err, SUT_E_IO, path, "%s", strerror(errno));
	else if (flock(c->lock_fd, LOCK_EX | LOCK_NB) < 0)
		r = sut_fail(err, SUT_B_BUSY, c->work, "its lock is held by another process");
	free(path);
	return r;
}

static int work_clean(const struct capture *c, struct sut_err *err)
{
	/* The state goes first: what is half removed must not be taken for a capture. */
	static const char *const names[] = {"state.json", "src",  "records", "bin",
					    "patched",	  "orig", "new",     "deps"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *p = path_join(c->work, names[i]);
		int r = remove_tree(p);

		if (r < 0)
			sut_fail(err, SUT_E_IO, p, "it cannot be removed: %s", strerror(errno));
		free(p);
		if (r < 0)
			return -1;
	}
	return 0;
}

static bool state_matches(struct capture *c)
{
	char *path = path_join(c->work, "state.json");
	json_t *root = json_load_file(path, 0, NULL);
	const char *stamp = json_string_value(json_object_get(root, "stamp"));
	bool match = stamp && !strcmp(stamp, c->stamp) && file_exists(c->src);

	if (match)
		c->complete = json_is_true(json_object_get(root, "complete"));
	json_decref(root);
	free(path);
	return match;
}

static int state_write(const struct capture *c, struct sut_err *err)
{
	char *path = path_join(c->work, "state.json"), *text;
	json_t *root = json_pack("{s:s, s:b, s:s}", "stamp", c->stamp, "complete", c->complete,
				 "source", c->origin);
	int r = 0;

	text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
	if (!text || write_file(path, text, strlen(text)) < 0)
		r = sut_fail(err, SUT_E_IO, path, "%s", text ? strerror(errno) : "not UTF-8");
	free(text);
	json_decref(root);
	free(path);
	return r;
}

/* --- running the build --- */

static char *log_tail(const char *path)
{
	uint8_t *text;
	size_t n, at, lines = 0;
	char *tail;

	if (read_file(path, &text, &n) < 0)
		return xstrdup("");
	while (n && text[n - 1] == '\n')
		n--;
	for (at = n; at; at--)
		if (text[at - 1] == '\n' && ++lines == TAIL_LINES)
			break;
	tail = xstrndup((char *)text + at, n - at);
	free(text);
	return tail;
}

static void build_env(const struct capture *c, const char *bin, const char *exe,
		      char *const *extra, struct strvec *ret)
{
	/* A make above us has a jobserver that the build cannot reach. */
	static const char *const drop[] = {"MAKEFLAGS=", "MAKELEVEL=", "MFLAGS=", "PATH=",
					   WRAPPER_ENV_RECORDS "=", WRAPPER_ENV_BIN "="};
	const char *path = getenv("PATH");

	for (char **e = environ; *e; e++) {
		bool keep = true;

		for (size_t i = 0; i < ARRAY_SIZE(drop); i++)
			keep &= !str_starts(*e, drop[i]);
		if (keep && (str_starts(*e, "CC=") || str_starts(*e, "CXX="))) {
			char *s = wrapper_rewrite(bin, exe, *e);

			strvec_push(ret, s);
			free(s);
		} else if (keep) {
			strvec_push(ret, *e);
		}
	}
	for (; extra && *extra; extra++)
		strvec_push(ret, *extra);
	strvec_pushf(ret, "PATH=%s:%s", bin, path ? path : "/usr/bin:/bin");
	strvec_pushf(ret, WRAPPER_ENV_RECORDS "=%s/records", c->work);
	strvec_pushf(ret, WRAPPER_ENV_BIN "=%s", bin);
}

static void count_record(void *ctx, const char *dir, const char *rel)
{
	if (str_ends(rel, ".json"))
		++*(size_t *)ctx;
}

static size_t count_records(const struct capture *c)
{
	char *path = path_join(c->work, "records");
	size_t n = 0;

	tree_walk(path, count_record, &n);
	free(path);
	return n;
}

static int wait_for_build(const struct capture_opts *o, const struct capture *c, pid_t pid)
{
	uint64_t told = now_ns();
	int status;

	for (;;) {
		pid_t p = waitpid(pid, &status, WNOHANG);

		if (p == pid)
			break;
		if (p < 0 && errno != EINTR)
			return -1;
		/* All of its processes are in its group: none may go on without us. */
		if (o->cancel && *o->cancel)
			kill(-pid, SIGTERM);
		usleep(20000);
		if (now_ns() - told > 5000000000u && log_wants(LOG_INFO)) {
			log_info("capturing the build: %zu compiler commands so far", count_records(c));
			told = now_ns();
		}
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run_build(const struct capture_opts *o, struct capture *c, struct sut_err *err)
{
	char *bin = path_join(c->work, "bin"), *log = path_join(c->work, "build.log"), *exe, *cmd;
	char *records = path_join(c->work, "records");
	struct strvec env = {0};
	int status, r = -1;
	uint8_t *text;
	size_t n;
	pid_t pid;

	exe = realpath(o->exe ? o->exe : "/proc/self/exe", NULL);
	if (!exe || mkdir_p(records) < 0) {
		sut_fail(err, SUT_E_IO, exe ? records : "suture", "%s", strerror(errno));
		goto out;
	}
	if (wrapper_dir_create(bin, exe, err) < 0)
		goto out;
	cmd = wrapper_rewrite(bin, exe, o->make);
	build_env(c, bin, exe, o->env, &env);
	log_info("capturing the build: %s", o->make);
	pid = fork();
	if (pid == 0) {
		char *argv[] = {(char *)"sh", (char *)"-c", cmd, NULL};
		int in = open("/dev/null", O_RDONLY);
		int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);

		setpgid(0, 0);
		if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 ||
		    chdir(c->src) < 0)
			_exit(127);
		execvpe("/bin/sh", argv, env.v);
		_exit(127);
	}
	if (pid > 0)
		/* Done on both sides: whoever comes first, the group is there before it is used. */
		setpgid(pid, pid);
	status = pid < 0 ? -1 : wait_for_build(o, c, pid);
	if (o->cancel && *o->cancel) {
		sut_fail(err, SUT_E_INTERRUPTED, "build", "the captured build was ended");
	} else if (status < 0) {
		sut_fail(err, SUT_E_TOOL, "sh", "the build cannot be started: %s", strerror(errno));
	} else if (status) {
		char *tail = log_tail(log);

		sut_fail(err, SUT_B_MAKE, o->make, "it ended with status %d; its last lines:\n%s",
			 status, tail);
		sut_fail_remedy(err, "the whole log is in '%s'", log);
		free(tail);
	} else {
		r = 0;
	}
	if (r == 0 && read_file(log, &text, &n) == 0) {
		char *at = strstr((char *)text, WRAPPER_COMPLAINT);

		if (at)
			r = sut_fail(err, SUT_B_RECORD, o->make, "%.*s", (int)strcspn(at, "\n"),
				     at);
		free(text);
	}
	free(cmd);
out:
	strvec_free(&env);
	free(exe);
	free(records);
	free(bin);
	free(log);
	return r;
}

/* --- trees that are built already --- */

static bool is_object_name(const char *rel)
{
	return str_ends(rel, ".o") || str_ends(rel, ".lo") || str_ends(rel, ".os") ||
	       str_ends(rel, ".obj");
}

/* "dir/x.c.o", "dir/.libs/x.o" and "x.lo" all have the stem "x". Caller frees. */
static char *stem_of(const char *rel)
{
	const char *base = path_base(rel);
	char *s = xstrdup(base), *dot = strrchr(s, '.');

	if (dot)
		*dot = '\0';
	if (is_object_name(rel) && lines_is_source_name(s)) {
		dot = strrchr(s, '.');
		if (dot)
			*dot = '\0';
	}
	return s;
}

struct objects {
	struct strvec stems;	/* of sources */
	struct strvec objects;	/* relative paths of relocatable files */
	struct strvec object_stems;
};

static void find_object(void *ctx, const char *dir, const char *rel)
{
	struct objects *o = ctx;
	char *stem;

	if (!is_object_name(rel) && !lines_is_source_name(rel))
		return;
	stem = stem_of(rel);
	if (is_object_name(rel)) {
		strvec_push(&o->objects, rel);
		strvec_push(&o->object_stems, stem);
	} else {
		strvec_push(&o->stems, stem);
	}
	free(stem);
}

static void objects_free(struct objects *o)
{
	strvec_free(&o->stems);
	strvec_free(&o->objects);
	strvec_free(&o->object_stems);
}

static int by_string(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Removes objects that come from a source in the tree; others cannot be made again. */
static void remove_objects(const struct capture *c)
{
	struct objects o = {0};

	tree_walk(c->src, find_object, &o);
	if (o.stems.n)
		qsort(o.stems.v, o.stems.n, sizeof(*o.stems.v), by_string);
	for (size_t i = 0; i < o.objects.n; i++) {
		char *p;

		if (!o.stems.n || !bsearch(&o.object_stems.v[i], o.stems.v, o.stems.n,
					   sizeof(*o.stems.v), by_string))
			continue;
		p = path_join(c->src, o.objects.v[i]);
		unlink(p);
		free(p);
	}
	objects_free(&o);
}

static void touch_files(const struct capture *c, const struct patch_set *ps)
{
	for (size_t i = 0; ps && i < ps->n_files; i++) {
		char *p = capture_touched_path(c, &ps->files[i]);

		/* A file that the patch creates is not there to be touched. */
		utimensat(AT_FDCWD, p, NULL, 0);
		free(p);
	}
}

static bool has_unit(const struct capture *c, const char *path)
{
	for (size_t i = 0; i < c->units.n; i++)
		if (!strcmp(c->units.v[i].source_path, path))
			return true;
	return false;
}

/* True where every touched source was compiled, and nothing can include a touched header unseen. */
static bool is_covered(const struct capture *c, const struct patch_set *ps)
{
	bool covered = c->units.n > 0;

	for (size_t i = 0; ps && i < ps->n_files && covered; i++) {
		const struct touched_file *f = &ps->files[i];
		char *p = capture_touched_path(c, f);

		if (lines_is_source_name(f->path))
			covered = f->is_new || has_unit(c, p);
		else if (!f->is_new && lines_may_be_included(f->path))
			covered = false;
		free(p);
	}
	return covered;
}

/* Where a header is touched, a C file that no compiler was seen for may include it. */
static int check_unseen(const struct capture *c, const struct objects *o, struct sut_err *err)
{
	int r = 0;

	for (size_t i = 0; i < o->objects.n; i++) {
		bool seen = false, is_c = false;

		for (size_t k = 0; k < o->stems.n && !is_c; k++)
			is_c = !strcmp(o->stems.v[k], o->object_stems.v[i]);
		for (size_t k = 0; k < c->units.n && !seen; k++) {
			char *s = stem_of(c->units.v[k].source_path);

			seen = !strcmp(s, o->object_stems.v[i]);
			free(s);
		}
		if (is_c && !seen && !str_ends(o->objects.v[i], ".lo"))
			r = sut_fail(err, SUT_B_NO_COMMANDS, o->objects.v[i],
				     "a header is touched, and no compile command was seen for "
				     "this object, which may include it");
	}
	return r;
}

/* After a complete build: an object without a command means that a compiler was not watched. */
static int check_commands(const struct capture *c, const struct patch_set *ps, struct sut_err *err)
{
	struct objects o = {0};
	bool header = false;
	int r = 0;

	if (!c->units.n) {
		sut_fail(err, SUT_B_NO_COMMANDS, c->origin,
			 "the build called no compiler by way of PATH");
		return sut_fail_remedy(err, "where a Makefile has a compiler's absolute path, say "
				       "it in the command: --make 'make CC=/usr/bin/gcc'");
	}
	tree_walk(c->src, find_object, &o);
	for (size_t i = 0; ps && c->complete && i < ps->n_files && !header; i++)
		header = !ps->files[i].is_new && lines_may_be_included(ps->files[i].path);
	if (header)
		r = check_unseen(c, &o, err);
	for (size_t i = 0; ps && i < ps->n_files; i++) {
		const struct touched_file *f = &ps->files[i];
		char *p = capture_touched_path(c, f), *stem = stem_of(f->path);

		if (lines_is_source_name(f->path) && !f->is_new && !has_unit(c, p) &&
		    strvec_has(&o.object_stems, stem)) {
			bool other = false;

			/* The object may be that of another source of the same name. */
			for (size_t k = 0; k < c->units.n && !other; k++) {
				char *s = stem_of(c->units.v[k].source_path);

				other = !strcmp(s, stem);
				free(s);
			}
			if (!other)
				r = sut_fail(err, SUT_B_NO_COMMANDS, f->path,
					     "no compile command was seen for it, but the tree has "
					     "an object '%s.o'", stem);
		}
		free(stem);
		free(p);
	}
	objects_free(&o);
	return r;
}

static int load(struct capture *c, struct sut_err *err)
{
	unit_vec_free(&c->units);
	capture_free_links(c);
	return capture_load_records(c, err);
}

int capture_run(const struct capture_opts *o, struct capture *ret, struct sut_err *err)
{
	char *tree, *env = NULL;
	struct objects found = {0};
	uint64_t start = now_ns();

	memset(ret, 0, sizeof(*ret));
	if (work_open(o, ret, err) < 0 || !(tree = tree_stamp(ret->origin, err)))
		return -1;
	env = digest(o->make, tree);
	for (char *const *e = o->env; e && *e; e++) {
		char *next = digest(env, *e);

		free(env);
		env = next;
	}
	ret->stamp = env;
	free(tree);
	ret->reused = state_matches(ret);
	if (!ret->reused) {
		if (work_clean(ret, err) < 0)
			return -1;
		log_info("copying the source tree to %s", ret->src);
		if (tree_copy(ret->origin, ret->src, err) < 0)
			return -1;
		tree_walk(ret->src, find_object, &found);
		ret->complete = !found.objects.n;
		objects_free(&found);
		touch_files(ret, o->patches);
		if (run_build(o, ret, err) < 0)
			return -1;
	}
	if (load(ret, err) < 0)
		return -1;
	if (!ret->complete && !is_covered(ret, o->patches)) {
		log_info("the tree was built already: compiling it anew in the copy");
		remove_objects(ret);
		touch_files(ret, o->patches);
		ret->reused = false;
		ret->complete = true;
		if (run_build(o, ret, err) < 0 || load(ret, err) < 0)
			return -1;
	}
	if (check_commands(ret, o->patches, err) < 0 || state_write(ret, err) < 0)
		return -1;
	log_info("%zu units captured%s in %.1f s", ret->units.n,
		 ret->reused ? " before, reused" : "", (double)(now_ns() - start) / 1e9);
	return 0;
}

int capture_from_json(const struct capture_opts *o, struct capture *ret, struct sut_err *err)
{
	char *tree, *name;
	uint8_t *text;
	size_t n;

	memset(ret, 0, sizeof(*ret));
	if (work_open(o, ret, err) < 0 || !(tree = tree_stamp(ret->origin, err)))
		return -1;
	if (read_file(o->compdb, &text, &n) < 0) {
		free(tree);
		return sut_fail(err, SUT_E_IO, o->compdb, "%s", strerror(errno));
	}
	ret->stamp = digest(tree, (char *)text);
	free(text);
	free(tree);
	ret->from_json = true;
	ret->reused = state_matches(ret);
	ret->complete = true;
	if (!ret->reused && (work_clean(ret, err) < 0 || tree_copy(ret->origin, ret->src, err) < 0))
		return -1;
	if (compdb_read(o->compdb, &ret->units, err) < 0)
		return -1;
	capture_map_units(ret, 0);
	if (!ret->units.n)
		return sut_fail(err, SUT_B_NO_COMMANDS, o->compdb, "it lists no C or C++ file");
	for (size_t i = 0; o->patches && i < o->patches->n_files; i++) {
		name = o->patches->files[i].path;
		if (!o->patches->files[i].is_new && lines_may_be_included(name) &&
		    capture_find_deps(ret, err) < 0)
			return -1;
	}
	return state_write(ret, err);
}

void capture_free_links(struct capture *c)
{
	for (size_t i = 0; i < c->n_links; i++) {
		free(c->links[i].output);
		free(c->links[i].icf);
		strvec_free(&c->links[i].inputs);
	}
	free(c->links);
	c->links = NULL;
	c->n_links = c->cap_links = 0;
}

char *capture_touched_path(const struct capture *c, const struct touched_file *f)
{
	return path_join(c->src, f->path);
}
