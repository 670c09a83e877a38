// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One verdict per thread.
 *
 * A walk that is reliable lists every function that the thread can return into. Where it is not (no
 * metadata, or metadata that ends in the middle), the conservative scan decides: it may take a stale
 * word for a return address, but finds every one.
 *
 * A reliable walk ends where a stack begins. That must be the stack that the thread itself began with: on
 * another one (a coroutine's) it may have left frames behind, on its own, that no walk comes by. A thread that runs on another stack than its own, and
 * a program that keeps coroutines, need a search of all writable memory; that is made once, last, and
 * only when nothing else is in the way.
 */
#include "apply/verdict.h"
#include "proc/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct verdict {
	struct session *s;
	const struct switch_ranges *rs;
	struct unw_range *code;		/* @rs as the scan wants it */
	struct stacks stacks;
	bool have_stacks;
	pid_t away_tid;			/* 0: no thread is on another stack than its own */
	char away[120];
};

static void thread_comm(pid_t pid, pid_t tid, char *out, size_t n)
{
	char path[64];
	uint8_t *d;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", (int)pid, (int)tid);
	out[0] = '\0';
	if (read_file(path, &d, &len) == 0) {
		while (len && d[len - 1] == '\n')
			len--;
		snprintf(out, n, "%.*s", (int)len, (const char *)d);
		free(d);
	}
}

static const struct switch_range *hit(const struct switch_ranges *rs, uint64_t pc)
{
	for (size_t i = 0; i < rs->n; i++)
		if (pc >= rs->v[i].lo && pc < rs->v[i].hi)
			return &rs->v[i];
	return NULL;
}

static struct apply_blocker *blocker(struct session *s, pid_t tid)
{
	struct apply_result *r = s->res;
	struct apply_blocker *b = VEC_PUSH(r->blockers, r->n_blockers, r->cap_blockers);

	b->tid = tid;
	thread_comm(s->pid, tid, b->comm, sizeof(b->comm));
	return b;
}

static void forget_blockers(struct apply_result *r)
{
	while (r->n_blockers) {
		struct apply_blocker *b = &r->blockers[--r->n_blockers];

		free(b->func);
		free(b->file);
		free(b->why);
	}
}

static void blame(struct apply_blocker *b, const struct switch_range *in)
{
	b->func = xstrdup(in->func);
	b->file = in->file ? xstrdup(in->file) : NULL;
	b->line = in->line;
}

static bool need_stacks(struct verdict *v, struct sut_err *err)
{
	struct session *s = v->s;

	if (v->have_stacks)
		return true;
	if (stacks_read(&v->stacks, s->pid, &s->ms.mem, s->ts.t_stop_ns + s->opts.max_pause_ns, err) < 0)
		return false;
	v->code = xcalloc(v->rs->n + 1, sizeof(*v->code));
	for (size_t i = 0; i < v->rs->n; i++)
		v->code[i] = (struct unw_range){v->rs->v[i].lo, v->rs->v[i].hi};
	v->have_stacks = true;
	return true;
}

/* A thread whose walk is not reliable; @walk says why. */
static void judge_by_scan(struct verdict *v, struct tracee *th, const char *walk)
{
	struct unw_scan_out out = {.verdict = UNW_SCAN_FAILED};
	struct sut_err err = {0};
	struct apply_blocker *b;

	if (!need_stacks(v, &err))
		snprintf(out.text, sizeof(out.text), "its memory map cannot be read");
	else if (!tracee_scan(&v->stacks, &v->s->ts, th, v->code, v->rs->n, &out))
		return;
	sut_err_free(&err);
	switch (out.verdict) {
	case UNW_SCAN_CLEAR:
		break;
	case UNW_SCAN_AWAY:
		v->away_tid = th->tid;
		snprintf(v->away, sizeof(v->away), "%s", out.text);
		break;
	case UNW_SCAN_HIT:
		b = blocker(v->s, th->tid);
		b->scanned = true;
		blame(b, &v->rs->v[out.code]);
		b->why = out.at ? xasprintf("may be inside '%s': the word at 0x%llx of its stack leads there",
					    b->func, (unsigned long long)out.at) :
			 out.certain ? xasprintf("inside '%s' at frame 0", b->func) :
				       xasprintf("may be inside '%s': a register leads there", b->func);
		b->scanned = !out.certain;
		break;
	case UNW_SCAN_FAILED:
		b = blocker(v->s, th->tid);
		b->unreliable = true;
		b->why = xasprintf("its stack is not reliable: %s; and a scan of it does not decide: %s", walk,
				   out.text);
		break;
	}
}

/* Stacks that no thread runs on, where there may be such. */
static void judge_memory(struct verdict *v)
{
	struct session *s = v->s;
	struct unw_scan_out out = {.verdict = UNW_SCAN_FAILED};
	const char *why = v->away_tid ? v->away : s->dormant;
	struct sut_err err = {0};
	struct apply_blocker *b;

	if (need_stacks(v, &err))
		stacks_scan_all(&v->stacks, &s->ts, v->code, v->rs->n, &out);
	sut_err_free(&err);
	if (out.verdict == UNW_SCAN_CLEAR)
		return;
	if (v->away_tid) {
		b = blocker(s, v->away_tid);
	} else {
		b = VEC_PUSH(s->res->blockers, s->res->n_blockers, s->res->cap_blockers);
		snprintf(b->comm, sizeof(b->comm), "no thread");
	}
	b->unreliable = out.verdict != UNW_SCAN_HIT;
	if (b->unreliable) {
		b->why = xasprintf("%s, and not all memory could be searched for stacks within the longest "
				   "pause", why);
		return;
	}
	b->scanned = true;
	blame(b, &v->rs->v[out.code]);
	b->why = xasprintf("%s, and a stack at 0x%llx may return into '%s'", why,
			   (unsigned long long)out.at, b->func);
}

/*
 * Did the walk end on the stack that the thread began on? Nearly always the answer is at hand: [stack] for
 * the main thread, a little below the thread's descriptor for others. Else the memory map tells.
 */
static bool ends_at_home(struct verdict *v, struct tracee *th, const struct unw_trace *t)
{
	enum { NEAR = 65536 };
	const struct proc_maps *maps = &v->s->ms.maps;
	struct native_regs *r = tracee_regs(th);
	uint64_t top = t->n ? t->v[t->n - 1].sp : 0;
	struct sut_err err = {0};
	bool good;

	/* One that has run nothing has left nothing behind. */
	if (t->end == UNW_END_NEWBORN || !r)
		return true;
	if (th->tid == v->s->pid) {
		const struct proc_map *m = proc_maps_find(maps, top);

		if (m && !strcmp(m->path, "[stack]"))
			return true;
	} else if (top < native_tp(r) && native_tp(r) - top < NEAR) {
		return true;
	}
	good = need_stacks(v, &err) && stacks_at_home(&v->stacks, &v->s->ts, th, top);
	sut_err_free(&err);
	return good;
}

bool verdict_all_clear(struct session *s, const struct switch_ranges *rs)
{
	struct verdict v = {.s = s, .rs = rs};
	struct unw_opts opts = {0};
	struct unw_trace t = {0};
	unsigned int n = 0;

	forget_blockers(s->res);
	for (size_t i = 0; i < s->ts.n; i++) {
		struct tracee *th = &s->ts.v[i];
		const struct switch_range *in = NULL;
		struct apply_blocker *b;
		size_t k;

		if (th->state == TRACEE_GONE || th->is_zombie_leader)
			continue;
		n++;
		/* Without ranges no stack matters. A thread that vanished has none. */
		if (!rs->n || !tracee_walk(&s->ts, th, &s->space, &opts, &t))
			continue;
		/* A return address behind a call that does not return belongs to the caller. */
		for (k = 0; k < t.n && !in; k++)
			in = hit(rs, t.v[k].at_call ? t.v[k].pc - 1 : t.v[k].pc);
		if (in) {
			b = blocker(s, th->tid);
			blame(b, in);
			b->frame = k - 1;
			b->why = xasprintf("inside '%s' at frame %zu", in->func, k - 1);
		} else if (!t.reliable) {
			judge_by_scan(&v, th, t.text);
		} else if (!ends_at_home(&v, th, &t)) {
			v.away_tid = th->tid;
			snprintf(v.away, sizeof(v.away), "it runs on a stack at 0x%llx that is not the one it "
				 "began on", (unsigned long long)t.v[0].sp);
		}
	}
	unw_trace_free(&t);
	s->res->n_threads = n;
	if (!s->res->n_blockers && rs->n && (s->dormant || v.away_tid))
		judge_memory(&v);
	free(v.code);
	stacks_free(&v.stacks);
	return !s->res->n_blockers;
}
