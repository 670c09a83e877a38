// SPDX-License-Identifier: GPL-2.0-or-later
/* Bad input for every command, and output to places that do not take it. */
#include "cli.h"
#include "sample_patch.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#define NOBODY 65534

static const char *const commands[] = {"build",	 "diff",   "inspect", "check",	 "apply", "revert",
				       "status", "stack", "doctor",  "explain", "help"};

static char *path(const char *name)
{
	return xasprintf("%s/%s", cli_dir, name);
}

static void put(const char *name, const void *data, size_t n)
{
	char *p = path(name);

	if (write_file(p, data, n) || chmod(p, 0644))
		tap_ok(false, "cannot write %s", p);
	free(p);
}

static void help(void)
{
	struct cli_run a, b;
	char want[64];

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		char *c = (char *)commands[i];

		a = CLI("help", c);
		b = CLI(c, "--help");
		snprintf(want, sizeof(want), "usage: suture %s", c);
		tap_ok(!a.status && !b.status && str_starts(a.out, want) && !strcmp(a.out, b.out),
		       "help %s and %s --help say the same", c, c);
		cli_free(&a);
		cli_free(&b);
		a = CLI(c, "--no-such-option");
		tap_ok(a.status == 2 && !*a.out && strstr(a.err, "--no-such-option") &&
			       strstr(a.err, "SUT-U001"),
		       "%s: unknown option", c);
		cli_free(&a);
		a = CLI(c, "--json", "--no-such-option");
		json_decref(cli_json(&a, c));
		cli_free(&a);
	}
	a = CLI("aply");
	tap_ok(a.status == 2 && strstr(a.err, "'apply'"), "a mistyped command suggests the nearest");
	cli_free(&a);
	a = CLI("--version");
	tap_ok(!a.status && str_starts(a.out, "suture "), "--version");
	cli_free(&a);
	a = CLI("--json");
	json_decref(cli_json(&a, "no command"));
	cli_free(&a);
	a = CLI("--json", "apply", "\377\376", "1");
	json_decref(cli_json(&a, "a file name that is not UTF-8"));
	cli_free(&a);
	a = CLI("--json", "stack", "\377");
	json_decref(cli_json(&a, "a word that is not UTF-8"));
	cli_free(&a);
}

/* One bad file for each command that takes one; the wanted outcome and code. */
static void file(const char *name, const char *code, int status)
{
	char *p = path(name), *pid = xasprintf("%d", getppid());
	struct cli_run r[3] = {CLI("inspect", "--json", p), CLI("check", "--json", p, pid),
			       CLI("apply", "--json", p, pid)};

	for (size_t i = 0; i < ARRAY_SIZE(r); i++) {
		json_t *doc = cli_json(&r[i], name);

		tap_ok(r[i].status == status && !strcmp(cli_code(doc), code) && !*r[i].err,
		       "%s: exit %d, %s", name, r[i].status, cli_code(doc));
		json_decref(doc);
		cli_free(&r[i]);
	}
	free(p);
	free(pid);
}

static void files(void)
{
	struct patch *p = sample_patch(1);
	struct sut_err err = {0};
	uint8_t *data = NULL;
	size_t n = 0;
	struct cli_run r;
	char *dir = path("folder"), *good = path("good.sut");

	if (!tap_ok(!patch_encode(p, &data, &n, &err), "a sample patch"))
		return;
	put("good.sut", data, n);
	put("cut.sut", data, n / 2);
	put("empty.sut", "", 0);
	put("text.sut", "--- a/x.c\n+++ b/x.c\n", 20);
	data[n / 2] ^= 1;
	put("damaged.sut", data, n);
	mkdir_p(dir);
	file("absent.sut", "SUT-E001", 4);
	file("folder", "SUT-E001", 4);
	file("empty.sut", "SUT-F001", 4);
	file("text.sut", "SUT-F001", 4);
	file("cut.sut", "SUT-F002", 4);
	file("damaged.sut", "SUT-F004", 4);
	r = CLI("inspect", "--json", good);
	json_decref(cli_json(&r, "inspect a good file"));
	cli_free(&r);
	r = CLI("inspect", good);
	tap_ok(!r.status && strstr(r.out, "build-id") && !*r.err, "inspect as text");
	cli_free(&r);
	if (geteuid() == 0) {
		chmod(good, 0600);
		chmod(cli_dir, 0755);
		r = cli_exec((char *[]){"suture", "inspect", good, NULL}, NOBODY, NULL);
		tap_ok(r.status == 4 && strstr(r.err, "Permission denied"), "no permission");
		cli_free(&r);
	} else {
		tap_ok(true, "no permission # SKIP needs root");
	}
	free(dir);
	free(good);
	free(data);
	patch_free(p);
}

/* What build and diff are given is files too. */
static void build_input(void)
{
	char *text = path("text.sut"), *absent = path("absent.patch"), *out = path("never.sut");
	struct cli_run r;

	r = CLI("diff", "--json", text, absent);
	tap_ok(r.status == 4, "diff of no objects: exit %d", r.status);
	json_decref(cli_json(&r, "diff of no objects"));
	cli_free(&r);
	r = CLI("build", "--json", text);
	tap_ok(r.status == 2, "build without a way to build: exit %d", r.status);
	json_decref(cli_json(&r, "build without a way to build"));
	cli_free(&r);
	r = cli_exec((char *[]){"suture", "build", "--json", "--source", cli_dir, "--make", "true",
				"--object", text, "-o", out, absent, NULL},
		     0, NULL);
	tap_ok(r.status == 4 && !file_exists(out), "build with an absent diff: exit %d", r.status);
	json_decref(cli_json(&r, "build with an absent diff"));
	cli_free(&r);
	r = cli_exec((char *[]){"suture", "build", "--json", "--source", cli_dir, "--make", "true",
				"--jobs", "many", "--object", text, absent, NULL},
		     0, NULL);
	tap_ok(r.status == 2, "build with a bad number of jobs: exit %d", r.status);
	cli_free(&r);
	free(text);
	free(absent);
	free(out);
}

static void pid_text(const char *pid)
{
	static const char *const with[] = {"stack", "status"};

	for (size_t i = 0; i < ARRAY_SIZE(with); i++) {
		struct cli_run r = CLI((char *)with[i], "--json", (char *)pid);
		json_t *doc = cli_json(&r, pid);

		tap_ok(r.status == 2, "%s '%s' is a usage error", with[i], pid);
		json_decref(doc);
		cli_free(&r);
	}
}

/* Every command that takes a pid, on a process that cannot be one's target. */
static void pid(pid_t n, const char *what, const char *code, int status, uid_t uid)
{
	char *p = xasprintf("%d", n), *good = path("good.sut");
	char *lines[][6] = {{"suture", "stack", "--json", p, NULL},
			    {"suture", "status", "--json", p, NULL},
			    {"suture", "check", "--json", good, p, NULL},
			    {"suture", "apply", "--json", good, p, NULL},
			    {"suture", "revert", "--json", "some-name", p, NULL}};

	chmod(good, 0644);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct cli_run r = cli_exec(lines[i], uid, NULL);
		json_t *doc = cli_json(&r, what);

		tap_ok(r.status == status && !strcmp(cli_code(doc), code),
		       "%s %s: exit %d, %s", lines[i][1], what, r.status, cli_code(doc));
		json_decref(doc);
		cli_free(&r);
	}
	free(p);
	free(good);
}

static pid_t kernel_thread(void)
{
	char *text = cli_slurp("/proc/2/status");
	bool is = strstr(text, "Name:\tkthreadd") != NULL;

	free(text);
	return is ? 2 : 0;
}

static void pids(void)
{
	pid_t child = fork(), gone;

	if (!child) {
		for (;;)
			pause();
	}
	pid_text("0");
	pid_text("-1");
	pid_text("12x");
	pid_text("99999999999999999999");
	pid_text("");
	gone = fork();
	if (!gone)
		_exit(0);
	pid(gone, "an ended process", "SUT-P001", 4, 0);
	waitpid(gone, NULL, 0);
	pid(gone, "no process", "SUT-P001", 4, 0);
	if (kernel_thread())
		pid(kernel_thread(), "a kernel thread", "SUT-P005", 2, 0);
	else
		tap_ok(true, "a kernel thread # SKIP none is visible here");
	if (geteuid() == 0) {
		chmod(cli_dir, 0777);
		pid(child, "another user's process", "SUT-P002", 4, NOBODY);
	} else {
		tap_ok(true, "another user's process # SKIP needs root");
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* What the program prints on a terminal; NULL where there are none (/dev/pts is not mounted). */
static char *on_terminal(char *no_color)
{
	int m = posix_openpt(O_RDWR | O_NOCTTY), s, st;
	char *text = xcalloc(1, 65536);
	size_t n = 0;
	ssize_t r;
	pid_t pid;

	s = m < 0 || grantpt(m) || unlockpt(m) ? -1 : open(ptsname(m), O_RDWR | O_NOCTTY);
	if (s < 0) {
		free(text);
		return NULL;
	}
	pid = fork();
	if (!pid) {
		dup2(s, 1);
		setenv("TERM", "xterm", 1);
		unsetenv("NO_COLOR");
		if (no_color)
			setenv("NO_COLOR", no_color, 1);
		execl(cli_program, "suture", "help", NULL);
		_exit(127);
	}
	close(s);
	while (n < 65535 && (r = read(m, text + n, 65535 - n)) > 0)
		n += (size_t)r;
	waitpid(pid, &st, 0);
	close(m);
	return text;
}

static void colours(void)
{
	char *with = on_terminal(NULL), *without = on_terminal("1"), *empty = on_terminal("");

	if (!with || !without || !empty) {
		tap_ok(true, "colours on a terminal # SKIP /dev/pts is not there");
		return;
	}
	tap_ok(strstr(with, "apply") && strchr(with, '\033'), "colours on a terminal");
	tap_ok(strstr(without, "apply") && !strchr(without, '\033'), "none with NO_COLOR");
	tap_ok(strchr(empty, '\033') != NULL, "an empty NO_COLOR counts as unset");
	free(with);
	free(without);
	free(empty);
}

/* The shell becomes the program, so its own number is the one that it is given. */
static void own_pid(void)
{
	static const char *const lines[] = {"stack --json $$", "apply --json $0 $$",
					    "revert --json some-name $$"};
	char *good = path("good.sut"), *saved = xstrdup(cli_program);

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char *script = xasprintf("exec %s %s", saved, lines[i]);
		struct cli_run r;
		json_t *doc;

		snprintf(cli_program, sizeof(cli_program), "/bin/sh");
		r = cli_exec((char *[]){"sh", "-c", script, good, NULL}, 0, NULL);
		snprintf(cli_program, sizeof(cli_program), "%s", saved);
		doc = cli_json(&r, lines[i]);
		tap_ok(r.status == 2 && !strcmp(cli_code(doc), "SUT-P042"), "its own pid: %s",
		       cli_code(doc));
		json_decref(doc);
		cli_free(&r);
		free(script);
	}
	free(good);
	free(saved);
}

static void output(void)
{
	struct cli_run r;
	int p[2], st = 0;
	pid_t n;

	r = cli_exec((char *[]){"suture", "explain", NULL}, 0, "/dev/full");
	tap_ok(r.status == 4 && strstr(r.err, "No space left"), "a full disk is told: exit %d",
	       r.status);
	cli_free(&r);
	r = CLI("explain");
	tap_ok(!r.status && !strchr(r.out, '\033'), "no colours into a file");
	cli_free(&r);
	if (pipe(p))
		return;
	close(p[0]);
	n = fork();
	if (!n) {
		dup2(p[1], 1);
		execl(cli_program, "suture", "explain", NULL);
		_exit(127);
	}
	close(p[1]);
	waitpid(n, &st, 0);
	tap_ok(WIFEXITED(st) && !WEXITSTATUS(st), "a closed pipe ends it quietly");
}

/* The checker itself: a document with one thing wrong must not pass. */
static void checker(void)
{
	struct cli_run r = CLI("explain", "--json", "U001");
	json_t *doc = json_loads(r.out, 0, NULL), *bad;
	struct schema_check c;
	bool good;

	for (int i = 0; i < 5; i++) {
		bad = json_deep_copy(doc);
		if (i == 1)
			json_object_del(bad, "codes");
		else if (i == 2)
			json_object_set_new(bad, "surprise", json_true());
		else if (i == 3)
			json_object_set_new(bad, "outcome", json_string("fine"));
		else if (i == 4)
			json_object_del(json_array_get(json_object_get(bad, "codes"), 0), "page");
		c = (struct schema_check){.root = cli_schema};
		good = schema_valid(&c, cli_schema, bad, "$");
		tap_ok(good == (i == 0), "the schema check %s: %s", i ? "finds" : "passes", c.why);
		json_decref(bad);
	}
	json_decref(doc);
	cli_free(&r);
}

static void answers(void)
{
	static const char *const with_json[] = {"doctor", "explain", "help", "status"};
	struct cli_run r;

	for (size_t i = 0; i < ARRAY_SIZE(with_json); i++) {
		json_t *doc;

		r = CLI((char *)with_json[i], "--json");
		doc = cli_json(&r, with_json[i]);
		tap_eq_str(cli_outcome(doc), "ok", with_json[i]);
		json_decref(doc);
		cli_free(&r);
	}
	r = CLI("explain", "u001");
	tap_ok(!r.status && str_starts(r.out, "SUT-U001"), "explain takes a short form");
	cli_free(&r);
	r = CLI("explain", "--json", "SUT-Z999");
	tap_ok(r.status == 2, "explain: no such code");
	json_decref(cli_json(&r, "no such code"));
	cli_free(&r);
}

int main(int argc, char **argv)
{
	if (!tap_ok(cli_begin(argv[0]), "program and schema are there"))
		return tap_done();
	help();
	files();
	build_input();
	pids();
	own_pid();
	colours();
	output();
	answers();
	checker();
	cli_end();
	return tap_done();
}
