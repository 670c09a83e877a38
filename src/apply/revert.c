// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Revert needs nothing but the process: the ledger has the bytes from before. Images stay mapped,
 * because a pointer to a function or a string of the patch may live on in the program's data; a
 * later apply of the same patch uses them again.
 */
#include "apply/apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Patches that touch a function of @g and were applied later: all of them are named. */
static int check_on_top(struct session *s, const struct ledger_group *g, struct sut_err *err)
{
	size_t before = err->n;

	for (size_t i = 0; i < s->ls.n; i++) {
		const struct ledger_group *o = &s->ls.v[i];
		bool named = false;

		if (o == g || !ledger_group_live(o) || o->v[0].var.seq < g->v[0].var.seq)
			continue;
		for (size_t a = 0; a < o->n; a++)
			for (size_t b = 0; b < o->v[a].n_funcs; b++)
				for (size_t c = 0; c < g->n; c++)
					for (size_t d = 0; d < g->v[c].n_funcs && !named; d++) {
						if (o->v[a].funcs[b].addr != g->v[c].funcs[d].addr)
							continue;
						named = true;
						sut_fail(err, SUT_P_ON_TOP, g->name,
							 "patch '%s' lies on top of it in '%s'", o->name,
							 g->v[c].funcs[d].name);
						sut_fail_remedy(err, "revert '%s' first", o->name);
					}
	}
	return err->n == before ? 0 : -1;
}

static int do_back(void *ctx, struct session *s, struct sut_err *err)
{
	struct ledger_group *g = ctx;

	if (switch_back(s, g, err) < 0)
		return -1;
	/* With the threads still stopped: nothing else can write now. */
	for (size_t i = 0; i < g->n; i++)
		for (size_t k = 0; k < g->v[i].n_funcs; k++) {
			const struct ledger_func *f = &g->v[i].funcs[k];
			uint8_t *want = xmemdup(f->orig, f->orig_size), *now = xmalloc(f->orig_size);
			int same;

			/* Where another patch lies below, its jump is what stood there. */
			memcpy(want + (f->entry - f->addr), f->saved, f->jump_len);
			same = proc_mem_try_read(&s->ms.mem, f->addr, now, f->orig_size) == 0 &&
			       !memcmp(want, now, f->orig_size);
			free(want);
			free(now);
			if (!same)
				return sut_fail(err, SUT_P_VERIFY, f->name,
						"its text differs from the original after the revert");
			s->res->text_compared += f->orig_size;
		}
	return 0;
}

static int run_revert(struct session *s, const char *name, struct sut_err *err)
{
	struct ledger_group *g = NULL;
	struct switch_ranges rs = {0};
	bool was = false;
	int r;

	for (size_t i = 0; i < s->ls.n; i++) {
		if (strcmp(s->ls.v[i].name, name))
			continue;
		if (s->ls.v[i].damaged)
			return sut_fail(err, SUT_P_LEDGER, name, "%s", s->ls.v[i].why);
		was = true;
		if (ledger_group_live(&s->ls.v[i]))
			g = &s->ls.v[i];
	}
	if (!g && was) {
		s->res->outcome = APPLY_ALREADY;
		return 0;
	}
	if (!g)
		return sut_fail(err, SUT_P_NOT_APPLIED, name, "pid %d has no patch of this name",
				(int)s->pid);
	if (check_on_top(s, g, err) < 0 || session_attach(s, err) < 0)
		return -1;
	for (size_t i = 0; i < g->n; i++) {
		struct ledger *l = &g->v[i];

		s->res->n_funcs += l->n_funcs;
		for (size_t k = 0; k < l->n_funcs; k++) {
			switch_range_add(&rs, l->funcs[k].new_addr, l->funcs[k].new_size,
					 l->funcs[k].name, l->funcs[k].file, l->funcs[k].line);
			switch_range_add(&rs, l->funcs[k].entry, l->funcs[k].jump_len, l->funcs[k].name,
					 l->funcs[k].file, l->funcs[k].line);
		}
		/* After the functions, which have better names: the patch's helpers and old copies. */
		switch_range_add(&rs, l->text_lo, l->text_hi - l->text_lo, name, NULL, 0);
		switch_range_add(&rs, l->island_lo, l->island_hi - l->island_lo, name, NULL, 0);
	}
	r = switch_when_clear(s, &rs, do_back, g, err);
	free(rs.v);
	s->res->outcome = APPLY_DONE;
	return r;
}

int apply_revert(const char *name, pid_t pid, const struct apply_opts *opts,
		 struct apply_result *res, struct sut_err *err)
{
	uint64_t start = now_ns();
	struct session s;
	int r;

	memset(res, 0, sizeof(*res));
	res->patch = xstrdup(name);
	r = session_open(&s, pid, true, opts, res, err);
	for (size_t i = 0; i < s.ls.n && !r; i++) {
		uint32_t st = s.ls.v[i].damaged ? 0 : s.ls.v[i].v[0].var.state;

		if (st != LEDGER_SWITCHING && st != LEDGER_REVERTING)
			continue;
		r = session_attach(&s, err) < 0 || session_refresh(&s, true, err) < 0 ||
				    switch_recover(&s, err) < 0
			    ? -1
			    : 0;
		break;
	}
	if (!r)
		r = run_revert(&s, name, err);
	session_close(&s);
	res->wall_ns = now_ns() - start;
	if (r < 0)
		res->outcome = sut_err_class(err) == SUT_CLASS_REFUSAL ? APPLY_BLOCKED : APPLY_FAILED;
	return r;
}
