// SPDX-License-Identifier: GPL-2.0-or-later
/* check, apply, status, stack and revert through the command line, on a running program. */
#include "cli.h"
#include "victim.h"

#include <dirent.h>

/*
 * The patch's name. Its own, like the victim's build-id below: --all must not find what another run
 * of the tests has started on the same machine.
 */
static char name[32];

static const json_t *first(const json_t *o, const char *key)
{
	return json_array_get(json_object_get(o, key), 0);
}

static json_int_t number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static const char *word(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* Runs with --json; the outcome has to be @want. */
static json_t *expect(const char *want, char *a, char *b, char *c)
{
	struct cli_run r = CLI(a, "--json", b, c);
	json_t *doc = cli_json(&r, a);

	tap_eq_str(cli_outcome(doc), want, a);
	cli_free(&r);
	return doc;
}

/* A number that is a thread of the victim, but not the process. */
static pid_t other_thread(pid_t pid)
{
	char *path = xasprintf("/proc/%d/task", pid);
	DIR *d = opendir(path);
	struct dirent *e;
	pid_t tid = 0;

	while (d && (e = readdir(d)))
		if (atoi(e->d_name) > 0 && atoi(e->d_name) != pid)
			tid = atoi(e->d_name);
	if (d)
		closedir(d);
	free(path);
	return tid;
}

static void thread_number(struct victim *v)
{
	char *tid = xasprintf("%d", other_thread(v->pid));
	struct cli_run r = CLI("stack", "--json", tid);
	json_t *doc = cli_json(&r, "a thread's number");

	tap_ok(r.status == 2 && !strcmp(cli_code(doc), "SUT-U002"), "a thread is no process");
	json_decref(doc);
	cli_free(&r);
	free(tid);
}

/* Ctrl-C while an apply waits for a busy function: it ends soon and nothing was changed. */
static void interrupted(struct victim *v, char *file, char *pid)
{
	char *argv[] = {"suture", "apply", "--timeout", "30s", file, pid, NULL};
	uint64_t start = now_ns();
	int st = 0, out;
	pid_t n = fork();

	if (!n) {
		out = open("/dev/null", O_WRONLY);
		dup2(out, 1);
		dup2(out, 2);
		execv(cli_program, argv);
		_exit(127);
	}
	usleep(300000);
	kill(n, SIGINT);
	kill(n, SIGINT);
	waitpid(n, &st, 0);
	tap_ok(WIFEXITED(st) && WEXITSTATUS(st) == 4, "Ctrl-C, twice: it ends by itself, exit 4");
	tap_ok(now_ns() - start < 5000000000ULL, "and soon");
	tap_ok(victim_ask(v, 'q', NULL, NULL) == 11, "the program runs on as before");
}

static void life(struct victim *v, char *file, char *pid)
{
	const json_t *t, *p;
	struct cli_run r;
	json_t *doc;

	tap_eq_u64((uint64_t)victim_ask(v, 'q', NULL, NULL), 11, "old answer");
	json_decref(expect("blocked", "revert", name, pid));
	doc = expect("ok", "check", file, pid);
	tap_ok(number(json_object_get(first(doc, "targets"), "forecast"), "samples") > 0,
	       "check looked");
	json_decref(doc);
	tap_eq_u64((uint64_t)victim_ask(v, 'q', NULL, NULL), 11, "check changed nothing");
	r = CLI("apply", file, pid);
	printf("# %s", r.out);
	tap_ok(!r.status && str_starts(r.out, "applied  ") && strstr(r.out, name) &&
		       strstr(r.out, "paused") && !*r.err,
	       "apply says so in one line");
	cli_free(&r);
	tap_eq_u64((uint64_t)victim_ask(v, 'q', NULL, NULL), 122, "new answer");
	doc = expect("already", "apply", file, pid);
	json_decref(doc);
	doc = expect("ok", "status", pid, NULL);
	p = first(first(doc, "processes"), "patches");
	tap_eq_str(word(p, "name"), name, "status has the name");
	tap_eq_str(word(p, "state"), "applied", "status has the state");
	t = first(first(p, "objects"), "functions");
	tap_ok(*word(t, "address") && strcmp(word(t, "address"), word(t, "new_address")),
	       "status has old and new addresses: %s -> %s", word(t, "address"),
	       word(t, "new_address"));
	json_decref(doc);
	r = CLI("status");
	tap_ok(!r.status && strstr(r.out, name) && strstr(r.out, "applied"), "status finds it");
	cli_free(&r);
	doc = expect("reverted", "revert", name, pid);
	tap_ok(number(first(doc, "targets"), "text_compared_bytes") > 0, "revert compared the text");
	json_decref(doc);
	tap_eq_u64((uint64_t)victim_ask(v, 'q', NULL, NULL), 11, "the old answer is back");
	json_decref(expect("already", "revert", name, pid));
	r = CLI("status", "--json", pid);
	doc = cli_json(&r, "status after revert");
	tap_eq_str(word(first(first(doc, "processes"), "patches"), "state"), "reverted",
		   "status tells that it is reverted");
	json_decref(doc);
	cli_free(&r);
}

static void many(char *file, char *pid)
{
	struct cli_run r;
	json_t *doc = expect("applied", "apply", file, "--all");

	tap_eq_u64(json_array_size(json_object_get(doc, "targets")), 1, "--all finds the one");
	json_decref(doc);
	json_decref(expect("reverted", "revert", name, "--all"));
	json_decref(expect("not-needed", "revert", name, "--all"));
	r = CLI("apply", "--json", file, pid, "4194304");
	doc = cli_json(&r, "one of two");
	tap_ok(r.status == 5 && !strcmp(cli_outcome(doc), "partial"), "one of two: partial, exit %d",
	       r.status);
	json_decref(doc);
	cli_free(&r);
	r = CLI("revert", "-q", file, pid);
	tap_ok(!r.status && !*r.out && !*r.err, "revert by file, quietly");
	cli_free(&r);
}

static void blocked(struct victim *v, char *pid)
{
	struct patch *p = victim_patch_const(v, "heldfix", "held", 77);
	char *file = xasprintf("%s/held.sut", cli_dir);
	struct sut_err err = {0};
	struct cli_run r;
	json_t *doc;

	patch_write(p, file, &err);
	victim_ask(v, 'h', NULL, NULL);
	usleep(50000);
	r = CLI("apply", "--json", "--timeout", "300ms", file, pid);
	doc = cli_json(&r, "a busy function");
	tap_ok(r.status == 3 && !strcmp(cli_code(doc), "SUT-P036"), "a busy function blocks");
	tap_eq_str(word(first(first(doc, "targets"), "blockers"), "function"), "held",
		   "the blocker's function is named");
	json_decref(doc);
	cli_free(&r);
	r = CLI("apply", "--timeout", "300ms", file, pid);
	tap_ok(r.status == 3 && strstr(r.err, "inside 'held'") && strstr(r.err, "thread "),
	       "also as text");
	cli_free(&r);
	interrupted(v, file, pid);
	victim_ask(v, 'r', NULL, NULL);
	r = CLI("apply", "--timeout", "2s", file, pid);
	tap_ok(!r.status, "later it applies");
	cli_free(&r);
	free(file);
	patch_free(p);
}

/* The victim with a build-id of its own. */
static bool build_own(struct victim *v)
{
	char src[128], id[64];
	char *argv[] = {"gcc", "-O1", "-g0", "-fPIE", "-pie", "-pthread", id, "-o", v->path, src, NULL};
	struct run_opts o = {0};
	struct sut_err err = {0};

	snprintf(src, sizeof(src), "%s/victim.c", cli_dir);
	snprintf(v->path, sizeof(v->path), "%s/victim", cli_dir);
	snprintf(id, sizeof(id), "-Wl,--build-id=0x%016llx%08x", (unsigned long long)now_ns(),
		 (unsigned int)getpid());
	if (write_file(src, victim_source, strlen(victim_source)) || run_command(argv, &o))
		return false;
	v->elf = elf_obj_open(v->path, &err);
	sut_err_free(&err);
	return v->elf && v->elf->build_id;
}

int main(int argc, char **argv)
{
	struct sut_err err = {0};
	struct victim v = {0};
	struct patch *p;
	char *file, *pid;

	if (!tap_ok(cli_begin(argv[0]), "program and schema are there"))
		return tap_done();
	if (!tap_ok(build_own(&v) && victim_start(&v, 3), "a victim runs"))
		return tap_done();
	snprintf(name, sizeof(name), "live-%d", (int)getpid());
	p = victim_patch(&v, name);
	file = xasprintf("%s/fix.sut", cli_dir);
	pid = xasprintf("%d", v.pid);
	if (tap_ok(!patch_write(p, file, &err), "its patch is written")) {
		life(&v, file, pid);
		many(file, pid);
		thread_number(&v);
		blocked(&v, pid);
	}
	tap_ok(victim_stop(&v), "the victim ends in health");
	free(file);
	free(pid);
	patch_free(p);
	elf_obj_free(v.elf);
	cli_end();
	return tap_done();
}
