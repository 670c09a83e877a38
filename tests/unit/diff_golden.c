// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs the comparison on pairs of small sources: tests/golden/NAME/{orig.c,patched.c,expect}.
 *
 * expect holds one word and its arguments a line:
 *	flags ...		compile (once more) with these; default: -O2
 *	plain			without -ffunction-sections -fdata-sections -g
 *	edited FROM TO		lines that the diff touches
 *	outside			every global has users in other units
 *	changed|new|removed NAME, refused CODE NAME
 *				all of them must be listed, and no others
 *	unchanged NAME		must be among the unchanged
 *	why NAME WHY		diff_func.why
 *	maybe ...		any of the four lists may hold this line
 *	also COMPILER		with this one, too: what is expected is the same
 * "gcc:" or "clang:" in front limits a line to that compiler. Names are compared without numbers.
 */
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "build/diff/diff.h"
#include "build/diff/names.h"
#include "tap.h"

struct expect {
	struct strvec flags, want, maybe, also;
	bool plain, outside;
	int from, to;
};

static void read_expect(const char *path, const char *cc, struct expect *e)
{
	uint8_t *text;
	size_t size;
	char *save = NULL;

	if (read_file(path, &text, &size) < 0)
		return;
	for (char *l = strtok_r((char *)text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		if (str_starts(l, "gcc:") || str_starts(l, "clang:")) {
			char *rest = strchr(l, ':') + 1;

			if (strncmp(l, cc, strlen(cc)) || l[strlen(cc)] != ':')
				continue;
			l = rest + strspn(rest, " ");
		}
		if (str_starts(l, "flags "))
			strvec_push(&e->flags, l + 6);
		else if (!strcmp(l, "plain"))
			e->plain = true;
		else if (!strcmp(l, "outside"))
			e->outside = true;
		else if (str_starts(l, "also "))
			strvec_push(&e->also, l + 5);
		else if (str_starts(l, "maybe "))
			strvec_push(&e->maybe, l + 6);
		else if (sscanf(l, "edited %d %d", &e->from, &e->to) == 2)
			continue;
		else if (*l != '#')
			strvec_push(&e->want, l);
	}
	if (!e->flags.n)
		strvec_push(&e->flags, "-O2");
	free(text);
}

static bool is_edited(void *ctx, const char *file, int from, int to)
{
	const struct expect *e = ctx;

	return strcmp(path_base(file), "unit.h") && from <= e->to && to >= e->from;
}

static bool has_users(void *ctx, const char *name)
{
	return true;
}

static int compile(const char *cc, const char *flags, bool plain, const char *src, const char *out)
{
	char *cmd = xasprintf("%s %s %s -w -c -o %s %s", cc, flags,
			      plain ? "" : "-g -ffunction-sections -fdata-sections", out, src);
	char *argv[] = {"sh", "-c", cmd, NULL};
	int rc = run_command(argv, &(struct run_opts){0});

	free(cmd);
	return rc;
}

static void push_line(struct strvec *v, const char *verb, const char *name)
{
	bool numbered;
	char *key = name_key(name, &numbered), *line = xasprintf("%s %s", verb, key);

	if (!strvec_has(v, line))
		strvec_push(v, line);
	free(line);
	free(key);
}

static void list(struct strvec *got, const struct diff_unit *u, const struct sut_err *err)
{
	for (size_t i = 0; u && i < u->n_funcs; i++) {
		char *why = xasprintf(" %s", diff_why_text(u->funcs[i].why));

		push_line(got, diff_status_text(u->funcs[i].status), u->funcs[i].name);
		if (u->funcs[i].why != WHY_NONE) {
			bool numbered;
			char *key = name_key(u->funcs[i].name, &numbered);

			strvec_pushf(got, "why %s%s", key, why);
			free(key);
		}
		free(why);
	}
	for (size_t i = 0; u && i < u->n_data; i++)
		push_line(got, diff_status_text(u->data[i].status), u->data[i].name);
	for (size_t i = 0; i < err->n; i++) {
		char *verb = xasprintf("refused %s", sut_code_info(err->v[i].code)->text);

		push_line(got, verb, path_base(err->v[i].subject));
		free(verb);
	}
}

static bool must_be_listed(const char *line)
{
	return str_starts(line, "changed ") || str_starts(line, "new ") ||
	       str_starts(line, "removed ") || str_starts(line, "refused ");
}

static void run_case(const char *dir, const char *name, const char *cc, const char *flags,
		     struct expect *e, const char *tmp)
{
	char *a = xasprintf("%s/%s/orig.c", dir, name);
	char *b = xasprintf("%s/%s/patched.c", dir, name);
	char *ao = xasprintf("%s/a.o", tmp), *bo = xasprintf("%s/b.o", tmp);
	struct diff_opts opts = {.is_edited = e->from ? is_edited : NULL, .ctx = e};
	struct elf_obj *orig = NULL, *new = NULL;
	struct strvec got = {0}, bad = {0};
	struct diff_unit *u = NULL;
	struct sut_err err = {0};

	if (e->outside)
		opts.has_outside_users = has_users;
	if (compile(cc, flags, e->plain, a, ao) || compile(cc, flags, e->plain, b, bo)) {
		strvec_push(&bad, "does not compile");
	} else {
		orig = elf_obj_open(ao, &err);
		new = elf_obj_open(bo, &err);
		if (orig && new)
			u = diff_unit_compare(orig, new, &opts, &err);
		list(&got, u, &err);
	}
	for (size_t i = 0; i < e->want.n; i++)
		if (!strvec_has(&got, e->want.v[i]))
			strvec_pushf(&bad, "-%s", e->want.v[i]);
	for (size_t i = 0; i < got.n; i++)
		if (must_be_listed(got.v[i]) && !strvec_has(&e->want, got.v[i]) &&
		    !strvec_has(&e->maybe, got.v[i]))
			strvec_pushf(&bad, "+%s", got.v[i]);
	tap_ok(!bad.n, "%s (%s %s)", name, cc, flags);
	for (size_t i = 0; i < bad.n; i++)
		printf("#   %s\n", bad.v[i]);
	for (size_t i = 0; bad.n && i < err.n; i++)
		printf("#   (%s: %s)\n", err.v[i].subject, err.v[i].cause);
	diff_unit_free(u);
	elf_obj_free(orig);
	elf_obj_free(new);
	sut_err_free(&err);
	strvec_free(&got);
	strvec_free(&bad);
	free(a);
	free(b);
	free(ao);
	free(bo);
}

/* What is expected of the compiler @cc is what is said of @like, which may be another. */
static void run_compiler(const char *dir, const char *name, const char *path, const char *cc, const char *like,
			 const char *tmp)
{
	char *probe[] = {(char *)cc, "--version", NULL}, *out = NULL;
	struct expect e = {0};
	int rc = run_command(probe, &(struct run_opts){.ret_output = &out});

	free(out);
	read_expect(path, like, &e);
	if (rc)
		tap_ok(true, "%s # SKIP no %s", name, cc);
	for (size_t f = 0; !rc && f < e.flags.n; f++)
		if (strcmp(e.flags.v[f], "none"))
			run_case(dir, name, cc, e.flags.v[f], &e, tmp);
	for (size_t i = 0; cc == like && i < e.also.n; i++)
		run_compiler(dir, name, path, e.also.v[i], like, tmp);
	strvec_free(&e.flags);
	strvec_free(&e.want);
	strvec_free(&e.maybe);
	strvec_free(&e.also);
}

int main(int argc, char **argv)
{
	static const char *const compilers[] = {"gcc", "clang"};
	const char *dir = "tests/golden";
	char tmp[] = "/tmp/diff_golden.XXXXXX";
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort);

	if (n < 0 || !mkdtemp(tmp)) {
		tap_ok(false, "tests/golden is found and a temporary folder made");
		return tap_done();
	}
	for (int i = 0; i < n; i++) {
		char *path = xasprintf("%s/%s/expect", dir, names[i]->d_name);

		for (size_t k = 0; k < ARRAY_SIZE(compilers) && file_exists(path); k++)
			if (argc < 2 || !strcmp(argv[1], names[i]->d_name))
				run_compiler(dir, names[i]->d_name, path, compilers[k], compilers[k], tmp);
		free(path);
		free(names[i]);
	}
	free(names);
	remove_tree(tmp);
	return tap_done();
}
