// SPDX-License-Identifier: GPL-2.0-or-later
/* Apply and revert on a live program with threads; the tool is killed at every step. */
#include "apply/apply.h"
#include "apply/status.h"
#include "apply/switch.h"
#include "victim.h"
#include "tap.h"

#include <stdlib.h>

static const char *reason(const struct sut_err *err)
{
	static char text[512];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < err->n && n < sizeof(text) - 1; i++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s '%s': %s; ",
				      sut_code_info(err->v[i].code)->text, err->v[i].subject,
				      err->v[i].cause);
		for (size_t k = 0; k < err->v[i].chain.n && n < sizeof(text) - 1; k++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "[%s] ", err->v[i].chain.v[k]);
	}
	return text;
}

static enum apply_outcome do_apply(struct patch *p, pid_t pid, uint64_t timeout_ms, enum sut_code *code)
{
	struct apply_opts o = {.timeout_ns = timeout_ms * 1000000};
	struct apply_result res;
	struct sut_err err = {0};
	enum apply_outcome out;

	apply_patch(p, pid, &o, &res, &err);
	out = res.outcome;
	if (code)
		*code = err.n ? err.v[0].code : SUT_CODE_COUNT;
	printf("# apply %s: %s, pause %llu us, place %llu us, wall %llu us, %u attempts, %u threads%s %s\n",
	       p->name, apply_outcome_name(out), (unsigned long long)res.pause_ns / 1000,
	       (unsigned long long)res.place_pause_ns / 1000, (unsigned long long)res.wall_ns / 1000,
	       res.attempts, res.n_threads, res.reused ? ", reused" : "", reason(&err));
	apply_result_free(&res);
	sut_err_free(&err);
	return out;
}

static enum apply_outcome do_revert(const char *name, pid_t pid, enum sut_code *code,
				    uint64_t *compared)
{
	struct apply_result res;
	struct sut_err err = {0};
	enum apply_outcome out;

	apply_revert(name, pid, NULL, &res, &err);
	out = res.outcome;
	if (code)
		*code = err.n ? err.v[0].code : SUT_CODE_COUNT;
	if (compared)
		*compared = res.text_compared;
	printf("# revert %s: %s, pause %llu us %s\n", name, apply_outcome_name(out),
	       (unsigned long long)res.pause_ns / 1000, reason(&err));
	apply_result_free(&res);
	sut_err_free(&err);
	return out;
}

/* Sets the digest, as reading from a file would. */
static void seal(struct patch *p)
{
	struct sut_err err = {0};
	uint8_t *d;
	size_t n;

	if (!tap_ok(patch_encode(p, &d, &n, &err) == 0, "'%s' is a valid patch %s", p->name, reason(&err)))
		return;
	free(d);
}

/* The state of patch @name in @pid as status tells it; 0: it is not there or not intact. */
static uint32_t state_of(pid_t pid, const char *name, const char *covered_by)
{
	struct status_list sl = {0};
	struct sut_err err = {0};
	uint32_t ret = 0;

	status_read_all(&sl, &err);
	for (size_t i = 0; i < sl.n; i++) {
		struct status_patch *p = &sl.v[i];
		const char *top = p->n_funcs ? p->funcs[0].on_top : NULL;

		if (p->pid != pid || strcmp(p->name, name) || p->damaged || !p->intact)
			continue;
		if (covered_by ? top && !strcmp(top, covered_by) : !top)
			ret = p->state;
	}
	status_free(&sl);
	sut_err_free(&err);
	return ret;
}

static void basic(struct victim *v, const char *kind, int threads)
{
	struct patch *p = victim_patch(v, "fix"), *other = victim_patch_const(v, "fix", "a", 7);
	struct patch *up = victim_patch_const(v, "up", "a", 9);
	enum sut_code code;
	uint64_t compared = 0;
	long wrong = -1;

	seal(p);
	seal(other);
	seal(up);
	tap_ok(victim_start(v, threads), "%s, %d threads: the victim runs", kind, threads);
	tap_ok(victim_ask(v, 'q', &wrong, NULL) == 11, "old answer");
	tap_ok(do_revert("fix", v->pid, &code, NULL) == APPLY_BLOCKED && code == SUT_P_NOT_APPLIED,
	       "nothing to revert yet");
	tap_ok(do_apply(p, v->pid, 5000, NULL) == APPLY_DONE, "applied");
	tap_eq_u64((uint64_t)victim_ask(v, 'q', &wrong, NULL), 122, "new answer");
	tap_ok(state_of(v->pid, "fix", NULL) == LEDGER_APPLIED, "status says applied");
	tap_ok(do_apply(p, v->pid, 5000, NULL) == APPLY_ALREADY, "already");
	tap_ok(do_apply(other, v->pid, 5000, &code) == APPLY_BLOCKED && code == SUT_P_NAME_TAKEN,
	       "the name is taken");
	tap_ok(do_apply(up, v->pid, 5000, NULL) == APPLY_DONE, "a second patch on top");
	/* The workers now see 192: it is told apart by its own answer, not by 'wrong'. */
	tap_eq_u64((uint64_t)victim_ask(v, 'q', NULL, NULL), 192, "both patches act");
	tap_ok(state_of(v->pid, "fix", "up") == LEDGER_APPLIED &&
	       state_of(v->pid, "up", NULL) == LEDGER_APPLIED, "status knows which lies on top");
	tap_ok(do_revert("fix", v->pid, &code, NULL) == APPLY_BLOCKED && code == SUT_P_ON_TOP,
	       "the lower one cannot be reverted first");
	tap_ok(do_revert("up", v->pid, NULL, NULL) == APPLY_DONE, "the upper one can");
	tap_eq_u64((uint64_t)victim_ask(v, 'q', NULL, NULL), 122, "the lower one is back in force");
	tap_ok(do_revert("fix", v->pid, NULL, &compared) == APPLY_DONE, "and then it can be reverted too");
	tap_ok(compared > 0, "%llu bytes of text compared", (unsigned long long)compared);
	tap_eq_u64((uint64_t)victim_ask(v, 'q', NULL, NULL), 11, "the old answer is back");
	tap_ok(state_of(v->pid, "fix", NULL) == LEDGER_REVERTED, "status says reverted");
	tap_ok(do_revert("fix", v->pid, NULL, NULL) == APPLY_ALREADY, "reverting twice says already");
	tap_ok(do_apply(p, v->pid, 5000, NULL) == APPLY_DONE && victim_ask(v, 'q', NULL, NULL) == 122,
	       "applied again");
	tap_ok(wrong == 0, "no mixed answer before the second patch (%ld)", wrong);
	tap_ok(victim_stop(v), "the victim ends in health");
	patch_free(p);
	patch_free(other);
	patch_free(up);
}

static void blocked(struct victim *v)
{
	struct patch *p = victim_patch_const(v, "heldfix", "held", 77);
	enum sut_code code;
	int saw = 0;

	seal(p);
	victim_start(v, 2);
	victim_ask(v, 'q', NULL, NULL);
	victim_ask(v, 'h', NULL, NULL);
	usleep(50000);
	tap_ok(do_apply(p, v->pid, 300, &code) == APPLY_BLOCKED && code == SUT_P_BUSY,
	       "a thread that sits inside blocks, and is named");
	victim_ask(v, 'r', NULL, &saw);
	tap_eq_u64((uint64_t)saw, 41, "it finished the old version");
	tap_ok(do_apply(p, v->pid, 2000, NULL) == APPLY_DONE, "then it applies");
	victim_ask(v, 'h', NULL, NULL);
	usleep(50000);
	victim_ask(v, 'q', NULL, &saw);
	tap_eq_u64((uint64_t)saw, 77, "the next call is the new version");
	tap_ok(victim_stop(v), "the victim ends in health");
	patch_free(p);
}

static int countdown;

static void kill_hook(const char *step)
{
	if (!--countdown)
		kill(getpid(), SIGKILL);
}

/* In a child that dies at step @n. True where it came to its end. */
static bool killed_at(int n, struct patch *p, const char *revert, pid_t pid)
{
	pid_t child = fork();
	int st;

	if (!child) {
		struct apply_result res;
		struct sut_err err = {0};

		countdown = n;
		apply_step_hook = kill_hook;
		_exit(revert ? apply_revert(revert, pid, NULL, &res, &err) < 0
			     : apply_patch(p, pid, NULL, &res, &err) < 0);
	}
	waitpid(child, &st, 0);
	return !WIFSIGNALED(st);
}

static void sweep(struct victim *v)
{
	struct patch *p = victim_patch(v, "fix");
	size_t bad = 0, unfinished = 0;
	long wrong = 0;
	int n;

	seal(p);
	victim_start(v, 4);
	victim_ask(v, 'q', NULL, NULL); /* an answer says that it runs and is no longer a fork of us */
	for (n = 1; n < 200; n++) {
		bool ended = killed_at(n, p, NULL, v->pid);
		int r = victim_ask(v, 'q', &wrong, NULL);

		bad += r != 11 && r != 122;
		unfinished += do_apply(p, v->pid, 5000, NULL) < APPLY_DONE ||
			      victim_ask(v, 'q', NULL, NULL) != 122;
		unfinished += do_revert("fix", v->pid, NULL, NULL) < APPLY_DONE ||
			      victim_ask(v, 'q', NULL, NULL) != 11;
		if (ended)
			break;
	}
	tap_ok(n > 10 && n < 200, "apply was killed at each of %d steps", n - 1);
	tap_ok(!bad && !wrong, "every answer was all old or all new (%zu, %ld)", bad, wrong);
	tap_ok(!unfinished, "each was taken over (%zu not)", unfinished);
	bad = unfinished = 0;
	for (n = 1; n < 200; n++) {
		bool ended;
		int r;

		unfinished += do_apply(p, v->pid, 5000, NULL) < APPLY_DONE;
		ended = killed_at(n, NULL, "fix", v->pid);
		r = victim_ask(v, 'q', &wrong, NULL);
		bad += r != 11 && r != 122;
		unfinished += do_revert("fix", v->pid, NULL, NULL) < APPLY_DONE ||
			      victim_ask(v, 'q', NULL, NULL) != 11;
		if (ended)
			break;
	}
	tap_ok(n > 10 && n < 200, "revert was killed at each of %d steps", n - 1);
	tap_ok(!bad && !wrong, "every answer was all old or all new (%zu, %ld)", bad, wrong);
	tap_ok(!unfinished, "each was taken over (%zu not)", unfinished);
	tap_ok(victim_stop(v), "the victim ends in health");
	patch_free(p);
}

/* The same where nothing is mapped yet: each death leaves another part of the placing undone. */
static void sweep_fresh(struct victim *v)
{
	struct patch *p = victim_patch(v, "fix");
	size_t bad = 0, unfinished = 0, sick = 0;
	bool ended = false;
	long wrong = 0, all_wrong = 0;
	int n;

	seal(p);
	for (n = 1; n < 200 && !ended; n++) {
		int r;

		victim_start(v, 3);
		victim_ask(v, 'q', NULL, NULL);
		ended = killed_at(n, p, NULL, v->pid);
		r = victim_ask(v, 'q', &wrong, NULL);
		bad += r != 11 && r != 122;
		unfinished += do_apply(p, v->pid, 5000, NULL) < APPLY_DONE ||
			      victim_ask(v, 'q', &wrong, NULL) != 122;
		unfinished += do_revert("fix", v->pid, NULL, NULL) < APPLY_DONE ||
			      victim_ask(v, 'q', &wrong, NULL) != 11;
		all_wrong += wrong;
		sick += !victim_stop(v);
	}
	tap_ok(n > 15 && n < 200, "apply to a fresh process was killed at each of %d steps", n - 1);
	tap_ok(!bad && !all_wrong, "every answer was all old or all new (%zu, %ld)", bad, all_wrong);
	tap_ok(!unfinished && !sick, "each was taken over and ended in health (%zu, %zu)", unfinished,
	       sick);
	patch_free(p);
}

/*
 * And between any two system calls that matter: strace kills the tool at its n-th.
 */
static void sweep_syscalls(struct victim *v, const char *dir, char *self)
{
	char *file = path_join(dir, "fix.sut"), pid[16], inject[96];
	char *argv[] = {"strace", "-f", "-o", "/dev/null", "-e", inject, self, "--tool", file, pid, NULL};
	struct patch *p = victim_patch(v, "fix");
	size_t bad = 0, unfinished = 0, sick = 0, n_killed = 0;
	struct run_opts o = {0};
	struct sut_err err = {0};
	long wrong = 0;
	int n, r = 0;

	tap_ok(patch_write(p, file, &err) == 0, "the patch is written");
	for (n = 1; n < 900; n++) {
		snprintf(inject, sizeof(inject), "inject=ptrace,pwrite64,write,fcntl:signal=KILL:when=%d", n);
		victim_start(v, 3);
		snprintf(pid, sizeof(pid), "%d", (int)v->pid);
		victim_ask(v, 'q', NULL, NULL);
		r = run_command(argv, &o);
		n_killed += r == 128 + SIGKILL;
		r = r == 0;
		bad += (victim_ask(v, 'q', &wrong, NULL) == 122 ? 0 : victim_ask(v, 'q', NULL, NULL) != 11);
		unfinished += do_apply(p, v->pid, 5000, NULL) < APPLY_DONE ||
			      victim_ask(v, 'q', &wrong, NULL) != 122;
		bad += wrong != 0;
		sick += !victim_stop(v);
		if (r)
			break;
	}
	tap_ok(r && n_killed > 20, "killed at %zu of %d system calls", n_killed, n);
	tap_ok(!bad, "every answer was all old or all new (%zu)", bad);
	tap_ok(!unfinished && !sick, "each was taken over and ended in health (%zu, %zu)", unfinished,
	       sick);
	patch_free(p);
	free(file);
	sut_err_free(&err);
}

/*
 * An executable and its library in one patch, so far apart that one of the stubs needs the far
 * form: 11 and 22 are whole, 12 and 21 are not.
 */
static void two_objects(const char *dir)
{
	static const char lib_c[] = "__attribute__((noipa)) int la(int n) "
				    "{ if (n > 5) return n * 3; return 1; }\n";
	static const char exe_c[] = "#include <stdio.h>\n#include <unistd.h>\nint la(int);\n"
				    "__attribute__((noipa)) int lb(int n) { if (n > 6) return n * 5; return 1; }\n"
				    "int main(void) { char c; while (read(0, &c, 1) == 1) {\n"
				    " printf(\"%d 0 0\\n\", la(0) * 10 + lb(0)); fflush(stdout); } return 0; }\n";
	static const uint8_t two[] = {0xb8, 2, 0, 0, 0, 0xc3};
	char *lc = path_join(dir, "la.c"), *ec = path_join(dir, "lb.c"), *so = path_join(dir, "libla.so");
	char *rpath = xasprintf("-Wl,-rpath,%s", dir);
	struct victim exe = {0}, lib = {0};
	char *a1[] = {"gcc", "-O1", "-shared", "-fPIC", "-Wl,--build-id", "-o", so, lc, NULL};
	char *a2[] = {"gcc", "-O1", "-no-pie", "-Wl,--build-id", rpath, "-o", exe.path, ec, so, NULL};
	struct patch *p = xcalloc(1, sizeof(*p));
	struct patch_object *o;
	struct run_opts ro = {0};
	struct sut_err err = {0};
	size_t bad = 0, unfinished = 0;
	bool ended = false;
	int n;

	snprintf(exe.path, sizeof(exe.path), "%s/lb", dir);
	snprintf(lib.path, sizeof(lib.path), "%s", so);
	write_file(lc, lib_c, strlen(lib_c));
	write_file(ec, exe_c, strlen(exe_c));
	if (!tap_ok(run_command(a1, &ro) == 0 && run_command(a2, &ro) == 0 &&
			    (exe.elf = elf_obj_open(exe.path, &err)) &&
			    (lib.elf = elf_obj_open(so, &err)),
		    "an executable and a library were compiled"))
		return;
	p->name = xstrdup("both");
	o = sample_object(p, "lb", exe.elf->build_id, exe.elf->build_id_size);
	victim_cfi(o, victim_func(&exe, o, "lb", two, sizeof(two))->new_sym, NULL, 0);
	o = sample_object(p, "libla.so", lib.elf->build_id, lib.elf->build_id_size);
	victim_cfi(o, victim_func(&lib, o, "la", two, sizeof(two))->new_sym, NULL, 0);
	seal(p);
	for (n = 1; n < 200 && !ended; n++) {
		int r;

		victim_start(&exe, 0);
		bad += victim_ask(&exe, 'q', NULL, NULL) != 11;
		ended = killed_at(n, p, NULL, exe.pid);
		r = victim_ask(&exe, 'q', NULL, NULL);
		bad += r != 11 && r != 22;
		unfinished += do_apply(p, exe.pid, 5000, NULL) < APPLY_DONE ||
			      victim_ask(&exe, 'q', NULL, NULL) != 22;
		unfinished += do_revert("both", exe.pid, NULL, NULL) < APPLY_DONE ||
			      victim_ask(&exe, 'q', NULL, NULL) != 11;
		unfinished += !victim_stop(&exe);
	}
	tap_ok(n > 15 && n < 200, "two objects: killed at each of %d steps", n - 1);
	tap_ok(!bad, "never one old and one new (%zu)", bad);
	tap_ok(!unfinished, "each was taken over (%zu not)", unfinished);
	elf_obj_free(exe.elf);
	elf_obj_free(lib.elf);
	patch_free(p);
	free(lc);
	free(ec);
	free(so);
	free(rpath);
	sut_err_free(&err);
}

/* What is said where nothing was in the way but time. */
static void too_late(void)
{
	struct apply_result res = {.n_threads = 9, .attempts = 4};
	struct session s = {.pid = 77, .res = &res, .opts.max_pause_ns = 1000000, .ts.pause_ns = 2500000};
	struct sut_err err = {0};

	switch_report_busy(&s, &err);
	tap_ok(sut_err_has(&err, SUT_P_PAUSE) && strstr(err.v[0].cause, "9 threads") &&
	       strstr(err.v[0].cause, "2.5 ms") && strstr(err.v[0].cause, "1.0 ms"), "%s", err.v[0].cause);
	sut_err_free(&err);
	s.ts.late_tid = 78;
	strcpy(s.ts.late_why, "state D, in vfork");
	switch_report_busy(&s, &err);
	tap_ok(sut_err_has(&err, SUT_P_NOT_STOPPED), "%s", err.v[0].cause);
	sut_err_free(&err);
}

__attribute__((noreturn)) static void tool(const char *file, const char *pid)
{
	struct apply_result res;
	struct sut_err err = {0};
	struct patch *p = patch_read(file, &err);

	/* No exit handlers: a leak checker cannot run in a program that is itself traced. */
	_exit(!p || apply_patch(p, atoi(pid), NULL, &res, &err) < 0);
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/suture-apply-XXXXXX";
	struct victim pie, nopie;

	if (argc == 4 && !strcmp(argv[1], "--tool"))
		tool(argv[2], argv[3]);
	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(dir) || !victim_build(&pie, dir, true) || !victim_build(&nopie, dir, false)) {
		tap_ok(false, "the victim was compiled");
		return tap_done();
	}
	too_late();
	basic(&pie, "PIE", 1);
	basic(&nopie, "no PIE", 20);
	blocked(&pie);
	sweep(&pie);
	sweep_fresh(&nopie);
	sweep_syscalls(&pie, dir, argv[0]);
	two_objects(dir);
	elf_obj_free(pie.elf);
	elf_obj_free(nopie.elf);
	remove_tree(dir);
	return tap_done();
}
