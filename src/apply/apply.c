// SPDX-License-Identifier: GPL-2.0-or-later
#include "apply/apply.h"
#include "apply/place.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static int finish(struct apply_result *res, uint64_t start, int r, const struct sut_err *err)
{
	res->wall_ns = now_ns() - start;
	if (r < 0)
		res->outcome = sut_err_class(err) == SUT_CLASS_REFUSAL ? APPLY_BLOCKED : APPLY_FAILED;
	return r;
}

/* Opens the process and puts right what a dead tool left. */
static int begin(struct session *s, pid_t pid, const struct apply_opts *opts,
		 struct apply_result *res, struct sut_err *err)
{
	if (session_open(s, pid, true, opts, res, err) < 0)
		return -1;
	for (size_t i = 0; i < s->ls.n; i++) {
		struct ledger_group *g = &s->ls.v[i];

		if (g->damaged || (g->v[0].var.state != LEDGER_SWITCHING &&
				   g->v[0].var.state != LEDGER_REVERTING))
			continue;
		/* Attach first: the state may change until its owner's threads are ours. */
		if (session_attach(s, err) < 0 || session_refresh(s, true, err) < 0)
			return -1;
		return switch_recover(s, err);
	}
	return 0;
}

struct forward {
	const struct plan *pl;
	struct ledger_group *g;
};

static int do_forward(void *ctx, struct session *s, struct sut_err *err)
{
	const struct forward *f = ctx;

	return plan_compare(f->pl, s, err) < 0 ? -1 : switch_forward(s, f->g, err);
}

static struct ledger_group *find_group(struct session *s, const uint8_t group[16])
{
	for (size_t i = 0; i < s->ls.n; i++)
		if (!s->ls.v[i].damaged && !memcmp(s->ls.v[i].v[0].group, group, 16))
			return &s->ls.v[i];
	return NULL;
}

static int run_apply(struct session *s, struct plan *pl, const struct patch *p, struct sut_err *err)
{
	struct ledger_group *g;
	uint8_t group[16];

	if (plan_make(pl, s, p, err) < 0)
		return -1;
	s->res->outcome = pl->outcome;
	if (pl->outcome != APPLY_DONE)
		return 0;
	for (size_t i = 0; i < pl->n; i++)
		s->res->n_funcs += pl->v[i].o->n_funcs;
	if (pl->reuse >= 0) {
		memcpy(group, s->ls.v[pl->reuse].v[0].group, sizeof(group));
		s->res->reused = true;
	} else {
		memcpy(group, pl->v[0].im.ledger.group, sizeof(group));
		if (plan_resolve(pl, s, err) < 0 || place_images(pl, s, err) < 0)
			return -1;
	}
	/* The images are modules now, with unwind records, and the ledgers are read as any other. */
	if (session_refresh(s, true, err) < 0 || session_attach(s, err) < 0)
		return -1;
	g = find_group(s, group);
	if (!g)
		return sut_fail(err, SUT_P_LEDGER, p->name, "the image that was mapped cannot be read back");
	if (s->res->reused)
		ledger_group_var(g)->seq = s->ls.max_seq + 1;
	if (switch_warm(s, g, err) < 0)
		return -1;
	return switch_when_clear(s, &pl->ranges, do_forward, &(struct forward){pl, g}, err);
}

int apply_patch(const struct patch *p, pid_t pid, const struct apply_opts *opts,
		struct apply_result *res, struct sut_err *err)
{
	uint64_t start = now_ns();
	struct session s;
	struct plan pl = {0};
	int r;

	memset(res, 0, sizeof(*res));
	res->patch = xstrdup(p->name);
	r = begin(&s, pid, opts, res, err);
	if (!r)
		r = run_apply(&s, &pl, p, err);
	plan_free(&pl);
	session_close(&s);
	return finish(res, start, r, err);
}

int apply_check(const struct patch *p, pid_t pid, const struct apply_opts *opts,
		struct apply_forecast *fc, struct apply_result *res, struct sut_err *err)
{
	uint64_t start = now_ns(), end;
	struct session s;
	struct plan pl = {0};
	int r;

	memset(res, 0, sizeof(*res));
	memset(fc, 0, sizeof(*fc));
	res->patch = xstrdup(p->name);
	r = session_open(&s, pid, false, opts, res, err);
	if (!r)
		r = plan_make(&pl, &s, p, err);
	if (!r && pl.outcome == APPLY_DONE)
		r = session_attach(&s, err);
	res->outcome = pl.outcome;
	if (!r && pl.outcome == APPLY_DONE) {
		struct timespec nap = {0, 20000000};

		end = now_ns() + (opts && opts->timeout_ns ? opts->timeout_ns : 1000000000ull);
		do {
			r = switch_sample(&s, &pl.ranges, err);
			fc->n_samples++;
			fc->n_busy += r == 1 || res->n_blockers;
			if (r >= 0)
				nanosleep(&nap, NULL);
		} while (r >= 0 && now_ns() < end && !(s.opts.cancel && *s.opts.cancel));
		fc->max_pause_ns = res->pause_ns;
		r = r < 0 ? -1 : 0;
		/* Never clear while we looked: that is what apply would meet. */
		if (!r && fc->n_busy == fc->n_samples)
			r = switch_report_busy(&s, err);
	}
	plan_free(&pl);
	session_close(&s);
	return finish(res, start, r, err);
}

int apply_patch_all(const struct patch *p, const struct apply_opts *opts,
		    void (*each)(void *ctx, const struct apply_result *res, struct sut_err *err),
		    void *ctx, struct sut_err *err)
{
	struct proc_find_result all = {0};
	int r = 0;

	for (size_t i = 0; i < p->n_objects && !r; i++) {
		struct proc_find_result f = {0};

		r = proc_find_build_id(p->objects[i].build_id, p->objects[i].build_id_size, &f, err);
		for (size_t k = 0; k < f.n; k++) {
			bool known = false;

			for (size_t j = 0; j < all.n; j++)
				known |= all.v[j].pid == f.v[k].pid;
			if (!known) {
				struct proc_found *n = VEC_PUSH(all.v, all.n, all.cap);

				*n = f.v[k];
				n->path = NULL;
			}
		}
		proc_find_free(&f);
	}
	for (size_t i = 0; i < all.n && !r; i++) {
		struct apply_result res;
		struct sut_err e = {0};

		if (opts && opts->cancel && *opts->cancel)
			break;
		apply_patch(p, all.v[i].pid, opts, &res, &e);
		each(ctx, &res, &e);
		apply_result_free(&res);
		sut_err_free(&e);
	}
	proc_find_free(&all);
	return r;
}
