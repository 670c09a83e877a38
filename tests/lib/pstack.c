// SPDX-License-Identifier: GPL-2.0-or-later
/* Developer's tool: prints every thread's stack with the method and trust of each frame. */
#include "proc/threads.h"

#include <stdio.h>
#include <stdlib.h>

static int complain(struct sut_err *err)
{
	for (size_t i = 0; i < err->n; i++)
		fprintf(stderr, "%s: %s: %s\n", sut_code_info(err->v[i].code)->text,
			err->v[i].subject, err->v[i].cause);
	sut_err_free(err);
	return 1;
}

int main(int argc, char **argv)
{
	struct sut_err err = {0};
	struct proc_modules ms;
	struct threads ts = {0};
	struct unw_space space;
	struct unw_trace tr = {0};
	struct unw_opts opts = {.display = true};
	size_t n_bad = 0;
	pid_t pid = argc > 1 ? atoi(argv[1]) : 0;
	uint64_t t0, t1;

	if (proc_modules_read(&ms, pid, false, &err))
		return complain(&err);
	proc_modules_unwind_space(&ms, &space);
	proc_modules_unwind_preload(&space);
	if (threads_attach(&ts, pid, &err) || threads_stop(&ts, 1000000000, &err))
		return complain(&err);
	t0 = now_ns();
	for (size_t i = 0; i < ts.n; i++) {
		struct tracee *t = &ts.v[i];

		if (!tracee_walk(&ts, t, &space, &opts, &tr))
			continue;
		printf("Thread %d: %s %s\n", t->tid, tr.reliable ? "reliable" : "UNRELIABLE", tr.text);
		n_bad += !tr.reliable;
		for (size_t k = 0; k < tr.n; k++) {
			const struct unw_frame *f = &tr.v[k];
			struct proc_module *m = proc_module_by_pc(&ms, f->pc);

			printf("#%-3zu 0x%016llx %-8s %s%s %s+0x%llx\n", k,
			       (unsigned long long)f->pc, unw_method_name(f->method),
			       f->trusted ? "sure" : "guess", f->is_signal ? " signal" : "",
			       m ? path_base(m->path) : "?",
			       (unsigned long long)(f->pc - (m ? m->bias : 0)));
		}
	}
	t1 = now_ns();
	threads_detach(&ts);
	printf("%zu unreliable; walked in %llu us, stopped for %llu us\n", n_bad,
	       (unsigned long long)(t1 - t0) / 1000, (unsigned long long)ts.pause_ns / 1000);
	unw_trace_free(&tr);
	unw_space_free(&space);
	proc_modules_free(&ms);
	return n_bad != 0;
}
