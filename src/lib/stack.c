// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stacks of a process, for people.
 *
 * Only the walk needs the threads stopped. Metadata is fetched before, and names and source lines
 * are looked up after they run again, so that a look at a busy server costs it well under a
 * millisecond for each thread. The pause is part of the answer.
 */
#include "lib/process.h"
#include "lib/result.h"
#include "lib/symbolize.h"
#include "lib/syscalls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "apply/between.h"
#include "proc/scan.h"
#include "proc/status.h"
#include "proc/threads.h"

#define STOP_TIMEOUT_NS 1000000000ULL
#define MAX_FRAMES	1024

struct thread_view {
	pid_t tid;
	char comm[32];
	char state;
	long syscall_nr;	/* -1: in user mode, or not known */
	bool seen;		/* @trace was made */
	const char *decided_by;	/* what says whether the thread is clear of some code */
	struct unw_trace trace;
};

struct view {
	struct thread_view *v;
	size_t n, cap;
	uint64_t pause_ns;
};

static void view_free(struct view *w)
{
	for (size_t i = 0; i < w->n; i++)
		unw_trace_free(&w->v[i].trace);
	free(w->v);
}

static void note_thread(struct view *w, pid_t pid, pid_t tid)
{
	struct thread_view *t = VEC_PUSH(w->v, w->n, w->cap);
	struct proc_status st;

	t->tid = tid;
	t->syscall_nr = -1;
	t->state = '?';
	snprintf(t->comm, sizeof(t->comm), "?");
	if (!proc_status_read(&st, pid, tid)) {
		t->state = st.state;
		snprintf(t->comm, sizeof(t->comm), "%s", st.name);
	}
}

static struct thread_view *thread_of(struct view *w, pid_t pid, pid_t tid)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->v[i].tid == tid)
			return &w->v[i];
	note_thread(w, pid, tid);
	return &w->v[w->n - 1];
}

/* A scan for no code at all tells what a scan for some could do. */
static const char *scan_kind(struct threads *ts, struct tracee *t, const struct proc_mem *mem,
			     struct stacks *st)
{
	struct unw_scan_out out;
	struct sut_err err = {0};
	bool good = st->mem || !stacks_read(st, ts->pid, mem, now_ns() + STOP_TIMEOUT_NS, &err);

	sut_err_free(&err);
	if (!good || !tracee_scan(st, ts, t, NULL, 0, &out))
		return "nothing";
	return out.verdict == UNW_SCAN_CLEAR ? "scan" : out.verdict == UNW_SCAN_AWAY ? "search" : "nothing";
}

static void walk_all(struct view *w, struct threads *ts, struct unw_space *space,
		     const struct proc_mem *mem)
{
	struct stacks st = {0};

	const struct unw_opts opts = {.display = true, .max_frames = MAX_FRAMES};

	for (size_t i = 0; i < ts->n; i++) {
		struct tracee *t = &ts->v[i];
		struct native_regs *regs;
		struct thread_view *tv;

		if (t->state != TRACEE_STOPPED)
			continue;
		tv = thread_of(w, ts->pid, t->tid);
		regs = tracee_regs(t);
		if (!regs)
			continue;
		tv->syscall_nr = native_syscall_nr(regs);
		tv->seen = tracee_walk(ts, t, space, &opts, &tv->trace);
		if (tv->seen)
			tv->decided_by = tv->trace.reliable ? "walk" : scan_kind(ts, t, mem, &st);
	}
	stacks_free(&st);
}

/* Stops, walks, and lets go. A thread that cannot be stopped does not hide the others. */
static int look(struct view *w, pid_t pid, struct unw_space *space, const struct proc_mem *mem,
		struct sut_err *err)
{
	struct threads ts = {0};
	int r;

	ts.cancel = lib_cancel();
	if (threads_attach(&ts, pid, err))
		return -1;
	for (size_t i = 0; i < ts.n; i++)
		note_thread(w, pid, ts.v[i].tid);
	r = threads_stop(&ts, STOP_TIMEOUT_NS, err);
	if (r >= 0)
		walk_all(w, &ts, space, mem);
	threads_resume(&ts);
	w->pause_ns = ts.pause_ns;
	threads_detach(&ts);
	return r < 0 ? -1 : 0;
}

/* What the process is made of, read while it ran. */
struct target_view {
	struct proc_modules ms;
	struct ledgers ls;
	struct symbolizer *sym;
};

static json_t *frame_json(const struct unw_frame *f, const struct target_view *tv)
{
	/* A return address may be the first byte of the next function or line. */
	uint64_t at = f->at_call ? f->pc - 1 : f->pc;
	const struct proc_module *m = proc_module_by_pc(&tv->ms, at);
	struct patch_place place = process_patch_at(&tv->ls, at);
	struct symbol_text st;
	json_t *j = json_object();

	symbolize(tv->sym, at, &st);
	if (!st.symbol && place.func) {
		st.symbol = xstrdup(place.func);
		st.offset = place.offset;
	}
	json_object_set_new(j, "pc", hex_json(f->pc));
	json_object_set_new(j, "symbol", text_json(st.symbol));
	json_object_set_new(j, "offset",
			    st.symbol ? json_integer((json_int_t)(st.offset + (f->pc - at)))
				      : json_null());
	json_object_set_new(j, "object", m ? text_json(m->path) : json_null());
	json_object_set_new(j, "object_offset", m ? hex_json(f->pc - m->bias) : json_null());
	json_object_set_new(j, "method", text_json(unw_method_name(f->method)));
	json_object_set_new(j, "trusted", json_boolean(f->trusted));
	json_object_set_new(j, "signal", json_boolean(f->is_signal));
	json_object_set_new(j, "file", text_json(st.file));
	json_object_set_new(j, "line", st.file ? json_integer(st.line) : json_null());
	json_object_set_new(j, "patch", text_json(place.patch));
	symbol_text_free(&st);
	return j;
}

static const char *end_name(enum unw_end end)
{
	switch (end) {
	case UNW_END_UNDEFINED:
		return "no-return-address";
	case UNW_END_ENTRY:
		return "program-entry";
	case UNW_END_THREAD:
		return "thread-start";
	case UNW_END_NULL:
		return "first-frame";
	default:
		return NULL;
	}
}

static json_t *thread_json(const struct thread_view *t, const struct target_view *tv)
{
	json_t *j = json_object(), *frames = json_array(), *call = json_null();
	const struct unw_trace *tr = &t->trace;
	/* The main thread, while others go on: it will return into nothing. */
	bool over = !t->seen && t->state == 'Z';

	if (t->seen && t->syscall_nr >= 0) {
		call = json_object();
		json_object_set_new(call, "number", json_integer(t->syscall_nr));
		json_object_set_new(call, "name", text_json(syscall_name(t->syscall_nr)));
	}
	for (size_t i = 0; t->seen && i < tr->n; i++)
		json_array_append_new(frames, frame_json(&tr->v[i], tv));
	json_object_set_new(j, "tid", json_integer(t->tid));
	json_object_set_new(j, "comm", text_json(t->comm));
	json_object_set_new(j, "state", json_sprintf("%c", t->state));
	json_object_set_new(j, "syscall", call);
	json_object_set_new(j, "reliable", json_boolean(over || (t->seen && tr->reliable)));
	if (over)
		json_object_set_new(j, "why_not", json_null());
	else if (!t->seen)
		json_object_set_new(j, "why_not",
				    text_json("the thread ended or could not be stopped"));
	else
		json_object_set_new(j, "why_not", tr->reliable ? json_null() : text_json(tr->text));
	json_object_set_new(j, "decided_by", text_json(over ? "walk" : t->decided_by ? t->decided_by : "nothing"));
	json_object_set_new(j, "end", text_json(t->seen ? end_name(tr->end) : NULL));
	json_object_set_new(j, "frames", frames);
	return j;
}

struct sut_result *sut_stack(pid_t pid)
{
	struct sut_result *r = result_new("stack");
	struct sut_err err = {0};
	struct target_view tv = {0};
	struct unw_space space = {0};
	struct view w = {0};
	json_t *threads = json_array();
	char comm[32];

	proc_comm(pid, comm, sizeof(comm));
	json_object_set_new(r->doc, "pid", json_integer(pid));
	json_object_set_new(r->doc, "comm", text_json(comm));
	if (process_usable(pid, &err) || proc_modules_read(&tv.ms, pid, false, &err))
		goto out;
	if (ledgers_read(&tv.ls, &tv.ms.maps, &tv.ms.mem, &err))
		goto out_modules;
	proc_modules_unwind_space(&tv.ms, &space);
	between_walks(&space, &tv.ls);
	proc_modules_unwind_preload(&space);
	if (!look(&w, pid, &space, &tv.ms.mem, &err)) {
		tv.sym = symbolizer_new(&tv.ms);
		for (size_t i = 0; i < w.n; i++)
			json_array_append_new(threads, thread_json(&w.v[i], &tv));
		symbolizer_free(tv.sym);
	}
	unw_space_free(&space);
out_modules:
	ledgers_free(&tv.ls);
	proc_modules_free(&tv.ms);
out:
	json_object_set_new(r->doc, "pause_us", json_integer((json_int_t)(w.pause_ns / 1000)));
	json_object_set_new(r->doc, "threads", threads);
	view_free(&w);
	return result_done(r, SUT_OUTCOME_OK, &err);
}
