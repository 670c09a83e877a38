// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Old or new, never half.
 *
 * The tool may be killed between any two system calls; the kernel then detaches, and the threads
 * run on with whatever the text holds. So at every instant the text has to be right:
 *
 *	1. state = SWITCHING			entries are as before
 *	2. each entry: jump to its stub		the stub looks at the word; it is 0: old version
 *	3. word = 1				one write of four bytes: all functions are new
 *	4. each entry: jump to the new code	the same as what the stub does
 *	5. state = APPLIED
 *
 * and backwards (REVERTING: stubs, word = 0, bytes from before, REVERTED). Between 2 and 4 the word
 * alone decides. A tool that finds SWITCHING or REVERTING therefore finishes whatever the word
 * says: with 1 all entries become direct jumps (APPLIED), with 0 the bytes from before come back
 * (REVERTED). This needs the threads stopped but no look at their stacks: while the word was 0 no
 * thread could enter new code, and while it was 1 none could enter old code. An entry is longer
 * than one instruction of the original, but nobody stands inside it: when the first jump was
 * written all threads were clear of the function, and since then one jump stands there.
 *
 * But not every jump is one instruction. On riscv64 it is two always, the first of which makes half of an address for
 * the second: a thread between the two must not meet the second of another jump. On arm64, where pages are guarded,
 * it is a landing pad and a branch in place of paciasp and what follows: a thread between those has not signed its
 * return address, and the bytes from before would check that it has. So there the places between instructions of
 * a redirect are looked for on all stacks also when it is finished for a tool that died (between.c).
 *
 * What counts as clear: no frame of the thread in the function's ranges. Even a pc exactly at the
 * first byte counts as inside: a loop may lead back there with registers that are no arguments, and
 * from outside the two cannot be told apart. Such a thread has moved on a moment later.
 *
 * A stub has no unwind record. Threads meet one only after a death between 2 and 4, and then for
 * four instructions. Stubs are among the ranges of whatever is done next with their functions, so the
 * scan that decides about such a stack (verdict.c) finds the thread in the way.
 *
 * An entry may cross a page: it is written by one pwrite, with all threads stopped, so no thread
 * can execute half of it. If the tool dies, it does so before or after the call, with one exception: the
 * kernel writes page by page, and looks between two whether the writer is being killed. Both pages are made
 * the process's own before, which is what takes time, so that is a moment of less than a microsecond; nothing
 * that Suture could write in two steps closes it. What was written is read back and compared. Processes that
 * share the memory without being threads (vfork's child until its exec) are not seen; their parent is then in
 * vfork and cannot be stopped, and we wait.
 */
#include "apply/switch.h"
#include "apply/between.h"
#include "apply/verdict.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void switch_range_add(struct switch_ranges *rs, uint64_t lo, uint64_t size, const char *func,
		      const char *file, int line)
{
	if (size)
		*VEC_PUSH(rs->v, rs->n, rs->cap) =
			(struct switch_range){lo, lo + size, func, file, line};
}

static int put(struct session *s, const char *step, uint64_t addr, const void *p, size_t n,
	       struct sut_err *err)
{
	uint8_t back[LEDGER_VAR_SIZE];

	apply_step(s, step);
	if (proc_mem_write(&s->ms.mem, addr, p, n, err) < 0)
		return -1;
	if (proc_mem_try_read(&s->ms.mem, addr, back, n) < 0 || memcmp(back, p, n))
		return sut_fail(err, SUT_P_VERIFY, step, "%zu bytes at 0x%llx differ from what was written",
				n, (unsigned long long)addr);
	return 0;
}

static int put_var32(struct session *s, struct ledger_group *g, const char *step, size_t off,
		     uint32_t v, struct sut_err *err)
{
	if (put(s, step, g->v[0].addr + off, &v, sizeof(v), err) < 0)
		return -1;
	memcpy((uint8_t *)ledger_group_var(g) + off, &v, sizeof(v));
	return 0;
}

#define VAR(field) offsetof(struct ledger_var, field)

int switch_warm(struct session *s, struct ledger_group *g, struct sut_err *err)
{
	/* The state is written as it is: the first write to a private page is what costs. */
	return put_var32(s, g, "warm the ledger", VAR(state), ledger_group_var(g)->state, err);
}

enum entry_form { ENTRY_SAVED, ENTRY_STUB, ENTRY_DIRECT };

static const uint8_t *entry_bytes(const struct ledger_func *f, enum entry_form form)
{
	return form == ENTRY_SAVED ? f->saved : form == ENTRY_STUB ? f->via_stub : f->direct;
}

static size_t n_entries(const struct ledger_group *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		n += g->v[i].n_funcs;
	return n;
}

/* What stands at all entries now, in the order of the functions. Fresh; NULL: cannot be read. */
static uint8_t (*read_entries(struct session *s, struct ledger_group *g))[TARGET_MAX_JUMP]
{
	size_t n = n_entries(g), k = 0;
	uint8_t (*now)[TARGET_MAX_JUMP] = xcalloc(n + 1, sizeof(*now));
	struct proc_mem_piece *v = xcalloc(n + 1, sizeof(*v));

	for (size_t i = 0; i < g->n; i++)
		for (size_t j = 0; j < g->v[i].n_funcs; j++, k++)
			v[k] = (struct proc_mem_piece){g->v[i].funcs[j].entry, now[k],
						       g->v[i].funcs[j].jump_len};
	if (proc_mem_read_pieces(&s->ms.mem, v, n) < 0) {
		free(now);
		now = NULL;
	}
	free(v);
	return now;
}

/* Writes what stands there to the first and to the last byte of an entry on two pages: see above. */
static int warm_pages(struct session *s, const struct ledger_func *f, struct sut_err *err)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), last = f->entry + f->jump_len - 1;
	uint8_t b;

	if (f->entry / page == last / page)
		return 0;
	for (uint64_t at = f->entry;; at = last) {
		if (proc_mem_read(&s->ms.mem, at, &b, 1, err) < 0 || proc_mem_write(&s->ms.mem, at, &b, 1, err) < 0)
			return -1;
		if (at == last)
			return 0;
	}
}

static int put_entries(struct session *s, struct ledger_group *g, const char *step,
		       enum entry_form form, struct sut_err *err)
{
	uint8_t (*now)[TARGET_MAX_JUMP];
	const struct ledger_func *bad = NULL;
	size_t k = 0;

	for (size_t i = 0; i < g->n; i++)
		for (size_t j = 0; j < g->v[i].n_funcs; j++) {
			struct ledger_func *f = &g->v[i].funcs[j];

			apply_step(s, step);
			if (warm_pages(s, f, err) < 0 ||
			    proc_mem_write(&s->ms.mem, f->entry, entry_bytes(f, form), f->jump_len, err) < 0)
				return -1;
		}
	now = read_entries(s, g);
	for (size_t i = 0; i < g->n; i++)
		for (size_t j = 0; j < g->v[i].n_funcs; j++, k++) {
			struct ledger_func *f = &g->v[i].funcs[j];

			if (!bad && (!now || memcmp(now[k], entry_bytes(f, form), f->jump_len)))
				bad = f;
		}
	free(now);
	if (bad)
		return sut_fail(err, SUT_P_VERIFY, bad->name, "%s: %u bytes at 0x%llx differ from what was written",
				step, bad->jump_len, (unsigned long long)bad->entry);
	return 0;
}

/*
 * Before anything is written: every entry holds one of the forms in @mask. All are looked at, so
 * that a refusal names all.
 */
static int check_entries(struct session *s, struct ledger_group *g, unsigned int mask,
			 struct sut_err *err)
{
	uint8_t (*now)[TARGET_MAX_JUMP] = read_entries(s, g);
	size_t before = err->n, k = 0;

	if (!now)
		return sut_fail(err, SUT_P_MEMORY, g->name, "its functions cannot be read any more: was an "
				"object unloaded?");
	for (size_t i = 0; i < g->n; i++)
		for (size_t j = 0; j < g->v[i].n_funcs; j++, k++) {
			struct ledger_func *f = &g->v[i].funcs[j];
			bool good = false;

			for (int form = ENTRY_SAVED; form <= ENTRY_DIRECT; form++)
				good |= (mask >> form & 1) &&
					!memcmp(now[k], entry_bytes(f, (enum entry_form)form), f->jump_len);
			if (!good)
				sut_fail(err, SUT_P_REVERTED_TEXT, f->name,
					 "the bytes at its entry 0x%llx are neither ours nor those from before",
					 (unsigned long long)f->entry);
		}
	free(now);
	return err->n == before ? 0 : -1;
}

/* The variable part from the state on: who, when and what, in one write within one page. */
static int put_state(struct session *s, struct ledger_group *g, const char *step,
		     enum ledger_state state, struct sut_err *err)
{
	struct ledger_var *v = ledger_group_var(g), now = *v;

	now.state = state;
	now.when = (uint64_t)time(NULL);
	now.uid = getuid();
	now.tool_pid = (uint32_t)getpid();
	now.attempts = s->res->attempts;
	memcpy(now.user, s->user, sizeof(now.user));
	if (put(s, step, g->v[0].addr + VAR(state), &now.state, sizeof(now) - VAR(state), err) < 0)
		return -1;
	*v = now;
	return 0;
}

static int forward(struct session *s, struct ledger_group *g, struct sut_err *err)
{
	struct ledger_var *v = ledger_group_var(g);

	if (check_entries(s, g, 1u << ENTRY_SAVED, err) < 0 ||
	    put_state(s, g, "state switching", LEDGER_SWITCHING, err) < 0 ||
	    put_entries(s, g, "entry to stub", ENTRY_STUB, err) < 0 ||
	    put_var32(s, g, "switch word on", VAR(word), 1, err) < 0 ||
	    put_entries(s, g, "entry to new code", ENTRY_DIRECT, err) < 0)
		return -1;
	v->pause_ns = now_ns() - s->ts.t_stop_ns;
	return put_state(s, g, "state applied", LEDGER_APPLIED, err);
}

static int back(struct session *s, struct ledger_group *g, struct sut_err *err)
{
	if (check_entries(s, g, 1u << ENTRY_DIRECT, err) < 0 ||
	    put_state(s, g, "state reverting", LEDGER_REVERTING, err) < 0 ||
	    put_entries(s, g, "entry to stub", ENTRY_STUB, err) < 0 ||
	    put_var32(s, g, "switch word off", VAR(word), 0, err) < 0 ||
	    put_entries(s, g, "entry to old code", ENTRY_SAVED, err) < 0)
		return -1;
	return put_var32(s, g, "state reverted", VAR(state), LEDGER_REVERTED, err);
}

static int finish(struct session *s, struct ledger_group *g, struct sut_err *err)
{
	bool on = ledger_group_var(g)->word;
	unsigned int mask = 1u << ENTRY_STUB | 1u << (on ? ENTRY_DIRECT : ENTRY_SAVED);

	if (check_entries(s, g, mask, err) < 0 ||
	    put_entries(s, g, "recover entry", on ? ENTRY_DIRECT : ENTRY_SAVED, err) < 0)
		return -1;
	return put_var32(s, g, "recover state", VAR(state), on ? LEDGER_APPLIED : LEDGER_REVERTED, err);
}

static bool half_done(const struct ledger_group *g)
{
	uint32_t s = g->damaged ? 0 : g->v[0].var.state;

	return s == LEDGER_SWITCHING || s == LEDGER_REVERTING;
}

/* A write that failed half-way is put right at once, as a later call would do it. */
static int settle(struct session *s, struct ledger_group *g, int r)
{
	struct sut_err unused = {0};

	if (r < 0 && half_done(g))
		finish(s, g, &unused);
	sut_err_free(&unused);
	return r;
}

int switch_forward(struct session *s, struct ledger_group *g, struct sut_err *err)
{
	return settle(s, g, forward(s, g, err));
}

int switch_back(struct session *s, struct ledger_group *g, struct sut_err *err)
{
	return settle(s, g, back(s, g, err));
}

static int recover_stopped(void *ctx, struct session *s, struct sut_err *err)
{
	/* From the top down: a lower patch's entry bytes are what an upper one saved. */
	for (size_t i = s->ls.n; i-- > 0;) {
		if (!half_done(&s->ls.v[i]))
			continue;
		if (finish(s, &s->ls.v[i], err) < 0)
			return -1;
		s->res->recovered++;
	}
	return 0;
}

int switch_recover(struct session *s, struct sut_err *err)
{
	struct switch_ranges between = {0};
	unsigned int attempts = s->res->attempts;
	bool needed = false;
	int r;

	for (size_t i = 0; i < s->ls.n; i++) {
		if (!half_done(&s->ls.v[i]))
			continue;
		needed = true;
		for (size_t k = 0; k < s->ls.v[i].n; k++)
			between_ranges(&between, &s->ls.v[i].v[k]);
	}
	if (!needed)
		return 0;
	r = switch_when_clear(s, &between, recover_stopped, NULL, err);
	free(between.v);
	if (r < 0)
		return -1;
	s->res->attempts = attempts;
	s->res->pause_ns = 0;
	return 0;
}

static void nap(uint64_t ns)
{
	struct timespec ts = {(time_t)(ns / 1000000000ull), (long)(ns % 1000000000ull)};

	nanosleep(&ts, NULL);
}

/* Nobody was in the way, and yet it could not be done. */
static int report_late(struct session *s, const char *subject, struct sut_err *err)
{
	if (s->ts.late_tid)
		return sut_fail(err, SUT_P_NOT_STOPPED, subject, "thread %d did not stop: %s",
				(int)s->ts.late_tid, s->ts.late_why);
	return sut_fail(err, SUT_P_PAUSE, subject, "none of %u threads was in the way, but to stop them and to "
			"look at them took %.1f ms, and the longest pause is %.1f ms (%u attempts)",
			s->res->n_threads, (double)s->ts.pause_ns / 1e6, (double)s->opts.max_pause_ns / 1e6,
			s->res->attempts);
}

int switch_report_busy(struct session *s, struct sut_err *err)
{
	char subject[32];

	snprintf(subject, sizeof(subject), "pid %d", (int)s->pid);
	if (!s->res->n_blockers)
		return report_late(s, subject, err);
	sut_fail(err, SUT_P_BUSY, subject, "%zu of %u threads are in the way after %u attempts",
		 s->res->n_blockers, s->res->n_threads, s->res->attempts);
	for (size_t i = 0; i < s->res->n_blockers && i < 16; i++) {
		struct apply_blocker *b = &s->res->blockers[i];

		if (!i && b->file)
			sut_fail_where(err, b->file, b->line);
		sut_fail_chain(err, "thread %d (%s): %s", (int)b->tid, b->comm, b->why);
	}
	return -1;
}

int switch_sample(struct session *s, const struct switch_ranges *ranges, struct sut_err *err)
{
	int r = threads_stop(&s->ts, s->opts.max_pause_ns, err);

	if (r < 0)
		return -1;
	s->res->attempts++;
	if (r == 0)
		verdict_all_clear(s, ranges);
	threads_resume(&s->ts);
	s->res->pause_ns = MAX(s->res->pause_ns, s->ts.pause_ns);
	return r;
}

int switch_when_clear(struct session *s, const struct switch_ranges *ranges,
		      int (*fn)(void *ctx, struct session *s, struct sut_err *err), void *ctx,
		      struct sut_err *err)
{
	uint64_t end = now_ns() + s->opts.timeout_ns, wait = 1000000;

	if (ranges->n) {
		proc_modules_unwind_preload(&s->space);
		threads_rehearse(&s->ts);
		threads_warm(&s->ts, &s->space);
	}
	for (;;) {
		int r;

		if (s->opts.cancel && *s->opts.cancel)
			return sut_fail(err, SUT_E_INTERRUPTED, "switch", "asked to stop before the switch");
		apply_step(s, "stop threads");
		r = threads_stop(&s->ts, s->opts.max_pause_ns, err);
		if (r < 0) {
			threads_resume(&s->ts);
			return -1;
		}
		s->res->attempts++;
		/* Late but clear is late: what users feel is bounded first of all. */
		if (r == 0 && verdict_all_clear(s, ranges) &&
		    now_ns() - s->ts.t_stop_ns <= s->opts.max_pause_ns) {
			r = fn(ctx, s, err);
			threads_resume(&s->ts);
			s->res->pause_ns = s->ts.pause_ns;
			return r;
		}
		threads_resume(&s->ts);
		if (now_ns() + wait > end)
			return switch_report_busy(s, err);
		nap(wait);
		wait = MIN(wait * 2, 100000000ull);
	}
}
