// SPDX-License-Identifier: GPL-2.0-or-later
/* Which functions there are, who may call whom, and which of them the patch changes. */
#include "gen.h"

#include <stdlib.h>
#include <string.h>

const char *const types[] = {
	"i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "bool", "cnt", "enum", "i128", "f32", "f64",
	"ld", "cf", "cd", "str", "ptr", "cb", "v4u", "v16u", "v2q", "v4f", "v2d", "b1", "b2", "b3", "b4",
	"b5", "b6", "b7", "b8", "b9", "b11", "b12", "b13", "b15", "b16", "b17", "b20", "b24", "b31", "b32",
	"b33", "b40", "s_id", "s_ff", "s_dd", "s_fi", "s_qq", "s_dq", "s_ss", "s_ps", "s_fff", "s_ffff",
	"s_dddd", "s_nest", "s_ll", "s_vv", "s_big", "s_l", "bits", "u_dq", NULL
};
enum { SCALARS = 15 };		/* of these are more */

struct func funcs[MAX_FUNCS];
int n_funcs;
uint64_t seed;

int type_named(const char *name)
{
	for (int i = 0; types[i]; i++)
		if (!strcmp(types[i], name))
			return i;
	abort();
}

uint64_t rnd_next(struct rnd *r)
{
	uint64_t z = r->s += 0x9E3779B97F4A7C15ull;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
	z = (z ^ z >> 27) * 0x94D049BB133111EBull;
	return z ^ z >> 31;
}

struct rnd rnd_for(uint64_t a, uint64_t b)
{
	struct rnd r = { seed * 0xD6E8FEB86659FD93ull };

	r.s ^= rnd_next(&r) + a * 0xA0761D6478BD642Full;
	r.s ^= rnd_next(&r) + b * 0xE7037ED1A0B428DBull;
	return r;
}

int rnd_below(struct rnd *r, int n)
{
	return (int)((rnd_next(r) >> 11) % (uint64_t)n);
}

bool rnd_chance(struct rnd *r, int percent)
{
	return rnd_below(r, 100) < percent;
}

static int any_type(struct rnd *r)
{
	int all = (int)(sizeof(types) / sizeof(types[0])) - 1;

	return rnd_below(r, rnd_chance(r, 45) ? SCALARS : all);
}

static void any_params(struct func *f, struct rnd *r, int from)
{
	int n = from + (rnd_chance(r, 15) ? 7 + rnd_below(r, 8) : rnd_below(r, 6));

	for (f->params = from; f->params < n && f->params < MAX_PARAMS; f->params++)
		f->param[f->params] = any_type(r);
}

static enum form any_form(struct rnd *r)
{
	static const struct {
		enum form form;
		int weight;
	} mix[] = { { PLAIN, 56 }, { SHORT, 11 }, { LOOP, 5 }, { PAIR, 5 }, { RECURSIVE, 6 },
		{ VARIADIC, 5 }, { KEEPER, 7 }, { INLINE, 5 } };
	int x = rnd_below(r, 100), i = 0;

	while (x >= mix[i].weight)
		x -= mix[i++].weight;
	return mix[i].form;
}

static void sign(struct func *f, struct rnd *r)
{
	int u32 = type_named("u32"), cnt = type_named("cnt");

	f->ret = rnd_chance(r, 8) ? NONE : any_type(r);
	switch (f->form) {
	case PLAIN:
	case KEEPER:
	case INLINE:
		any_params(f, r, 0);
		break;
	case RECURSIVE:
		f->param[0] = cnt;
		any_params(f, r, 1);
		break;
	case SHORT:
		f->ret = rnd_below(r, SCALARS - 4);
		f->params = 1 + rnd_below(r, 2);
		f->param[0] = f->param[1] = rnd_below(r, SCALARS - 4);
		break;
	case LOOP:
	case PAIR:
		f->ret = f->param[1] = u32;
		f->param[0] = cnt;
		f->params = 2;
		break;
	case VARIADIC:
		f->param[0] = type_named("str");
		f->params = 1;
		break;
	case CALLBACK:
		f->ret = f->param[0] = u32;
		f->params = 1;
		break;
	}
	if (f->form == KEEPER && f->ret == NONE)
		f->ret = u32;
}

void plan_funcs(int n)
{
	int u64 = type_named("u64");

	n_funcs = n;
	for (int i = 0; i < n; i++) {
		struct func *f = &funcs[i];
		struct rnd r = rnd_for((uint64_t)i, 1);

		f->id = i;
		f->place = i * UNITS / n;
		/* The first ones of each unit are callbacks. */
		f->form = i - CALLBACKS < 0 || (i - CALLBACKS) * UNITS / n < f->place ? CALLBACK : any_form(&r);
		if (i && f[-1].form == PAIR && !(f[-1].alias)) {
			f->form = PAIR;
			f->alias = true;	/* borrowed for "second of a pair" until below */
		} else if (f->form == PAIR && (i + 1 == n || (i + 1) * UNITS / n != f->place ||
					       (i + 1 - CALLBACKS) * UNITS / n < f->place)) {
			f->form = PLAIN;
		}
		sign(f, &r);
		f->level = f->form == CALLBACK || f->form == INLINE ? 0 : 1 + rnd_below(&r, LEVELS - 1);
		f->noinline = rnd_chance(&r, 40);
		f->local = rnd_chance(&r, 33) && f->form != KEEPER && f->form != PAIR &&
			   f->form != VARIADIC && !(f->form == CALLBACK && callback_of(f->place, 0) == f);
		if (f->form == INLINE) {
			f->ret = f->ret == NONE ? u64 : f->ret;
			f->place = f->place < 2 ? HEAD_A : HEAD_B;
			f->local = true;
			f->noinline = false;
		}
		f->edit = rnd_chance(&r, 28) ? KEEP : ONE + (enum edit)rnd_below(&r, ALL);
	}
	for (int i = 0; i < n; i++) {
		struct func *f = &funcs[i];
		struct rnd r = rnd_for((uint64_t)i, 2);

		f->alias = f->form == PLAIN && !f->local && rnd_chance(&r, 5);
		f->weak = f->form == PLAIN && !f->local && !f->alias && rnd_chance(&r, 5);
	}
}

bool plan_exclude(const char *path)
{
	FILE *in = fopen(path, "r");
	char line[256];

	if (!in)
		return false;
	while (fgets(line, sizeof(line), in)) {
		/* fn_012.part.0, nf_012_3, cmp_012_5 and so on: the number is the function's. */
		char *p = strchr(line, '_');
		int id = p ? atoi(p + 1) : -1;

		if (!p || id < 0 || id >= n_funcs) {
			fprintf(stderr, "gen: '%s' is no function of ours\n", line);
			fclose(in);
			return false;
		}
		funcs[id].frozen++;
	}
	fclose(in);
	return true;
}

bool can_call(const struct func *f, const struct func *g)
{
	bool f_lib = f->place == LIB;

	if (g->level >= f->level || g->form == KEEPER || f->place >= HEAD_A)
		return false;
	if (g->place == f->place)
		return true;
	if (g->place == HEAD_A)
		return f->place < 2;
	if (g->place == HEAD_B)
		return f->place >= 2;
	return !g->local && (!f_lib || g->place == LIB);
}

struct func *callback_of(int place, int i)
{
	for (int k = 0; k < n_funcs; k++)
		if (funcs[k].place == place && funcs[k].form == CALLBACK && i-- == 0)
			return &funcs[k];
	return NULL;
}

/* What is inlined into a function that must stay as it is must stay, too. */
static void freeze(struct func *f)
{
	for (int i = 0; i < n_funcs; i++) {
		struct func *g = &funcs[i];

		if (!f->calls[i] || (g->place != f->place && g->place < HEAD_A) || g->frozen > 1)
			continue;
		g->frozen = 2;
		freeze(g);
	}
}

void plan_called(void)
{
	for (int i = 0; i < n_funcs; i++)
		for (int k = 0; k < n_funcs; k++)
			funcs[k].called |= i != k && funcs[i].calls[k];
}

void plan_calls(void)
{
	bool again = true;

	for (int i = 0; i < n_funcs; i++)
		if (funcs[i].frozen > 1)
			freeze(&funcs[i]);
	for (int i = 0; i < n_funcs; i++)
		if (funcs[i].frozen)
			funcs[i].edit = KEEP;
	for (int i = 0; i < n_funcs; i++) {
		struct func *f = &funcs[i];

		/* Nobody's function would not be in the old program at all, and its variables neither. */
		f->wrapped = f->local && f->form != CALLBACK && f->place < HEAD_A && !f->called;
	}
	/*
	 * A thread that is in no changed function changes over. So an unchanged function that calls
	 * changed ones may see the old of one and the new of another, and so may whoever calls it (as
	 * the last act, when its own frame is gone).
	 */
	while (again) {
		again = false;
		for (int i = 0; i < n_funcs; i++) {
			struct func *f = &funcs[i];
			bool was = f->mixed, shared = f->shared;

			for (int k = 0; k < n_funcs; k++) {
				if (!f->calls[k] || k == i)
					continue;
				f->shared |= funcs[k].shared;
				f->mixed |= funcs[k].mixed ||
					    (f->edit == KEEP && funcs[k].edit != KEEP);
			}
			again |= was != f->mixed || shared != f->shared;
		}
	}
}
