// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The suture program is killed at every one of its system calls, from the first that concerns the
 * target on. After each death the target must answer, all old or all new; the next apply and revert
 * must come to their ends; and then the text must be what the file says.
 *
 * In an emulated machine that takes an hour. KILL_STEP=N takes every N-th system call only, from one of
 * the first N on that is drawn by lot and told: over many runs all have their turn. SEED=S draws that one
 * again. Without KILL_STEP every system call is a death.
 */
#include "prey.h"
#include "lot.h"

enum { CALLS_MAX = 4000 };

struct call {
	char name[32];
	int nth;		/* among those of its name: how strace counts */
};
static struct call calls[CALLS_MAX];
static int n_calls, n_before;
static int step = 1, lot;

/* The system calls of one whole run, from the first that names the target on. */
static bool record(const char *verb, pid_t pid)
{
	char mark[32], *line, *rest;
	bool on = false;
	uint8_t *data;
	size_t size;

	n_calls = 0;
	snprintf(mark, sizeof(mark), "/proc/%d/", (int)pid);
	if (prey_tool("all:delay_enter=0:when=1", verb, NULL, pid)) {
		printf("# %s under strace: %s\n", verb, prey_said);
		return false;
	}
	if (read_file(prey_trace, &data, &size))
		return false;
	for (line = strtok_r((char *)data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct call c = {.nth = 1}, *seen = &calls[n_calls];

		if (sscanf(line, "%*d %31[a-z0-9_](", c.name) != 1)
			continue;
		for (int i = 0; i < n_calls; i++)
			c.nth += !strcmp(calls[i].name, c.name);
		on |= strstr(line, mark) != NULL;
		*seen = c;
		/* Those before count, but need no death: nothing has happened yet. */
		if (!on)
			n_before = n_calls + 1;
		if (n_calls < CALLS_MAX - 1)
			n_calls++;
	}
	free(data);
	return on;
}

static void report(const char *what, const char *how, int n)
{
	printf("# %s killed at %s number %d: %s\n", what, calls[n].name, calls[n].nth, how);
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
	int kills = 0, bad = 0, rc;
	bool seen;
	struct prey p;

	prey_start(&p, "8", NULL);
	prey_ask(&p);
	seen = record("apply", p.pid);
	tap_ok(seen, "apply makes %d system calls, %d before the target's turn", n_calls,
	       n_before);
	prey_end(&p);
	for (int n = first_call(); n < n_calls && bad <= 20; n += step) {
		char *inject = xasprintf("%s:signal=KILL:when=%d", calls[n].name, calls[n].nth);
		int version;

		prey_start(&p, "8", NULL);
		prey_ask(&p);
		rc = prey_tool(inject, "apply", NULL, p.pid);
		free(inject);
		kills += rc == 128 + SIGKILL;
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
	int kills = 0, bad = 0, rc;
	bool seen;
	struct prey p;

	prey_start(&p, "8", NULL);
	prey_ask(&p);
	prey_tool(NULL, "apply", NULL, p.pid);
	seen = record("revert", p.pid);
	tap_ok(seen, "revert makes %d system calls, %d before the target's turn",
	       n_calls, n_before);
	for (int n = first_call(); n < n_calls && bad <= 20; n += step) {
		char *inject = xasprintf("%s:signal=KILL:when=%d", calls[n].name, calls[n].nth);

		if (prey_tool(NULL, "apply", NULL, p.pid) || prey_ask(&p) != 2) {
			report("revert", prey_said, n);
			bad++;
		}
		rc = prey_tool(inject, "revert", NULL, p.pid);
		free(inject);
		kills += rc == 128 + SIGKILL;
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
		step = lot_draw(&lot);
		sweep_apply();
		sweep_revert();
	}
	return prey_done();
}
