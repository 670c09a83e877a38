// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The suture program is killed at every one of its system calls, from the first that concerns the
 * target on. After each death the target must answer, all old or all new; the next apply and revert
 * must come to their ends; and then the text must be what the file says.
 *
 * KILL_STEP=N takes every N-th system call only, from one of the first N on that is drawn by lot and told:
 * over many runs all have their turn. SEED=S draws that one again. Without KILL_STEP every system call is
 * a death.
 */
#include "prey.h"
#include "killer.h"
#include "lot.h"

#include "lib/syscalls.h"

enum { CALLS_MAX = 4000 };

struct call {
	int nr, nth;		/* nth: among those of its number */
};
static struct call calls[CALLS_MAX];
static int n_calls, n_before;
static int step = 1, lot;

/* The system calls of one whole run, from the first that names the target on. */
static bool record(const char *verb, pid_t target)
{
	struct strvec words = {0};
	char mark[32];
	bool on = false, named;
	int status = -1;
	pid_t pid;

	n_calls = n_before = 0;
	snprintf(mark, sizeof(mark), "/proc/%d/", (int)target);
	prey_words(&words, verb, NULL, target);
	pid = killer_start(words.v, KILLER_ALL);
	while (pid > 0 && killer_next(pid, &status)) {
		struct call c = {.nr = killer_call(pid, mark, &named), .nth = 1};

		for (int i = 0; i < n_calls; i++)
			c.nth += calls[i].nr == c.nr;
		on |= named;
		/* Those before count, but need no death: nothing has happened yet. */
		if (!on)
			n_before = n_calls + 1;
		/* More than there is room for is no whole sweep. */
		if (c.nr < 0 || n_calls == CALLS_MAX) {
			status = killer_kill(pid);
			break;
		}
		calls[n_calls++] = c;
	}
	strvec_free(&words);
	if (status)
		printf("# %s that is watched ends with %d\n", verb, status);
	return on && !status;
}

/* Kills it at the @n-th of the system calls that were recorded: how it ended. */
static int death(const char *verb, int n, pid_t target)
{
	struct strvec words = {0};
	int rc;

	prey_words(&words, verb, NULL, target);
	rc = killer_run(words.v, calls[n].nr, calls[n].nth);
	strvec_free(&words);
	return rc;
}

static void report(const char *what, const char *how, int n)
{
	const char *name = syscall_name(calls[n].nr);

	printf("# %s killed at %s (%d) number %d: %s\n", what, name ? name : "a system call", calls[n].nr,
	       calls[n].nth, how);
	fflush(stdout);
}

/* The first system call of the sweep that is in turn. */
static int first_call(void)
{
	int n = n_before;

	while (n % step != lot)
		n++;
	return n;
}

/* How many deaths there are in a sweep that has @of_all when every system call is one. */
static int deaths_at_least(int of_all)
{
	return of_all / step;
}

static void sweep_apply(void)
{
	int kills = 0, bad = 0;
	bool seen;
	struct prey p;

	prey_start(&p, "8", NULL);
	prey_ask(&p);
	seen = record("apply", p.pid);
	tap_ok(seen, "apply makes %d system calls, %d before the target's turn", n_calls,
	       n_before);
	prey_end(&p);
	for (int n = first_call(); n < n_calls && bad <= 20; n += step) {
		int version;

		prey_start(&p, "8", NULL);
		prey_ask(&p);
		kills += death("apply", n, p.pid) == 128 + SIGKILL;
		version = prey_ask(&p);
		if (version < 1 || p.wrong) {
			report("apply", "the target answers wrongly", n);
			bad++;
		}
		if (prey_tool(NULL, "apply", NULL, p.pid) || prey_ask(&p) != 2) {
			report("apply", prey_said, n);
			bad++;
		}
		if (prey_tool(NULL, "revert", NULL, p.pid) || prey_ask(&p) != 1 || p.wrong ||
		    !prey_clean(p.pid)) {
			report("apply", prey_said, n);
			bad++;
		}
		if (!prey_end(&p)) {
			report("apply", "the target did not end in health", n);
			bad++;
		}
	}
	tap_ok(kills > deaths_at_least(100), "apply died at %d of its system calls", kills);
	tap_ok(!bad, "the target was unharmed each time (%d)", bad);
}

static void sweep_revert(void)
{
	int kills = 0, bad = 0;
	bool seen;
	struct prey p;

	prey_start(&p, "8", NULL);
	prey_ask(&p);
	prey_tool(NULL, "apply", NULL, p.pid);
	seen = record("revert", p.pid);
	tap_ok(seen, "revert makes %d system calls, %d before the target's turn",
	       n_calls, n_before);
	for (int n = first_call(); n < n_calls && bad <= 20; n += step) {
		if (prey_tool(NULL, "apply", NULL, p.pid) || prey_ask(&p) != 2) {
			report("revert", prey_said, n);
			bad++;
		}
		kills += death("revert", n, p.pid) == 128 + SIGKILL;
		if (prey_ask(&p) < 1 || p.wrong) {
			report("revert", "the target answers wrongly", n);
			bad++;
		}
		if (prey_tool(NULL, "revert", NULL, p.pid) || prey_ask(&p) != 1 || p.wrong ||
		    !prey_clean(p.pid)) {
			report("revert", prey_said, n);
			bad++;
		}
	}
	tap_ok(kills > deaths_at_least(50), "revert died at %d of its system calls", kills);
	tap_ok(!bad, "the target was unharmed each time (%d)", bad);
	tap_ok(prey_healthy(&p) && prey_end(&p), "the target works on and ends in health");
}

int main(void)
{
	if (prey_init()) {
		prey_come_first();
		step = lot_draw(&lot);
		sweep_apply();
		sweep_revert();
	}
	return prey_done();
}
