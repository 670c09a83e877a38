/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What drives a generated program. A line is one call of one function with arguments made of a number,
 * and what came of it: what was returned, and all state that the functions can change. Before it all
 * state is set back, so a line depends on nothing but the versions that ran, except for lines of
 * keepers, whose state lives on. A line is computed under a lock where threads share what it uses.
 *
 *   run N         writes all lines to the file run.N, and answers their number
 *   load          reads the files old.1 and new.1, to compare with
 *   threads N     starts N threads that compute lines and compare
 *   phase P       what lines must be now: 0 old, 1 old or new, 2 new
 *   bad, done     lines that were neither; lines by now
 *   which         the first bad one
 */
#include "talk.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SHARED = 1, KEEPER = 3, MIXED = 4, SETS = 3 };

struct line {
	const char *name;
	uint64_t (*call)(uint64_t s);
	int flags;
};
extern const struct line lines[];
extern const int n_lines;
void set_callbacks(void);

static uint64_t *wanted[2];
static atomic_int phase;
static atomic_ulong done, bad;
static char which[200];

static uint64_t compute(int i, int set)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	const struct line *l = &lines[i];
	uint64_t h;

	if (l->flags & SHARED) {
		pthread_mutex_lock(&lock);
		epoch++;
		reset_0(), reset_1(), reset_2(), reset_3(), reset_4();
	}
	tls_epoch++;
	reset_tls_0(), reset_tls_1(), reset_tls_2(), reset_tls_3(), reset_tls_4();
	for (uint32_t k = 0; k < 8; k++)
		cells[k] = k * 17;
	h = l->call(mix((uint64_t)i * 16, (uint64_t)set));
	h = mix(mix(h, sum_tls_0() ^ sum_tls_1()), sum_tls_2() + sum_tls_3() * 3 + sum_tls_4() * 5);
	for (uint32_t k = 0; k < 8; k++)
		h = mix(h, cells[k]);
	if (l->flags & SHARED) {
		h = mix(h, sum_state_0() + 3 * sum_state_1());
		h = mix(h, sum_state_2() + 3 * sum_state_3() + 5 * sum_state_4());
		pthread_mutex_unlock(&lock);
	}
	return h;
}

static int run(long n)
{
	char name[32];
	FILE *o;

	snprintf(name, sizeof(name), "run.%ld", n);
	o = fopen(name, "w");
	if (!o)
		return -1;
	for (int i = 0; i < n_lines; i++)
		for (int s = 0; s < SETS; s++)
			fprintf(o, "%s/%d %016llx\n", lines[i].name, s, (unsigned long long)compute(i, s));
	return fclose(o) ? -1 : n_lines * SETS;
}

static int load(int v)
{
	FILE *in = fopen(v ? "new.1" : "old.1", "r");
	unsigned long long h;
	int n = 0;

	wanted[v] = calloc((size_t)n_lines * SETS, sizeof(uint64_t));
	while (in && wanted[v] && n < n_lines * SETS && fscanf(in, "%*s %llx", &h) == 1)
		wanted[v][n++] = h;
	if (in)
		fclose(in);
	return n;
}

static void *work(void *arg)
{
	uint64_t x = (uintptr_t)arg * 7919;

	for (;;) {
		int line, set, before = phase, after;
		uint64_t h;

		x = mix(x, 1);
		line = (int)((x >> 13) % (uint64_t)n_lines);
		set = (int)((x >> 5) % SETS);
		if ((lines[line].flags & MIXED) || (lines[line].flags & KEEPER) == KEEPER)
			continue;
		h = compute(line, set);
		blank();
		after = phase;
		if (after != before)
			before = 1;
		/* Else all of them would hardly ever be outside at the same time. */
		if (!(++done & 7))
			usleep(2000);
		if ((before < 2 && h == wanted[0][line * SETS + set]) ||
		    (before > 0 && h == wanted[1][line * SETS + set]))
			continue;
		if (!bad++)
			snprintf(which, sizeof(which), "%s/%d phase %d %016llx", lines[line].name, set,
				 before, (unsigned long long)h);
	}
	return NULL;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	pthread_t t;

	if (IS("run"))
		printf("%d", run(n));
	if (IS("load"))
		printf("%d", load(0) == load(1));
	if (IS("threads")) {
		while (n > 0 && !pthread_create(&t, NULL, work, (void *)(uintptr_t)n))
			n--;
		printf("%ld", n);
	}
	if (IS("phase")) {
		phase = (int)n;
		printf("%d", (int)n);
	}
	if (IS("bad"))
		printf("%lu", (unsigned long)bad);
	if (IS("done"))
		printf("%d", done >= (unsigned long)n);
	if (IS("which"))
		printf("%s", which);
	return true;
}

int main(void)
{
	set_callbacks();
	talk_loop();
	return 0;
}
