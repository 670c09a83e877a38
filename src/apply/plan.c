// SPDX-License-Identifier: GPL-2.0-or-later
#include "apply/plan.h"
#include "elf/wire.h"
#include "proc/remote.h"
#include "proc/symbol.h"
#include "unwind/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Live bytes as they would be without our own redirects, topmost patch first. */
static int read_original(struct session *s, uint64_t addr, uint8_t *p, size_t n,
			 struct sut_err *err)
{
	if (proc_mem_read(&s->ms.mem, addr, p, n, err) < 0)
		return -1;
	for (size_t i = s->ls.n; i-- > 0;) {
		struct ledger_group *g = &s->ls.v[i];

		if (!ledger_group_live(g))
			continue;
		for (size_t k = 0; k < g->n; k++)
			for (size_t j = 0; j < g->v[k].n_funcs; j++) {
				struct ledger_func *f = &g->v[k].funcs[j];

				for (uint32_t b = 0; b < f->jump_len; b++)
					if (f->entry + b >= addr && f->entry + b < addr + n)
						p[f->entry + b - addr] = f->saved[b];
			}
	}
	return 0;
}

static int remember(struct plan *pl, struct session *s, const char *name, uint64_t addr,
		    size_t size, struct sut_err *err)
{
	struct plan_text *t = VEC_PUSH(pl->texts, pl->n_texts, pl->cap_texts);

	t->addr = addr;
	t->size = size;
	t->name = name;
	t->bytes = xmalloc(size + 1);
	return proc_mem_read(&s->ms.mem, addr, t->bytes, size, err);
}

int plan_compare(const struct plan *pl, struct session *s, struct sut_err *err)
{
	struct proc_mem_piece *v = xcalloc(pl->n_texts + 1, sizeof(*v));
	size_t before = err->n;

	for (size_t i = 0; i < pl->n_texts; i++)
		v[i] = (struct proc_mem_piece){pl->texts[i].addr, xmalloc(pl->texts[i].size + 1),
					       pl->texts[i].size};
	if (proc_mem_read_pieces(&s->ms.mem, v, pl->n_texts) < 0)
		sut_fail(err, SUT_P_BYTES, pl->p->name,
			 "its functions cannot be read any more: was an object unloaded?");
	else
		for (size_t i = 0; i < pl->n_texts; i++)
			if (memcmp(v[i].buf, pl->texts[i].bytes, v[i].len))
				sut_fail(err, SUT_P_BYTES, pl->texts[i].name,
					 "the text at 0x%llx changed while the patch was being prepared",
					 (unsigned long long)pl->texts[i].addr);
	for (size_t i = 0; i < pl->n_texts; i++)
		free(v[i].buf);
	free(v);
	return err->n == before ? 0 : -1;
}

static int check_expect(struct plan *pl, struct session *s, const struct plan_object *po,
			const struct patch_expect *x, struct sut_err *err)
{
	uint8_t *live = xmalloc(x->size);
	int r = remember(pl, s, x->name, po->bias + x->addr, x->size, err);

	if (r < 0 || read_original(s, po->bias + x->addr, live, x->size, err) < 0) {
		free(live);
		return -1;
	}
	for (uint64_t i = 0; i < x->size && !r; i++)
		if ((live[i] ^ x->bytes[i]) & (x->mask ? x->mask[i] : 0xff))
			r = sut_fail(err, SUT_P_BYTES, x->name,
				     "byte %llu of it in '%s' (0x%llx) is 0x%02x, expected 0x%02x",
				     (unsigned long long)i, po->o->name,
				     (unsigned long long)(po->bias + x->addr + i), live[i], x->bytes[i]);
	free(live);
	return r;
}

/* Bytes past the end of a short function must be padding, here and now. */
static int check_room(const struct target *t, const struct patch_func *f, unsigned int isa,
		      const uint8_t *orig, size_t n, struct sut_err *err)
{
	size_t at = f->size, jump, entry = t->entry_shape(orig, n, &jump);

	/* The file says where; the live bytes must say the same. */
	if (entry != f->entry || jump != f->jump || f->room < jump)
		return sut_fail(err, SUT_P_ROOM, f->name,
				"a redirect of %zu bytes at offset %zu does not fit the %u that are free",
				jump, entry, f->room);
	while (at < f->entry + jump) {
		size_t len = t->pad_len(orig + at, n - at, isa);

		if (!len)
			return sut_fail(err, SUT_P_ROOM, f->name,
					"what follows it is no padding (offset %zu)", at);
		at += len;
	}
	return 0;
}

/* The topmost live patch's record for a function that begins at @addr, or NULL. */
static const struct ledger_func *top_func(const struct session *s, uint64_t addr)
{
	for (size_t i = s->ls.n; i-- > 0;) {
		if (!ledger_group_live(&s->ls.v[i]))
			continue;
		for (size_t k = 0; k < s->ls.v[i].n; k++)
			for (size_t j = 0; j < s->ls.v[i].v[k].n_funcs; j++)
				if (s->ls.v[i].v[k].funcs[j].addr == addr)
					return &s->ls.v[i].v[k].funcs[j];
	}
	return NULL;
}

/* Where threads must not be: the original, its parts, and all that our images hold of it. */
static void add_ranges(struct plan *pl, const struct session *s, const struct ledger_func *f,
		       const struct patch_func *pf)
{
	switch_range_add(&pl->ranges, f->addr, MAX(f->size, f->entry - f->addr + f->jump_len),
			 pf->name, pf->file, pf->line);
	for (size_t i = 0; i < f->n_parts; i++)
		switch_range_add(&pl->ranges, f->parts[i].addr, f->parts[i].size, pf->name, pf->file,
				 pf->line);
	for (size_t i = 0; i < s->ls.n; i++)
		for (size_t k = 0; k < s->ls.v[i].n; k++) {
			const struct ledger *l = &s->ls.v[i].v[k];

			for (size_t j = 0; j < l->n_funcs; j++) {
				const struct ledger_func *o = &l->funcs[j];

				if (o->addr != f->addr)
					continue;
				switch_range_add(&pl->ranges, l->island_lo, l->island_hi - l->island_lo,
						 pf->name, pf->file, pf->line);
				switch_range_add(&pl->ranges, o->new_addr, o->new_size, pf->name, pf->file,
						 pf->line);
				switch_range_add(&pl->ranges, o->old_addr, o->old_size, pf->name, pf->file,
						 pf->line);
				switch_range_add(&pl->ranges, o->stub_addr, o->stub_size, pf->name,
						 pf->file, pf->line);
			}
		}
}

static int cmp_range(const void *a, const void *b)
{
	const struct unw_range *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/*
 * The rest of an image whose functions are changed again: cold parts of them, and clones that are parts of
 * others, are functions of their own there, and nothing in the process says whose. So a thread is not let
 * pass anywhere but in what is known to be a function that stays as it is. @pf is the nearest to a name.
 */
static void add_rest(struct plan *pl, const struct ledger *l, const struct patch_func *pf)
{
	struct unw_range *v = xcalloc(3 * l->n_funcs + 1, sizeof(*v));
	uint64_t at = l->text_lo;
	size_t n = 0;

	for (size_t i = 0; i < l->n_funcs; i++) {
		const struct ledger_func *f = &l->funcs[i];

		v[n++] = (struct unw_range){f->new_addr, f->new_addr + f->new_size};
		v[n++] = (struct unw_range){f->old_addr, f->old_addr + f->old_size};
		v[n++] = (struct unw_range){f->stub_addr, f->stub_addr + f->stub_size};
	}
	qsort(v, n, sizeof(*v), cmp_range);
	v[n++] = (struct unw_range){l->text_hi, l->text_hi};
	for (size_t i = 0; i < n; i++) {
		if (v[i].lo > at)
			switch_range_add(&pl->ranges, at, v[i].lo - at, pf->name, pf->file, pf->line);
		at = MAX(at, v[i].hi);
	}
	free(v);
}

/* A function of the plan that @l has, too; NULL: there is none. */
static const struct patch_func *shared_func(const struct plan *pl, const struct ledger *l)
{
	for (size_t i = 0; i < pl->n; i++)
		for (size_t j = 0; j < l->n_funcs; j++)
			for (size_t k = 0; k < pl->v[i].o->n_funcs; k++)
				if (l->funcs[j].addr == pl->v[i].bias + pl->v[i].o->funcs[k].addr)
					return &pl->v[i].o->funcs[k];
	return NULL;
}

static int plan_func(struct plan *pl, struct session *s, struct plan_object *po,
		     struct ledger *l, const struct patch_func *pf, const struct target *t,
		     struct sut_err *err)
{
	struct ledger_func *f = VEC_PUSH(l->funcs, l->n_funcs, l->cap_funcs);
	const struct ledger_func *top;
	int r;

	f->name = xstrdup(pf->name);
	f->file = pf->file ? xstrdup(pf->file) : NULL;
	f->line = pf->line;
	f->addr = po->bias + pf->addr;
	f->size = pf->size;
	f->entry = f->addr + pf->entry;
	f->jump_len = pf->jump;
	for (size_t i = 0; i < pf->n_parts; i++) {
		struct ledger_part *p = VEC_PUSH(f->parts, f->n_parts, f->cap_parts);

		p->addr = po->bias + pf->parts[i].addr;
		p->size = pf->parts[i].size;
	}
	/* Padding is decoded whole, so a few bytes past the redirect are looked at. */
	f->orig_size = MAX(pf->size, (uint64_t)pf->entry + pf->jump + 16);
	f->orig = xcalloc(1, f->orig_size);
	if (read_original(s, f->addr, f->orig, f->orig_size, err) < 0)
		return -1;
	r = check_room(t, pf, po->o->syms[pf->old_sym].isa, f->orig, f->orig_size, err);
	r |= remember(pl, s, pf->name, f->addr, f->orig_size, err);
	f->orig_size = MAX(pf->size, (uint64_t)pf->entry + pf->jump);
	if (proc_mem_read(&s->ms.mem, f->entry, f->saved, f->jump_len, err) < 0)
		return -1;
	top = top_func(s, f->addr);
	po->below[l->n_funcs - 1] = top ? top->enter_addr : 0;
	add_ranges(pl, s, f, pf);
	return r;
}

static char *join(const struct strvec *v)
{
	struct buf b = {0};

	for (size_t i = 0; i < v->n; i++)
		buf_addf(&b, "%s%s", i ? " " : "", v->v[i]);
	buf_add(&b, NULL, 1);
	return (char *)b.p;
}

static bool is_own_func(const struct patch_object *o, uint64_t addr)
{
	for (size_t i = 0; i < o->n_funcs; i++)
		if (o->funcs[i].addr == addr)
			return true;
	return false;
}

/*
 * Compilers let a caller rely on what they see of a local callee: registers that it does not touch,
 * arguments that it does not take. Code of one patch that does so must not meet another version of
 * that callee, which another patch was built with in ignorance of the first.
 */
static int check_contracts(const struct session *s, const struct plan_object *po, const struct ledger *l,
			   const char *patch, struct sut_err *err)
{
	const struct patch_object *o = po->o;
	int r = 0;

	for (size_t i = 0; i < o->n_expects; i++) {
		const struct patch_expect *x = &o->expects[i];

		for (size_t k = 0; k < l->n_funcs && x->contract && !is_own_func(o, x->addr); k++)
			if (l->funcs[k].addr == po->bias + x->addr)
				r = sut_fail(err, SUT_P_CONTRACT, x->name,
					     "patch '%s' replaced it, and the code of this patch was "
					     "compiled for the original of it", patch);
	}
	for (size_t i = 0; i < o->n_funcs; i++)
		for (size_t k = 0; k < l->n_contracts; k++)
			if (l->contracts[k].addr == po->bias + o->funcs[i].addr)
				r = sut_fail(err, SUT_P_CONTRACT, o->funcs[i].name,
					     "the code of patch '%s' was compiled for the version that is "
					     "there now", patch);
	return r;
}

static int plan_object(struct plan *pl, struct session *s, struct plan_object *po,
		       const struct target *t, struct sut_err *err)
{
	const struct patch *p = pl->p;
	struct ledger l = {0};
	int r = 0;

	po->values = xcalloc(po->o->n_syms, sizeof(*po->values));
	po->below = xcalloc(po->o->n_funcs, sizeof(*po->below));
	memcpy(l.digest, p->digest, sizeof(l.digest));
	l.machine = po->o->machine;
	l.patch = xstrdup(p->name);
	l.version = p->version ? xstrdup(p->version) : NULL;
	l.description = p->description ? xstrdup(p->description) : NULL;
	l.cves = p->cves.n ? join(&p->cves) : NULL;
	l.object = xstrdup(po->o->name);
	memcpy(l.build_id, po->o->build_id, MIN(sizeof(l.build_id), po->o->build_id_size));
	l.build_id_size = (uint32_t)po->o->build_id_size;
	l.bias = po->bias;
	l.var.state = LEDGER_PREPARED;
	l.var.seq = s->ls.max_seq + 1;
	for (size_t i = 0; i < po->o->n_expects; i++)
		r |= check_expect(pl, s, po, &po->o->expects[i], err);
	for (size_t i = 0; i < po->o->n_funcs; i++)
		r |= plan_func(pl, s, po, &l, &po->o->funcs[i], t, err);
	for (size_t i = 0; i < po->o->n_expects; i++)
		if (po->o->expects[i].contract)
			*VEC_PUSH(l.contracts, l.n_contracts, l.cap_contracts) = (struct ledger_part){
				po->bias + po->o->expects[i].addr, po->o->expects[i].size};
	for (size_t i = 0; i < s->ls.n; i++) {
		const struct ledger_group *g = &s->ls.v[i];

		for (size_t k = 0; k < g->n && ledger_group_live(g); k++)
			r |= check_contracts(s, po, &g->v[k], g->name, err);
	}
	if (r < 0 || image_layout(&po->im, po->o, &l, err) < 0) {
		ledger_free(&l);
		return -1;
	}
	return 0;
}

/* An image of this very patch that lies here unused, made for the same state of affairs. */
static bool reusable(struct session *s, const struct plan *pl, const struct ledger_group *g)
{
	if (g->damaged || ledger_group_live(g) || g->n != pl->n ||
	    memcmp(g->v[0].digest, pl->p->digest, SHA256_SIZE))
		return false;
	for (size_t i = 0; i < g->n; i++) {
		const struct ledger *a = &g->v[i], *b = &pl->v[i].im.ledger;

		if (a->bias != b->bias || a->n_funcs != b->n_funcs || strcmp(a->object, b->object))
			return false;
		for (size_t k = 0; k < a->n_funcs; k++)
			if (a->funcs[k].addr != b->funcs[k].addr ||
			    a->funcs[k].entry != b->funcs[k].entry ||
			    a->funcs[k].jump_len != b->funcs[k].jump_len ||
			    memcmp(a->funcs[k].saved, b->funcs[k].saved, a->funcs[k].jump_len))
				return false;
	}
	return true;
}

static int check_ledgers(struct plan *pl, struct session *s, struct sut_err *err)
{
	for (size_t i = 0; i < s->ls.n; i++) {
		struct ledger_group *g = &s->ls.v[i];

		if (g->damaged)
			return sut_fail(err, SUT_P_LEDGER, g->name, "%s", g->why);
		if (!ledger_group_live(g))
			continue;
		if (!memcmp(g->v[0].digest, pl->p->digest, SHA256_SIZE))
			pl->outcome = APPLY_ALREADY;
		else if (!strcmp(g->v[0].patch, pl->p->name))
			return sut_fail(err, SUT_P_NAME_TAKEN, g->name,
					"version '%s' of it is applied, with other content",
					g->v[0].version ? g->v[0].version : "");
	}
	return 0;
}

static void find_object(struct plan *pl, struct session *s, const struct patch_object *o,
			struct sut_err *err)
{
	struct proc_module *m = proc_module_by_build_id(&s->ms, o->build_id, o->build_id_size);
	struct plan_object *po;
	char *want, *have;

	if (m) {
		po = VEC_PUSH(pl->v, pl->n, pl->cap);
		po->o = o;
		po->m = m;
		po->bias = m->bias;
		po->lo = m->lo;
		po->hi = m->hi;
		return;
	}
	m = proc_module_by_name(&s->ms, o->name);
	if (!m)
		return;
	want = hex_encode(o->build_id, o->build_id_size);
	have = m->build_id ? hex_encode(m->build_id, m->build_id_size) : xstrdup("none");
	sut_fail(err, SUT_P_BUILD_ID, o->name, "the process runs build-id %s, the patch is for %s", have,
		 want);
	free(want);
	free(have);
}

int plan_make(struct plan *pl, struct session *s, const struct patch *p, struct sut_err *err)
{
	const struct target *t = target_find(p->objects[0].machine);
	size_t before = err->n;
	uint8_t group[16];

	memset(pl, 0, sizeof(*pl));
	pl->p = p;
	pl->reuse = -1;
	pl->outcome = APPLY_DONE;
	for (size_t i = 0; i < p->n_objects; i++)
		find_object(pl, s, &p->objects[i], err);
	if (check_ledgers(pl, s, err) < 0)
		return -1;
	if (pl->outcome == APPLY_ALREADY)
		return 0;
	if (!t || t->machine != native_elf_machine)
		return sut_fail(err, SUT_E_ARCH, p->name, "the patch is for %s", t ? t->name : "?");
	if (!pl->n && err->n == before && s->ms.incomplete)
		return sut_fail(err, SUT_P_MEMORY, p->name,
				"not all objects of the process could be read, so it is not known whether "
				"it needs the patch");
	if (!pl->n) {
		pl->outcome = APPLY_NOT_NEEDED;
		return err->n == before ? 0 : -1;
	}
	for (size_t i = 0; i < pl->n; i++)
		plan_object(pl, s, &pl->v[i], t, err);
	if (err->n != before)
		return -1;
	if (getrandom(group, sizeof(group), 0) != sizeof(group))
		return sut_fail(err, SUT_E_IO, "getrandom", "no random bytes");
	for (size_t i = 0; i < pl->n; i++) {
		memcpy(pl->v[i].im.ledger.group, group, sizeof(group));
		pl->v[i].im.ledger.index = (uint32_t)i;
		pl->v[i].im.ledger.n_images = (uint32_t)pl->n;
	}
	for (size_t i = 0; i < s->ls.n && pl->reuse < 0; i++)
		if (reusable(s, pl, &s->ls.v[i]))
			pl->reuse = (int)i;
	for (size_t i = 0; i < s->ls.n; i++)
		for (size_t k = 0; k < s->ls.v[i].n; k++) {
			const struct ledger *l = &s->ls.v[i].v[k];
			const struct patch_func *pf = shared_func(pl, l);

			if (pf)
				add_rest(pl, l, pf);
		}
	/* Helpers of an earlier apply may still run where nothing else of it does. */
	if (pl->reuse >= 0)
		for (size_t i = 0; i < pl->n; i++) {
			struct ledger *l = &s->ls.v[pl->reuse].v[i];

			switch_range_add(&pl->ranges, l->text_lo, l->text_hi - l->text_lo, p->name, NULL, 0);
			switch_range_add(&pl->ranges, l->island_lo, l->island_hi - l->island_lo, p->name,
					 NULL, 0);
		}
	return 0;
}

struct resolver {
	uint64_t addr, *ret;
};

static int run_resolver(void *ctx, struct session *s, struct remote *r, struct sut_err *err)
{
	const struct resolver *f = ctx;

	apply_step(s, "call IFUNC resolver");
	return remote_call_function(r, f->addr, (uint64_t[6]){0}, s->opts.max_pause_ns, f->ret, err);
}

static int call_resolver(struct session *s, uint64_t addr, uint64_t *ret, struct sut_err *err)
{
	struct resolver f = {addr, ret};
	uint64_t ns;

	return session_remote(s, run_resolver, &f, &ns, err);
}

static int resolve_import(struct session *s, const struct patch_sym *y, uint64_t *ret,
			  struct sut_err *err)
{
	struct proc_symbol sym = {0};
	int r = proc_resolve(&s->ms, y->name, y->version, &sym, err);

	if (r < 0)
		return -1;
	if (r > 0) {
		*ret = 0;
		return y->is_weak ? 0
				  : sut_fail(err, SUT_P_IMPORT, y->name, "no object defines it%s%s",
					     y->version ? " in version " : "", y->version ? y->version : "");
	}
	if (sym.type == STT_TLS)
		return sut_fail(err, SUT_P_IMPORT, y->name, "it is thread-local and has no address");
	*ret = sym.addr;
	if (sym.type == STT_GNU_IFUNC && proc_ifunc_target(&s->ms, &sym, y->name, ret))
		return call_resolver(s, sym.addr, ret, err);
	return 0;
}

int plan_resolve(struct plan *pl, struct session *s, struct sut_err *err)
{
	size_t before = err->n;

	for (size_t i = 0; i < pl->n; i++) {
		struct plan_object *po = &pl->v[i];

		for (size_t k = 1; k < po->o->n_syms; k++) {
			const struct patch_sym *y = &po->o->syms[k];
			uint64_t *v = &po->values[k];

			switch (y->kind) {
			case PSYM_DEF:
				break;
			case PSYM_OBJECT:
				*v = po->bias + y->value;
				break;
			case PSYM_ABS:
				*v = y->value;
				break;
			case PSYM_SLOT:
				if (!proc_mem_read(&s->ms.mem, po->bias + y->value, v,
						   wire_word(po->im.t->elf_class), err))
					*v += (uint64_t)y->add;
				break;
			case PSYM_IMPORT:
				resolve_import(s, y, v, err);
				break;
			}
		}
	}
	return err->n == before ? 0 : -1;
}

void plan_free(struct plan *pl)
{
	for (size_t i = 0; i < pl->n; i++) {
		image_free(&pl->v[i].im);
		free(pl->v[i].values);
		free(pl->v[i].below);
	}
	for (size_t i = 0; i < pl->n_texts; i++)
		free(pl->texts[i].bytes);
	free(pl->texts);
	free(pl->v);
	free(pl->ranges.v);
	memset(pl, 0, sizeof(*pl));
}
