// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compiling the affected units.
 *
 * The problem: two objects that differ in what the patch changes and in nothing else. What else
 * could differ is where they were compiled: __FILE__, assert(), debug paths, -I with absolute
 * paths, generated headers.
 *
 * The plan: the original is compiled in WORK/src, the tree that was built. The patched version is
 * compiled in WORK/patched, a copy of the built tree (hard links: generated files are there too)
 * with the patches applied. Every absolute path into src in the command is turned to patched, so
 * that no unpatched header is read. Relative words stay as they are: what they become in __FILE__
 * is the same. Absolute ones are mapped to the user's own folder by -ffile-prefix-map, in both
 * objects, which is what the user's own build gave; a map that the build itself has for the tree
 * (Debian's) is kept and ours left out. Neither option is recorded in the object.
 *
 * __DATE__ and __TIME__: SOURCE_DATE_EPOCH is what the build had, else a constant, the same for
 * both.
 *
 * Objects are kept by a digest of all that went into them. A tree with the same stamp has the same
 * content, so for originals the stamp and the command are enough; patched ones add the content of
 * each touched file.
 */
#include "build/compile.h"

#include "base/buf.h"
#include "base/log.h"
#include "build/copies.h"
#include "build/depend.h"
#include "build/jobs.h"
#include "build/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

/* One object to be made. */
struct task {
	const struct unit *unit;
	const char *tree;	/* WORK/src or WORK/patched */
	char *object;
	char *temp;
	char *deps;		/* what the compiler read, written by it */
	char *temp_deps;
	char *cwd;
	struct strvec argv, env;
};

static void task_free(struct task *t)
{
	free(t->object);
	free(t->temp);
	free(t->deps);
	free(t->temp_deps);
	free(t->cwd);
	strvec_free(&t->argv);
	strvec_free(&t->env);
}

static void push_mapped(struct strvec *sv, const char *s, const struct capture *c, const char *tree)
{
	char *m = path_map(s, c->src, tree);

	strvec_push(sv, m);
	free(m);
}

static void task_env(const struct capture *c, struct task *t)
{
	/* From our environment these must not come in: the build had its own, or none. */
	static const char *const drop[] = {
		"CPATH=", "C_INCLUDE_PATH=", "CPLUS_INCLUDE_PATH=", "SOURCE_DATE_EPOCH=", "LANG=",
		"LC_", "PWD=", "GCC_EXEC_PREFIX=", "COMPILER_PATH=", "LIBRARY_PATH=",
		"DEPENDENCIES_OUTPUT=", "SUNPRO_DEPENDENCIES=", "BUILD_PATH_PREFIX_MAP=",
	};
	bool dated = false;

	for (char **e = environ; *e; e++) {
		bool keep = true;

		for (size_t i = 0; i < ARRAY_SIZE(drop) && !c->from_json; i++)
			keep &= !str_starts(*e, drop[i]);
		if (keep && !str_starts(*e, "PWD="))
			strvec_push(&t->env, *e);
		dated |= keep && str_starts(*e, "SOURCE_DATE_EPOCH=");
	}
	for (size_t i = 0; i < t->unit->env.n; i++) {
		push_mapped(&t->env, t->unit->env.v[i], c, t->tree);
		dated |= str_starts(t->unit->env.v[i], "SOURCE_DATE_EPOCH=");
	}
	if (!dated)
		strvec_push(&t->env, "SOURCE_DATE_EPOCH=1");
	strvec_pushf(&t->env, "PWD=%s", t->cwd);
}

static bool has_debug(const struct unit *u)
{
	bool has = false;

	for (size_t i = 0; i < u->args.n; i++)
		if (str_starts(u->args.v[i], "-g") && !str_starts(u->args.v[i], "-gcc"))
			has = strcmp(u->args.v[i], "-g0") != 0;
	return has;
}

/* True where the build maps the tree's path itself. */
static bool has_prefix_map(const struct unit *u, const char *src)
{
	for (size_t i = 0; i < u->args.n; i++) {
		const char *w = u->args.v[i], *eq = strchr(w, '=');

		if ((str_starts(w, "-ffile-prefix-map=") || str_starts(w, "-fmacro-prefix-map=")) &&
		    eq && !strncmp(eq + 1, src, strlen(src)))
			return true;
	}
	return false;
}

/*
 * A relative word that leads into the tree from a folder outside of it ("../src/x.c") would lead to
 * the unpatched file. Returns the absolute path in the task's own tree, or NULL where the word is
 * right as it is. Caller frees.
 */
static char *own_path(const struct capture *c, const struct task *t, const char *word)
{
	char *path, *in_src, *as_is, *own = NULL;

	if (*word == '/' || !*word)
		return NULL;
	path = path_normal(t->unit->cwd, word);
	in_src = path_map(path, c->origin, c->src);
	as_is = path_normal(t->cwd, word);
	if (path_is_below(in_src, c->src) && !path_is_below(as_is, t->tree))
		own = path_map(in_src, c->src, t->tree);
	free(path);
	free(in_src);
	free(as_is);
	return own;
}

static void push_word(const struct capture *c, struct task *t, const char *word)
{
	static const char *const opts[] = {"-iquote", "-isystem", "-idirafter", "-include",
					   "-imacros", "-I"};
	const char *path = word;
	char *own;

	for (size_t i = 0; i < ARRAY_SIZE(opts) && path == word; i++)
		if (str_starts(word, opts[i]))
			path += strlen(opts[i]);
	own = *path == '-' ? NULL : own_path(c, t, path);
	if (own)
		strvec_pushf(&t->argv, "%.*s%s", (int)(path - word), word, own);
	else
		push_mapped(&t->argv, word, c, t->tree);
	free(own);
}

/* What __FILE__ shall begin with in place of the task's tree: as the build itself wrote it. */
static char *shown_tree(const struct capture *c, const struct task *t)
{
	const char *source = t->unit->source, *tail;
	char *own = own_path(c, t, source), *shown = NULL;

	tail = own ? own + strlen(t->tree) : NULL;
	if (tail && str_ends(source, tail))
		shown = xstrndup(source, strlen(source) - strlen(tail));
	free(own);
	return shown ? shown : xstrdup(c->origin);
}

static void task_argv(const struct capture *c, const struct compile_opts *o, struct task *t)
{
	const struct unit *u = t->unit;
	char *shown = shown_tree(c, t);

	strvec_push(&t->argv, u->compiler);
	if (!has_prefix_map(u, c->src))
		strvec_pushf(&t->argv, "-ffile-prefix-map=%s=%s", t->tree, shown);
	free(shown);
	for (size_t i = 0; i < u->args.n; i++)
		push_word(c, t, u->args.v[i]);
	/* Line numbers in assembly would make each moved line a difference. */
	if (!u->is_asm) {
		if (!has_debug(u))
			strvec_push(&t->argv, "-g");
		strvec_push(&t->argv, "-ffunction-sections");
		for (char *const *e = o ? o->extra_flags : NULL; e && *e; e++)
			strvec_push(&t->argv, *e);
	}
	if (command_is_clang(u->compiler))
		strvec_push(&t->argv, "-Qunused-arguments");
	if (u->lang != LANG_ASM) {
		strvec_push(&t->argv, "-MD");
		strvec_push(&t->argv, "-MF");
		strvec_push(&t->argv, t->temp_deps);
	}
	strvec_push(&t->argv, "-c");
	if (!lines_is_source_name(u->source)) {
		strvec_push(&t->argv, "-x");
		strvec_push(&t->argv, u->lang == LANG_CXX ? "c++" : u->lang == LANG_C ? "c" :
			    u->lang == LANG_ASM ? "assembler" : "assembler-with-cpp");
	}
	push_word(c, t, u->source);
	strvec_push(&t->argv, "-o");
	strvec_push(&t->argv, t->temp);
}

/* What the compiler is: a new one makes new code. */
static void add_compiler(struct buf *b, const char *compiler)
{
	char *path = strchr(compiler, '/') ? realpath(compiler, NULL) : NULL;
	struct stat st;

	if (path && stat(path, &st) == 0)
		buf_addf(b, "%s %lld %lld", path, (long long)st.st_size, (long long)st.st_mtime);
	free(path);
}

static void task_init(struct task *t, const struct capture *c, const struct unit *u,
		      const struct compile_opts *o, const char *tree, const char *folder,
		      const char *content)
{
	uint8_t sum[SHA256_SIZE];
	struct buf b = {0};
	char *hex;

	memset(t, 0, sizeof(*t));
	t->unit = u;
	t->tree = tree;
	t->cwd = path_map(u->cwd, c->src, tree);
	buf_addf(&b, "%s\n%s\n%s\n", u->id, c->stamp, content);
	for (char *const *e = o ? o->extra_flags : NULL; e && *e; e++)
		buf_addf(&b, "%s\n", *e);
	add_compiler(&b, u->compiler);
	sha256(b.p, b.n, sum);
	buf_free(&b);
	hex = hex_encode(sum, 8);
	t->object = xasprintf("%s/%s/%s-%s.o", c->work, folder, u->id, hex);
	t->temp = xasprintf("%s.tmp.o", t->object);
	t->deps = xasprintf("%s.d", t->object);
	t->temp_deps = xasprintf("%s.tmp.d", t->object);
	free(hex);
	task_argv(c, o, t);
	task_env(c, t);
}

/* The first "file:line:col: error:" of a compiler's messages, as the reason's position. */
static void add_position(const char *out, const struct capture *c, const struct task *t,
			 struct sut_err *err)
{
	const char *at = strstr(out, "error:"), *s = at;
	char *line, *colon, *p, *user;
	int number;

	if (!at)
		return;
	while (s > out && s[-1] != '\n')
		s--;
	line = xstrndup(s, (size_t)(at - s));
	colon = strchr(line, ':');
	if (colon && (number = atoi(colon + 1)) > 0) {
		*colon = '\0';
		p = path_normal(t->cwd, line);
		user = path_map(p, t->tree, c->origin);
		sut_fail_where(err, user, number);
		free(user);
		free(p);
	}
	free(line);
}

static int run_tasks(struct capture *c, struct task *t, size_t n, int max, size_t *reused,
		     struct sut_err *err)
{
	struct job *jobs = xcalloc(n, sizeof(*jobs));
	size_t *of = xcalloc(n, sizeof(*of)), todo = 0;
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		if (file_exists(t[i].object) &&
		    (t[i].unit->lang == LANG_ASM || file_exists(t[i].deps))) {
			++*reused;
			continue;
		}
		jobs[todo].argv = t[i].argv.v;
		jobs[todo].env = t[i].env.v;
		jobs[todo].cwd = t[i].cwd;
		of[todo++] = i;
	}
	if (todo)
		log_info("compiling %zu objects", todo);
	if (jobs_run(jobs, todo, max, "compiling", err) < 0) {
		r = -1;
		todo = 0;
	}
	for (size_t i = 0; i < todo; i++) {
		const struct task *k = &t[of[i]];
		bool patched = strcmp(k->tree, c->src) != 0;

		if (jobs[i].status != 0) {
			r = sut_fail(err, SUT_B_COMPILE, k->unit->source,
				     "the %s source does not compile (status %d):\n%s",
				     patched ? "patched" : "original", jobs[i].status,
				     jobs[i].output);
			add_position(jobs[i].output, c, k, err);
			unlink(k->temp);
			unlink(k->temp_deps);
		} else if ((k->unit->lang != LANG_ASM && rename(k->temp_deps, k->deps) < 0) ||
			   rename(k->temp, k->object) < 0) {
			r = sut_fail(err, SUT_E_IO, k->object, "%s", strerror(errno));
		}
	}
	jobs_free_output(jobs, n);
	free(jobs);
	free(of);
	return r;
}

/* All that the patches make of the touched files, for the digest of patched objects. */
static char *patched_content(const struct patch_set *ps, const char *tree)
{
	struct buf b = {0};
	uint8_t sum[SHA256_SIZE];

	buf_add(&b, "", 0);
	for (size_t i = 0; i < ps->n_files; i++) {
		char *p = path_join(tree, ps->files[i].path);
		uint8_t *text;
		size_t n;

		buf_addf(&b, "%s\n", ps->files[i].path);
		if (read_file(p, &text, &n) == 0) {
			buf_addf(&b, "%zu\n", n);
			buf_add(&b, text, n);
			free(text);
		}
		free(p);
	}
	sha256(b.p ? b.p : (const uint8_t *)"", b.n, sum);
	buf_free(&b);
	return hex_encode(sum, sizeof(sum));
}

static void find_affected(const struct capture *c, const struct patch_set *ps,
			  const struct copies *copies, struct compile_result *res)
{
	bool *used = xcalloc(ps->n_files, sizeof(*used)), *namers = depend_on_new(c, ps);

	for (size_t i = 0; i < c->units.n; i++) {
		struct compiled *done = NULL;

		for (size_t k = 0; k < ps->n_files; k++) {
			if (!copies_unit_uses(c, ps, copies, &c->units.v[i], k))
				continue;
			if (!done) {
				done = VEC_PUSH(res->v, res->n, res->cap);
				done->unit = &c->units.v[i];
			}
			strvec_push(&done->touched, ps->files[k].path);
			used[k] = true;
		}
		if (!done && namers && namers[i]) {
			done = VEC_PUSH(res->v, res->n, res->cap);
			done->unit = &c->units.v[i];
		}
	}
	free(namers);
	for (size_t k = 0; k < ps->n_files; k++)
		/* Who includes a new header is known only when the patched code is compiled. */
		if (!used[k] && !(ps->files[k].is_new && lines_may_be_included(ps->files[k].path)))
			strvec_push(&res->not_compiled, ps->files[k].path);
	free(used);
}

/* Refuses all units that cannot be compared, before any compiler runs. */
static int check_units(const struct capture *c, const struct patch_set *ps,
		       const struct compile_result *res, struct sut_err *err)
{
	int r = 0;

	for (size_t i = 0; i < res->n; i++) {
		const struct unit *u = res->v[i].unit;

		if (u->is_lto)
			r = sut_fail(err, SUT_B_LTO, u->source, "its command has -flto");
		for (size_t k = 0; k < ps->n_files; k++) {
			char *p = capture_touched_path(c, &ps->files[k]);

			if (ps->files[k].is_deleted && !strcmp(p, u->source_path))
				r = sut_fail(err, SUT_B_UNIT_REMOVED, ps->files[k].path,
					     "'%s' removes or renames it",
					     ps->files[k].patches.v[ps->files[k].patches.n - 1]);
			free(p);
		}
	}
	return r;
}

static void compiled_free(struct compiled *v)
{
	free(v->orig);
	free(v->patched);
	strvec_free(&v->touched);
}

/* Assembly is compared as a whole: a header that changed nothing in it is no obstacle. */
static int settle_assembly(struct compile_result *res, struct sut_err *err)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < res->n; i++) {
		struct compiled *v = &res->v[i];

		if (v->unit->is_asm && files_equal(v->orig, v->patched)) {
			compiled_free(v);
			continue;
		}
		if (v->unit->is_asm)
			r = sut_fail(err, SUT_B_ASM, v->unit->source,
				     "its object changes by what the patch does to '%s'",
				     v->touched.n ? v->touched.v[0] : v->unit->source);
		res->v[n++] = *v;
	}
	res->n = n;
	return r;
}

static int make_folders(const struct capture *c, struct sut_err *err)
{
	static const char *const names[] = {"orig", "new"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *p = path_join(c->work, names[i]);
		int r = mkdir_p(p);

		if (r < 0)
			sut_fail(err, SUT_E_IO, p, "%s", strerror(errno));
		free(p);
		if (r < 0)
			return -1;
	}
	return 0;
}

int compile_units(struct capture *c, struct patch_set *ps, const struct compile_opts *opts,
		  struct compile_result *ret, struct sut_err *err)
{
	struct copies copies = {0};
	struct task *tasks;
	char *content;
	int r, bad = 0;

	memset(ret, 0, sizeof(*ret));
	ret->patched_tree = path_join(c->work, "patched");
	if (remove_tree(ret->patched_tree) < 0)
		return sut_fail(err, SUT_E_IO, ret->patched_tree, "%s", strerror(errno));
	if (make_folders(c, err) < 0 || tree_copy_linked(c->src, ret->patched_tree, err) < 0 ||
	    tree_patch(ps, c->src, ret->patched_tree, err) < 0)
		return -1;
	r = copies_find(c, ps, &copies, err);
	if (r == 0)
		r = copies_patch(c, ps, &copies, ret->patched_tree, err);
	if (r == 0)
		find_affected(c, ps, &copies, ret);
	copies_free(&copies);
	if (r < 0)
		return -1;
	for (size_t i = 0; i < ret->not_compiled.n; i++)
		if (depend_is_build_file(ret->not_compiled.v[i]))
			log_warn("'%s' tells how the program is built: units are compiled with the flags "
				 "that they had, whatever the patch changes there", ret->not_compiled.v[i]);
		else
			log_debug("no unit is made of '%s'", ret->not_compiled.v[i]);
	if (check_units(c, ps, ret, err) < 0)
		return -1;
	content = patched_content(ps, ret->patched_tree);
	tasks = xcalloc(2 * ret->n, sizeof(*tasks));
	for (size_t i = 0; i < ret->n; i++) {
		struct compiled *v = &ret->v[i];

		task_init(&tasks[2 * i], c, v->unit, opts, c->src, "orig", "");
		task_init(&tasks[2 * i + 1], c, v->unit, opts, ret->patched_tree, "new", content);
		v->orig = xstrdup(tasks[2 * i].object);
		v->patched = xstrdup(tasks[2 * i + 1].object);
	}
	r = run_tasks(c, tasks, 2 * ret->n, opts ? opts->jobs : 0, &ret->n_reused, err);
	for (size_t i = 0; i < ret->n && r == 0; i++)
		if (ret->v[i].unit->lang != LANG_ASM &&
		    depend_check(c, ps, ret->v[i].unit, tasks[2 * i + 1].deps, tasks[2 * i + 1].cwd,
				 ret->patched_tree, &ret->v[i].touched, err) < 0)
			bad = -1;
	r = r < 0 ? r : bad;
	for (size_t i = 0; i < 2 * ret->n; i++)
		task_free(&tasks[i]);
	free(tasks);
	free(content);
	return r < 0 ? -1 : settle_assembly(ret, err);
}

int compile_again(struct capture *c, const struct patch_set *ps, const struct compile_result *r,
		  const struct compile_opts *opts, char ***ret, struct sut_err *err)
{
	char *content = patched_content(ps, r->patched_tree);
	struct task *tasks = xcalloc(r->n, sizeof(*tasks));
	size_t reused = 0;
	int bad;

	*ret = xcalloc(r->n + 1, sizeof(**ret));
	for (size_t i = 0; i < r->n; i++) {
		task_init(&tasks[i], c, r->v[i].unit, opts, r->patched_tree, "new", content);
		(*ret)[i] = xstrdup(tasks[i].object);
	}
	bad = run_tasks(c, tasks, r->n, opts ? opts->jobs : 0, &reused, err);
	for (size_t i = 0; i < r->n; i++)
		task_free(&tasks[i]);
	free(tasks);
	free(content);
	return bad;
}

void compile_result_free(struct compile_result *r)
{
	for (size_t i = 0; i < r->n; i++)
		compiled_free(&r->v[i]);
	free(r->v);
	strvec_free(&r->not_compiled);
	free(r->patched_tree);
	memset(r, 0, sizeof(*r));
}

int compile_originals(struct capture *c, const struct unit *const *units, size_t n,
		      const struct compile_opts *opts, char ***ret, struct sut_err *err)
{
	struct task *t;
	size_t reused = 0;
	int r;

	for (size_t i = 0; i < n; i++)
		if (units[i]->is_lto)
			return sut_fail(err, SUT_B_LTO, units[i]->source, "its command has -flto");
	if (make_folders(c, err) < 0)
		return -1;
	t = xcalloc(n + 1, sizeof(*t));
	for (size_t i = 0; i < n; i++)
		task_init(&t[i], c, units[i], opts, c->src, "orig", "");
	r = run_tasks(c, t, n, opts ? opts->jobs : 0, &reused, err);
	*ret = r < 0 ? NULL : xcalloc(n + 1, sizeof(**ret));
	for (size_t i = 0; i < n; i++) {
		if (!r)
			(*ret)[i] = xstrdup(t[i].object);
		task_free(&t[i]);
	}
	free(t);
	return r;
}
