// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/load.h"

#include "build/jobs.h"
#include "build/lines.h"
#include "elf/elfobj.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

bool lines_is_source_name(const char *path)
{
	static const char *const exts[] = {"c", "cc", "cpp", "cxx", "c++", "C", "s", "S", "sx"};
	const char *dot = strrchr(path_base(path), '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(exts); i++)
		if (!strcmp(dot + 1, exts[i]))
			return true;
	return false;
}

bool lines_may_be_included(const char *path)
{
	return lines_is_c_name(path) && !lines_is_source_name(path);
}

/* True where a path can begin at @at: not in the middle of another path. */
static bool path_begins(const char *start, const char *at)
{
	/* "-I/x", "-fmap=/x=/y" and "'/x'": back to a separator no other part of a path. */
	while (at > start && !strchr("=:, \"'", at[-1])) {
		at--;
		if (*at == '/' || *at == '.')
			return false;
	}
	return true;
}

char *path_map(const char *s, const char *from, const char *to)
{
	const char *start = s;
	size_t m = strlen(from);
	struct buf out = {0};

	while (*s) {
		bool hit = !strncmp(s, from, m) && path_begins(start, s) &&
			   (!s[m] || !(isalnum((unsigned char)s[m]) || strchr("._-+~@", s[m])));

		buf_add(&out, hit ? to : s, hit ? strlen(to) : 1);
		s += hit ? m : 1;
	}
	return out.p ? (char *)out.p : xstrdup("");
}

static void map_in_place(char **s, const char *from, const char *to)
{
	char *mapped;

	if (!*s || !strstr(*s, from))
		return;
	mapped = path_map(*s, from, to);
	free(*s);
	*s = mapped;
}

static bool is_wanted(const struct unit *u)
{
	return u->lang != LANG_NONE && u->lang != LANG_OTHER && file_exists(u->source_path);
}

void capture_map_units(struct capture *c, size_t first)
{
	size_t n = 0;

	for (size_t i = first; i < c->units.n; i++) {
		struct unit *u = &c->units.v[i];

		map_in_place(&u->cwd, c->origin, c->src);
		map_in_place(&u->source, c->origin, c->src);
		map_in_place(&u->source_path, c->origin, c->src);
		map_in_place(&u->output, c->origin, c->src);
		for (size_t k = 0; k < u->args.n; k++)
			map_in_place(&u->args.v[k], c->origin, c->src);
		for (size_t k = 0; k < u->deps.n; k++)
			map_in_place(&u->deps.v[k], c->origin, c->src);
		unit_set_id(u);
	}
	for (size_t i = 0; i < c->units.n; i++) {
		struct unit *u = &c->units.v[i];
		bool keep = is_wanted(u);

		/* conftest.c is gone, and what was compiled twice counts once. */
		for (size_t k = i + 1; keep && k < c->units.n; k++)
			if (u->output ? c->units.v[k].output &&
						!strcmp(c->units.v[k].output, u->output) :
					!strcmp(c->units.v[k].id, u->id))
				keep = false;
		if (!keep)
			unit_free(u);
		else if (n++ != i)
			c->units.v[n - 1] = *u;
	}
	c->units.n = n;
}

static void load_deps(struct capture *c, struct unit *u, const char *name)
{
	uint8_t *text;
	size_t n;

	if (!name || read_file(name, &text, &n) < 0)
		return;
	command_parse_deps((char *)text, u->cwd, &u->deps);
	u->deps_known = u->deps.n > 0;
	free(text);
}

static void add_link(struct capture *c, const struct command *cmd)
{
	struct link *l = VEC_PUSH(c->links, c->n_links, c->cap_links);
	char *p = path_normal(cmd->cwd, cmd->output ? cmd->output : "a.out");

	l->output = path_map(p, c->origin, c->src);
	l->icf = cmd->icf ? xstrdup(cmd->icf) : NULL;
	free(p);
	for (size_t i = 0; i < cmd->inputs.n; i++) {
		const char *in = cmd->inputs.v[i];

		p = in[0] == '-' ? xstrdup(in) : path_normal(cmd->cwd, in);
		strvec_push(&l->inputs, p);
		free(p);
	}
}

static int load_record(struct capture *c, const char *path, struct sut_err *err)
{
	json_t *root = json_load_file(path, 0, NULL), *v;
	const char *cwd = json_string_value(json_object_get(root, "cwd"));
	const char *compiler = json_string_value(json_object_get(root, "compiler"));
	const char *deps = json_string_value(json_object_get(root, "deps"));
	struct strvec argv = {0}, env = {0};
	size_t first = c->units.n, i;
	struct command cmd;

	json_array_foreach(json_object_get(root, "argv"), i, v)
		strvec_push(&argv, json_is_string(v) ? json_string_value(v) : "");
	json_array_foreach(json_object_get(root, "env"), i, v)
		if (json_is_string(v))
			strvec_push(&env, json_string_value(v));
	if (!cwd || !compiler || !argv.n) {
		strvec_free(&argv);
		strvec_free(&env);
		json_decref(root);
		return sut_fail(err, SUT_B_RECORD, path, "the record is not whole");
	}
	command_parse(cwd, argv.v, &cmd);
	command_units(&cmd, compiler, &env, &c->units);
	/* A list that leaves something out is none: the compiler is asked for a whole one. */
	if (c->units.n == first + 1 && !cmd.deps_partial)
		load_deps(c, &c->units.v[first], deps);
	if (cmd.links)
		add_link(c, &cmd);
	command_free(&cmd);
	strvec_free(&argv);
	strvec_free(&env);
	json_decref(root);
	return 0;
}

static int only_records(const struct dirent *de)
{
	return str_ends(de->d_name, ".json");
}

int capture_load_records(struct capture *c, struct sut_err *err)
{
	char *dir = path_join(c->work, "records");
	struct dirent **list;
	int n = scandir(dir, &list, only_records, alphasort), r = 0;

	if (n < 0) {
		sut_fail(err, SUT_E_IO, dir, "%s", strerror(errno));
		free(dir);
		return -1;
	}
	/* Names begin with the time: this is the order of the commands. */
	for (int i = 0; i < n; i++) {
		char *p = path_join(dir, list[i]->d_name);

		if (r == 0)
			r = load_record(c, p, err);
		free(p);
		free(list[i]);
	}
	free(list);
	free(dir);
	if (r < 0)
		return -1;
	capture_map_units(c, 0);
	/* A build that writes its own dependencies in an odd way, or none: ask the compiler. */
	return capture_find_deps(c, err);
}

int capture_find_deps(struct capture *c, struct sut_err *err)
{
	struct strvec *argv = xcalloc(c->units.n, sizeof(*argv)), out = {0};
	struct job *jobs = xcalloc(c->units.n, sizeof(*jobs));
	size_t *of = xcalloc(c->units.n, sizeof(*of)), n = 0;
	char *dir = path_join(c->work, "deps");
	int r = mkdir_p(dir);

	if (r < 0)
		sut_fail(err, SUT_E_IO, dir, "%s", strerror(errno));
	for (size_t i = 0; r == 0 && i < c->units.n; i++) {
		struct unit *u = &c->units.v[i];
		char *path;

		if (u->deps_known || u->lang == LANG_ASM)
			continue;
		path = xasprintf("%s/%s.d", dir, u->id);
		load_deps(c, u, path);
		if (!u->deps_known) {
			struct strvec *a = &argv[n];

			strvec_push(a, u->compiler);
			for (size_t k = 0; k < u->args.n; k++)
				strvec_push(a, u->args.v[k]);
			strvec_push(a, "-M");
			strvec_push(a, "-MF");
			strvec_push(a, path);
			if (!lines_is_source_name(u->source)) {
				strvec_push(a, "-x");
				strvec_push(a, u->lang == LANG_CXX ? "c++" : "c");
			}
			strvec_push(a, u->source);
			jobs[n].argv = a->v;
			jobs[n].cwd = u->cwd;
			of[n++] = i;
			strvec_push(&out, path);
		}
		free(path);
	}
	if (r == 0 && n)
		r = jobs_run(jobs, n, 0, "finding includes", err);
	for (size_t i = 0; r == 0 && i < n; i++)
		load_deps(c, &c->units.v[of[i]], out.v[i]);
	jobs_free_output(jobs, n);
	for (size_t i = 0; i < n; i++)
		strvec_free(&argv[i]);
	strvec_free(&out);
	free(argv);
	free(jobs);
	free(of);
	free(dir);
	return r;
}

bool unit_depends_on(const struct unit *u, const char *path)
{
	return !strcmp(u->source_path, path) || strvec_has(&u->deps, path);
}

void capture_free(struct capture *c)
{
	for (size_t i = 0; c->objs && i < c->units.n; i++)
		elf_obj_free(c->objs[i]);
	free(c->objs);
	unit_vec_free(&c->units);
	capture_free_links(c);
	/* A failed capture_run may not have come as far as the lock. */
	if (c->work && c->lock_fd >= 0)
		close(c->lock_fd);
	free(c->origin);
	free(c->work);
	free(c->src);
	free(c->stamp);
	memset(c, 0, sizeof(*c));
	c->lock_fd = -1;
}
