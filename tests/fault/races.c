// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The target will not keep still: threads, children, signals, libraries and mappings come and go,
 * it executes itself anew, it exits; the user is impatient; two of us want the same. Whatever
 * happens, suture ends with an answer and the target is whole.
 */
#include "prey.h"

static unsigned int seed = 7;

static int pick(int max)
{
	return (int)((unsigned int)rand_r(&seed) % (unsigned int)max);
}

/* Runs @fn in a child that ends with us. */
static pid_t beside(void (*fn)(struct prey *p), struct prey *p)
{
	pid_t pid = fork();

	if (!pid) {
		fn(p);
		_exit(0);
	}
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* What a command said, line by line, so that a failure is understood from the output alone. */
static void complain(const char *what, int rc)
{
	char *said = xstrdup(prey_said ? prey_said : ""), *save = NULL;

	if (rc >= 128)
		printf("# %s ends by signal %d (%s)\n", what, rc - 128, strsignal(rc - 128));
	else
		printf("# %s ends with %d\n", what, rc);
	for (char *l = strtok_r(said, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		printf("#   %s\n", l);
	free(said);
}

/* Back and forth; every command must come to its end, if need be at its third try. */
static void back_and_forth(const char *mode, int rounds)
{
	int bad = 0, again = 0;
	struct prey p;

	prey_start(&p, "6", mode);
	prey_ask(&p);
	for (int i = 0; i < 2 * rounds && !bad; i++) {
		const char *verb = i % 2 ? "revert" : "apply";
		int rc = -1;

		for (int tries = 0; tries < 3 && rc; tries++) {
			rc = prey_tool(NULL, verb, NULL, p.pid);
			again += rc != 0;
			if (rc)
				complain(verb, rc);
			bad += rc != 0 && rc != 3 && rc != 4;
		}
		bad += rc || prey_ask(&p) != (i % 2 ? 1 : 2) || p.wrong;
	}
	tap_ok(!bad && prey_healthy(&p), "%s: %d applies and reverts, %d tried again", mode, rounds, again);
	tap_ok(prey_end(&p), "%s: the target ends in health", mode);
}

static int usual_us = 9000;	/* how long an apply takes that nothing disturbs */

static void exec_soon(struct prey *p)
{
	usleep((useconds_t)pick(usual_us + usual_us / 8));
	if (write(p->in, "x", 1) != 1)
		_exit(1);
}

static void exit_soon(struct prey *p)
{
	usleep((useconds_t)pick(usual_us + usual_us / 8));
	if (write(p->in, "e", 1) != 1)
		_exit(1);
}

/* What comes in the middle has to know where the middle is: machines and loads differ. */
static void measure_apply(void)
{
	uint64_t start;
	struct prey p;

	prey_start(&p, "4", NULL);
	prey_ask(&p);
	start = now_ns();
	prey_tool(getenv("INJECT"), "apply", NULL, p.pid);
	usual_us = (int)MIN(MAX((now_ns() - start) / 1000, 3000), 1000000);
	prey_end(&p);
}

static void vanishing(void (*fn)(struct prey *p), const char *how, bool stays, int rounds)
{
	int bad = 0, refused = 0;

	measure_apply();
	for (int i = 0; i < rounds; i++) {
		unsigned int began_with = seed;
		int rc, child_status = -1, harm = 0, asked;
		struct prey p;
		pid_t child;

		prey_start(&p, "4", NULL);
		asked = prey_ask(&p);
		pick(1 + i);
		child = beside(fn, &p);
		rc = prey_tool(getenv("INJECT"), "apply", NULL, p.pid);
		waitpid(child, &child_status, 0);
		refused += rc != 0;
		if (asked != 1 || child_status) {
			printf("# the target says %d before, who tells it to go ends with 0x%x\n", asked,
			       (unsigned int)child_status);
			harm++;
		}
		if (rc != 0 && rc != 3 && rc != 4) {
			complain("apply", rc);
			harm++;
		}
		if (stays && !prey_healthy(&p)) {
			printf("# the target does not work on: %ld mixed answers, %ld calls\n", p.wrong, p.calls);
			harm++;
		}
		if (stays && !harm) {
			int again = prey_tool(NULL, "apply", NULL, p.pid);

			if (again || prey_ask(&p) != 2) {
				complain("the apply after", again);
				harm++;
			}
		}
		/* What the command said belongs to the way in which the target ended. */
		if (!prey_end(&p)) {
			complain("apply", rc);
			harm++;
		}
		if (harm)
			printf("# that was round %d of %d, seed %u\n", i + 1, rounds, began_with);
		bad += harm;
	}
	tap_ok(!bad, "%s: %d times, %d refused, no harm (%d)", how, rounds, refused, bad);
}

static void stop_and_go(struct prey *p)
{
	for (;;) {
		kill(p->pid, SIGSTOP);
		usleep((useconds_t)pick(1500));
		kill(p->pid, SIGCONT);
		usleep((useconds_t)pick(1500));
	}
}

static void stopped_and_continued(void)
{
	int bad = 0, refused = 0;
	struct prey p;
	pid_t child;

	prey_start(&p, "4", NULL);
	prey_ask(&p);
	child = beside(stop_and_go, &p);
	for (int i = 0; i < 30; i++) {
		int rc = prey_tool(NULL, i % 2 ? "revert" : "apply", NULL, p.pid);

		refused += rc != 0;
		if (rc != 0 && rc != 3 && rc != 4) {
			complain(i % 2 ? "revert" : "apply", rc);
			bad++;
		}
	}
	end_child(child);
	kill(p.pid, SIGCONT);
	tap_ok(!bad && refused < 25 && prey_healthy(&p),
	       "SIGSTOP and SIGCONT: 30 commands, %d refused, no harm (%d)", refused, bad);
	tap_ok(prey_end(&p), "the target ends in health");
}

static pid_t start_tool(const char *verb, pid_t pid)
{
	char *id = xasprintf("%d", (int)pid);
	pid_t child = fork();

	if (!child) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		dup2(null, 2);
		execl(prey_suture, prey_suture, verb, strcmp(verb, "revert") ? prey_patch : "fix", id, NULL);
		_exit(127);
	}
	free(id);
	return child;
}

static int code_of(pid_t pid)
{
	int st;

	if (waitpid(pid, &st, 0) != pid)
		return -1;
	return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

static void both_at_once(void)
{
	int bad = 0;
	struct prey p;

	for (int i = 0; i < 15; i++) {
		int a, b;
		pid_t x, y;

		prey_start(&p, "4", NULL);
		prey_ask(&p);
		x = start_tool("apply", p.pid);
		y = start_tool("apply", p.pid);
		a = code_of(x);
		b = code_of(y);
		bad += a || b || prey_ask(&p) != 2 || p.wrong;
		x = start_tool("revert", p.pid);
		y = start_tool("apply", p.pid);
		a = code_of(x);
		b = code_of(y);
		bad += a || b || prey_ask(&p) < 1 || p.wrong;
		bad += prey_tool(NULL, "revert", NULL, p.pid) || prey_ask(&p) != 1 || !prey_clean(p.pid) ||
		       !prey_end(&p);
	}
	tap_ok(!bad, "two at once: both come to their end, one after the other (%d)", bad);
}

static void interrupted(void)
{
	int bad = 0, cut = 0;
	struct prey p;

	for (int i = 0; i < 60; i++) {
		pid_t tool;
		int rc;

		if (i % 10 == 0) {
			prey_start(&p, "8", NULL);
			prey_ask(&p);
		}
		tool = start_tool(i % 2 ? "revert" : "apply", p.pid);
		usleep((useconds_t)pick(9000));
		kill(tool, SIGINT);
		rc = code_of(tool);
		cut += rc != 0;
		if (rc != 0 && rc != 3 && rc != 4 && rc != 128 + SIGINT) {
			complain("an interrupted command", rc);
			bad++;
		}
		bad += prey_ask(&p) < 1 || p.wrong;
		if (i % 10 == 9)
			bad += prey_tool(NULL, "apply", NULL, p.pid) || prey_ask(&p) != 2 ||
			       prey_tool(NULL, "revert", NULL, p.pid) || prey_ask(&p) != 1 ||
			       !prey_clean(p.pid) || !prey_end(&p);
	}
	tap_ok(!bad && cut, "Ctrl-C: 60 commands, %d cut short, no harm (%d)", cut, bad);
}

static void short_of(const char *what, const char *code, bool may_work)
{
	struct prey p;
	int rc, version;

	prey_start(&p, "4", what);
	prey_ask(&p);
	rc = prey_tool(NULL, "apply", NULL, p.pid);
	version = prey_ask(&p);
	if (!tap_ok((rc == 4 && version == 1 && strstr(prey_said, code) && prey_clean(p.pid)) ||
			    (may_work && rc == 0 && version == 2),
		    "no %s left: %s", what, rc ? "a clear refusal, nothing changed" : "it works"))
		complain("apply", rc);
	tap_ok(prey_healthy(&p) && prey_end(&p), "no %s left: the target works on", what);
}

static void short_pause(void)
{
	struct prey p;
	int bad = 0, refused = 0, version = 1;

	prey_start(&p, "1000", NULL);
	prey_ask(&p);
	for (int i = 0; i < 6; i++) {
		int rc = prey_tool(NULL, i % 2 ? "revert" : "apply", "--max-pause=1ms", p.pid);

		refused += rc == 3;
		if (rc == 0)
			version = i % 2 ? 1 : 2;
		else if (rc != 3)
			complain("--max-pause=1ms", rc);
		bad += (rc != 0 && rc != 3) || prey_ask(&p) != version || p.wrong;
	}
	tap_ok(!bad, "a bound of 1 ms for 1000 threads: %d of 6 refused, versions as told", refused);
	tap_ok(prey_healthy(&p) && prey_end(&p), "the target works on");
}

/*
 * ROUNDS= asks for more of each kind, ONLY=exit for those of one kind alone, SEED= for others, and
 * INJECT=ptrace:delay_exit=2000 (as strace has it) for wide gaps between the steps.
 */
static int n_rounds(void)
{
	const char *n = getenv("ROUNDS");

	return n && atoi(n) > 0 ? atoi(n) : 60;
}

int main(void)
{
	const char *only = getenv("ONLY");

	if (!prey_init())
		return prey_done();
	if (getenv("SEED"))
		seed = (unsigned int)strtoul(getenv("SEED"), NULL, 10);
	if (only && !strcmp(only, "exit")) {
		vanishing(exit_soon, "exit in the middle", false, n_rounds());
		return prey_done();
	}
	if (only && !strcmp(only, "exec")) {
		vanishing(exec_soon, "execve in the middle", true, n_rounds());
		return prey_done();
	}
	back_and_forth("spawn", 25);
	back_and_forth("fork", 25);
	back_and_forth("signals", 25);
	back_and_forth("dl", 25);
	back_and_forth("map", 25);
	vanishing(exec_soon, "execve in the middle", true, n_rounds());
	vanishing(exit_soon, "exit in the middle", false, n_rounds());
	stopped_and_continued();
	both_at_once();
	interrupted();
	short_of("files", "SUT-P040", false);
	short_of("space", "SUT-P040", false);
	short_of("data", "SUT-P040", true);
	short_of("fsize", "SUT-P040", true);
	short_pause();
	return prey_done();
}
