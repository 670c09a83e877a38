// SPDX-License-Identifier: GPL-2.0-or-later
/* From a diff to a patched process and back, through the command line alone. */
#include "cli.h"

#include <signal.h>

static const char source[] =
	"#include <stdio.h>\n"
	"#include <unistd.h>\n"
	"static int count;\n"
	"__attribute__((noinline)) int answer(int n)\n"
	"{\n"
	"\tcount++;\n"
	"\treturn n;\n"
	"}\n"
	"int main(void)\n"
	"{\n"
	"\tint volatile last = 0;\n"
	"\n"
	"\tfor (;;) {\n"
	"\t\tlast = answer(1);\n"
	"\t\tusleep(1000 * last);\n"
	"\t}\n"
	"}\n";

static const char fix[] =
	"Fixes CVE-2026-0001\n"
	"--- a/prog.c\n"
	"+++ b/prog.c\n"
	"@@ -4,5 +4,6 @@\n"
	" __attribute__((noinline)) int answer(int n)\n"
	" {\n"
	" \tcount++;\n"
	"+\tusleep(600000000);\n"
	" \treturn n;\n"
	" }\n";

static const char comment_only[] =
	"--- a/prog.c\n"
	"+++ b/prog.c\n"
	"@@ -4,5 +4,6 @@\n"
	" __attribute__((noinline)) int answer(int n)\n"
	" {\n"
	" \tcount++;\n"
	"+\t/* no code */\n"
	" \treturn n;\n"
	" }\n";

static const char data_change[] =
	"--- a/prog.c\n"
	"+++ b/prog.c\n"
	"@@ -1,5 +1,5 @@\n"
	" #include <stdio.h>\n"
	" #include <unistd.h>\n"
	"-static int count;\n"
	"+static int count = 7;\n"
	" __attribute__((noinline)) int answer(int n)\n"
	" {\n";

static char src[128], object[128], work[128];

static void put(const char *name, const char *text)
{
	char *p = path_join(cli_dir, name);

	if (write_file(p, text, strlen(text)))
		tap_ok(false, "cannot write %s", p);
	free(p);
}

static bool prepare(void)
{
	char *argv[] = {"make", "-s", NULL}, *copy[] = {"cp", NULL, object, NULL};
	int rc;

	snprintf(src, sizeof(src), "%s/src", cli_dir);
	snprintf(object, sizeof(object), "%s/prog", cli_dir);
	snprintf(work, sizeof(work), "%s/work", cli_dir);
	if (mkdir_p(src))
		return false;
	put("src/prog.c", source);
	put("src/Makefile", "prog: prog.c\n\tgcc -O2 -g -Wl,--build-id -o prog prog.c\n");
	put("fix.patch", fix);
	put("comment.patch", comment_only);
	put("data.patch", data_change);
	if (run_command(argv, &(struct run_opts){.cwd = src}))
		return false;
	copy[1] = xasprintf("%s/prog", src);
	rc = run_command(copy, &(struct run_opts){0});
	free(copy[1]);
	return !rc;
}

/* Builds with --json; NULL where the document is wrong. */
static json_t *build(const char *diff, const char *out, const char *want, char *why)
{
	char *d = path_join(cli_dir, diff), *o = path_join(cli_dir, out);
	struct cli_run r = cli_exec((char *[]){"suture", "build", "--json", "--source", src, "--make",
					       "make", "--object", object, "--work", work, "-o", o, d,
					       why ? "--why" : NULL, why, NULL},
				    0, NULL);
	json_t *doc = cli_json(&r, diff);

	tap_eq_str(cli_outcome(doc), want, diff);
	cli_free(&r);
	free(d);
	free(o);
	return doc;
}

static const json_t *find(const json_t *list, const char *key, const char *want)
{
	const json_t *e;
	size_t i;

	json_array_foreach((json_t *)list, i, e) {
		const char *s = json_string_value(json_object_get(e, key));

		if (s && !strcmp(s, want))
			return e;
	}
	return NULL;
}

static void builds(void)
{
	json_t *doc = build("fix.patch", "fix.sut", "built", NULL);
	char *text;
	struct cli_run r;

	tap_ok(find(json_object_get(doc, "functions"), "name", "answer") != NULL,
	       "'answer' is in the patch");
	text = json_dumps(json_object_get(doc, "cves"), 0);
	tap_ok(text && strstr(text, "CVE-2026-0001"), "the CVE of the diff's text is its label");
	free(text);
	json_decref(doc);
	json_decref(build("fix.patch", "why.sut", "ok", "answer"));
	text = path_join(cli_dir, "why.sut");
	tap_ok(!file_exists(text), "--why writes no file");
	free(text);
	json_decref(build("comment.patch", "comment.sut", "not-needed", NULL));
	doc = build("data.patch", "data.sut", "blocked", NULL);
	tap_eq_str(cli_code(doc), "SUT-B022", "a changed initial value is refused");
	json_decref(doc);
	text = path_join(cli_dir, "fix.sut");
	r = CLI("inspect", "--json", text);
	doc = cli_json(&r, "inspect");
	tap_ok(find(json_object_get(json_array_get(json_object_get(doc, "objects"), 0), "functions"),
		    "name", "answer") != NULL,
	       "inspect lists 'answer'");
	json_decref(doc);
	cli_free(&r);
	free(text);
}

static void stack(char *pid)
{
	struct cli_run r = CLI("stack", "--json", pid);
	json_t *doc = cli_json(&r, "stack");
	const json_t *t = json_array_get(json_object_get(doc, "threads"), 0);
	const json_t *f = find(json_object_get(t, "frames"), "patch", "fix");

	tap_ok(json_is_true(json_object_get(t, "reliable")), "the stack is reliable");
	tap_eq_str(json_string_value(json_object_get(f, "symbol")), "answer",
		   "the patch's frame has its function");
	tap_ok(find(json_object_get(t, "frames"), "symbol", "main") != NULL, "and below it is 'main'");
	json_decref(doc);
	cli_free(&r);
	r = CLI("stack", pid);
	tap_ok(!r.status && strstr(r.out, "answer+") && strstr(r.out, "patch fix") &&
		       strstr(r.out, "prog.c:"),
	       "the same as text, with source lines");
	cli_free(&r);
}

/* Waits until the stack of @pid tells of @what; a busy machine takes its time. */
static void until(char *pid, const char *what)
{
	for (int i = 0; i < 200; i++) {
		struct cli_run r = CLI("stack", pid);
		bool there = strstr(r.out, what) != NULL;

		cli_free(&r);
		if (there)
			return;
		usleep(50000);
	}
	printf("# no '%s' on the stack\n", what);
}

static void life(void)
{
	char *sut = path_join(cli_dir, "fix.sut"), *pid;
	struct cli_run r;
	pid_t n = fork();

	if (!n) {
		execl(object, object, NULL);
		_exit(127);
	}
	pid = xasprintf("%d", n);
	until(pid, "main");
	r = CLI("apply", sut, pid);
	tap_ok(!r.status, "applied: %s", r.out);
	cli_free(&r);
	until(pid, "patch fix");
	stack(pid);
	r = CLI("revert", "--timeout", "200ms", "fix", pid);
	tap_ok(r.status == 3 && strstr(r.err, "answer"), "a revert is blocked by who sleeps inside");
	cli_free(&r);
	r = CLI("status", pid);
	tap_ok(!r.status && strstr(r.out, "CVE-2026-0001"), "status names the CVE");
	cli_free(&r);
	kill(n, SIGKILL);
	waitpid(n, NULL, 0);
	free(sut);
	free(pid);
}

int main(int argc, char **argv)
{
	if (!tap_ok(cli_begin(argv[0]), "program and schema are there"))
		return tap_done();
	if (tap_ok(prepare(), "a program")) {
		builds();
		life();
	}
	cli_end();
	return tap_done();
}
