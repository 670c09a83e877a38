// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The patch linker: which functions are redirected, what goes into the patch, what is expected of the
 * object that runs.
 *
 * Roots are the changed functions, new and old version of each. Everything they need follows through
 * their relocations (resolve.c) until nothing is missing. For each changed function the match gives its
 * address, and the entry is checked here: room for the redirect, and no branch into the bytes that it
 * overwrites, neither from the function's own instructions nor from a table of labels.
 */
#include "build/linker.h"

#include <stdlib.h>
#include <string.h>

static const char *const why_text[] = {
	[WHY_NONE] = "unchanged", [WHY_EDITED] = "edited", [WHY_INLINED] = "inlined",
	[WHY_REFERS] = "refers", [WHY_CODE] = "code", [WHY_PART] = "part",
	[WHY_REGISTERS] = "registers",
};

struct diff_func *lunit_func(const struct lunit *u, enum side side, uint32_t sym)
{
	uint32_t k = sym ? u->func_of[side][sym] : 0;

	return k ? &u->in->diff->funcs[k - 1] : NULL;
}

struct diff_data *lunit_data(const struct lunit *u, enum side side, uint32_t sym)
{
	uint32_t k = sym ? u->data_of[side][sym] : 0;

	return k ? &u->in->diff->data[k - 1] : NULL;
}

/* Other names of a new function: nothing else tells where they are. */
static void index_new_aliases(struct lunit *u, uint32_t func)
{
	const struct elf_obj *o = u->in->diff->new;
	const struct elf_sym *f = &o->syms[u->in->diff->funcs[func].new];

	for (uint32_t s = 1; s < o->n_syms; s++) {
		const struct elf_sym *y = &o->syms[s];

		if (y->shndx == f->shndx && y->value == f->value && y->type == f->type &&
		    !u->func_of[SIDE_NEW][s])
			u->func_of[SIDE_NEW][s] = func + 1;
	}
}

static void index_unit(struct lunit *u)
{
	struct diff_unit *d = u->in->diff;

	for (enum side side = SIDE_NEW; side <= SIDE_OLD; side++) {
		const struct elf_obj *o = side_obj(u, side);

		u->sec_of[side] = xcalloc(o->n_secs + 1, sizeof(uint32_t));
		u->func_of[side] = xcalloc(o->n_syms + 1, sizeof(uint32_t));
		u->data_of[side] = xcalloc(o->n_syms + 1, sizeof(uint32_t));
	}
	for (uint32_t i = 0; i < d->n_funcs; i++) {
		const struct diff_func *f = &d->funcs[i];

		if (f->new)
			u->func_of[SIDE_NEW][f->new] = i + 1;
		if (f->orig)
			u->func_of[SIDE_OLD][f->orig] = i + 1;
		for (size_t k = 0; k < f->n_new_cold; k++)
			u->func_of[SIDE_NEW][f->new_cold[k]] = i + 1;
		for (size_t k = 0; k < f->n_orig_cold; k++)
			u->func_of[SIDE_OLD][f->orig_cold[k]] = i + 1;
		if (f->status == DIFF_NEW)
			index_new_aliases(u, i);
	}
	for (uint32_t i = 0; i < d->n_data; i++) {
		if (d->data[i].new)
			u->data_of[SIDE_NEW][d->data[i].new] = i + 1;
		if (d->data[i].orig)
			u->data_of[SIDE_OLD][d->data[i].orig] = i + 1;
	}
}

void link_refuse(struct linker *l, const struct lunit *u, const struct diff_func *f, enum sut_code code,
		 const char *why)
{
	sut_fail(l->err, code, f->name, "%s", why);
	sut_fail_where(l->err, f->file ? f->file : u->in->source, f->file ? f->line : 0);
	for (size_t i = 0; i < f->why_chain.n; i++)
		sut_fail_chain(l->err, "%s", f->why_chain.v[i]);
}

/* A branch or a label that leads into (entry, entry + jump)? Text of the culprit, or NULL. */
static char *branch_into(struct linker *l, const struct lunit *u, const struct diff_func *f,
			 const struct match *m, uint64_t lo, uint64_t hi)
{
	struct target_dis *dis = target_dis_open(l->t);
	const uint8_t *p = elf_obj_at(l->po->o, m->addr, m->size);
	const struct elf_obj *o = u->in->diff->orig;
	char *hit = NULL;

	for (size_t i = 0; i < m->n_branches && !hit; i++) {
		const struct match_branch *b = &m->branches[i];
		uint64_t at = b->at - m->addr, to = b->target;
		char *text;

		if (to <= lo || to >= hi)
			continue;
		dis->isa = b->isa;
		text = target_dis_text(dis, p + at, m->size - at, b->at);
		hit = xasprintf("'%s' at 0x%llx branches into the first bytes", text,
				(unsigned long long)b->at);
		free(text);
	}
	/* Labels whose address is taken: jump tables and computed gotos. Tables of differences carry
	 * a bias (see ref.c), so any label below the end of the redirect plus the bias is looked at. */
	for (uint32_t s = 1; s < o->n_secs && !hit; s++) {
		const struct ref *refs = u->in->diff->orig_refs[s];
		int64_t from = (int64_t)(lo - m->addr), to = (int64_t)(hi - m->addr);

		if (!refs || o->secs[s].flags & SHF_EXECINSTR)
			continue;
		for (size_t i = 0; i < o->secs[s].n_rels && !hit; i++)
			if (refs[i].kind == REF_SYM && refs[i].sym == f->orig &&
			    refs[i].info->kind == REL_ABS && refs[i].off > from && refs[i].off < to)
				hit = xasprintf("a table in '%s' has a label in the first bytes",
						o->secs[s].name);
	}
	target_dis_close(dis);
	return hit;
}

/* Code at @at uses the object's global pointer, or cannot be told not to. */
static bool uses_gp(const struct linker *l, uint64_t at)
{
	const struct prove_object *po = l->po;

	for (size_t i = 0; i < po->n_starts; i++) {
		uint64_t n = po->ends[i] - po->starts[i];
		const uint8_t *p = elf_obj_at(po->o, po->starts[i], n);

		if (at >= po->starts[i] && at < po->ends[i])
			return !p || l->t->code_gp(p, n, po->starts[i]);
	}
	return true;
}

/*
 * A new version that does not keep the global pointer, as the original does: who calls it by a pointer or
 * from another object takes its own back, but a direct caller that has one counts on it. 0: there is none.
 */
static uint64_t caller_with_gp(const struct linker *l, uint64_t entry)
{
	struct target_dis *dis = target_dis_open(l->t);
	uint64_t hit = 0;

	for (size_t i = 0; i < l->po->n_exec && !hit; i++) {
		uint64_t n = l->po->exec[i].hi - l->po->exec[i].lo;
		const uint8_t *p = elf_obj_at(l->po->o, l->po->exec[i].lo, n);

		for (uint64_t at = 0; p && at + l->t->insn_min <= n && !hit; at += l->t->insn_min) {
			uint64_t addr = l->po->exec[i].lo + at;
			struct insn in;

			if (l->t->decode(dis, p + at, MIN(n - at, 16ull), addr, &in) == 0 &&
			    in.has_target && in.target == entry && uses_gp(l, addr))
				hit = addr;
		}
	}
	target_dis_close(dis);
	return hit;
}

static int check_gp(struct linker *l, const struct lunit *u, const struct diff_func *f,
		    const struct elf_sym *new, const struct elf_sym *orig, uint64_t entry)
{
	uint64_t at;
	char *why;

	if (!l->t->keeps_gp || l->t->keeps_gp(new->other) || !l->t->keeps_gp(orig->other))
		return 0;
	at = caller_with_gp(l, entry);
	if (!at)
		return 0;
	why = xasprintf("the new version does not keep the TOC pointer, and the caller at 0x%llx counts on it",
			(unsigned long long)at);
	link_refuse(l, u, f, SUT_B_RELIED_ON, why);
	free(why);
	return -1;
}

static void expect(struct linker *l, const char *name, const struct match *m, bool contract)
{
	const struct elf_obj *o = l->po->o;
	struct patch_expect *e;

	for (size_t i = 0; i < l->out->n_expects; i++)
		if (l->out->expects[i].addr == m->addr) {
			l->out->expects[i].contract |= contract;
			return;
		}
	e = VEC_PUSH(l->out->expects, l->out->n_expects, l->out->cap_expects);
	e->name = xstrdup(name);
	e->addr = m->addr;
	e->size = m->size;
	e->contract = contract;
	e->bytes = xmemdup(elf_obj_at(o, m->addr, m->size), m->size);
	/* Text relocations, rare, make live bytes differ from the file's. */
	for (size_t i = 0; i < l->po->dyn->n_rels; i++) {
		uint64_t off = l->po->dyn->rels[i].offset;

		if (off + 8 <= m->addr || off >= m->addr + m->size)
			continue;
		if (!e->mask) {
			e->mask = xmalloc(m->size);
			memset(e->mask, 0xff, m->size);
		}
		for (uint64_t k = 0; k < 8; k++)
			if (off + k >= m->addr && off + k < m->addr + m->size)
				e->mask[off + k - m->addr] = 0;
	}
}

static int refuse_unproved(struct linker *l, const struct lunit *u, const struct diff_func *f)
{
	const struct prove_unit *pu = u->in->pu;
	uint32_t k = pu->func_of_sym[proof_sym(u, f->orig)];
	const struct prove_func *pf = k ? &pu->funcs[k - 1] : NULL;
	char *cc = prove_object_compiler(l->po), *why;

	if (pf && pf->state == PROVE_AMBIGUOUS) {
		why = xasprintf("%zu places in '%s' match its code and nothing tells which it is",
				pf->n_cands, l->po->name);
		link_refuse(l, u, f, SUT_B_AMBIGUOUS, why);
	} else {
		why = xasprintf("no code in '%s' is what the original source compiles to "
				"(%zu of %zu functions of this unit match)",
				l->po->name, pu->n_found, pu->n_funcs);
		link_refuse(l, u, f, SUT_B_MISMATCH, why);
		if (cc)
			sut_fail_remedy(l->err, "the object was built with %s: build the patch with the "
					"same compiler, flags and source", cc);
	}
	free(why);
	free(cc);
	return -1;
}

/* What the linker moved out of a function: a thread there is inside of it. */
static void add_moved(struct linker *l, struct patch_func *pf, const struct match *m)
{
	for (size_t i = 0; i < m->n_moved; i++) {
		const struct match piece = {.addr = m->moved[i], .size = MATCH_MOVED_SIZE};

		*VEC_PUSH(pf->parts, pf->n_parts, pf->cap_parts) = (struct patch_range){piece.addr, piece.size};
		expect(l, pf->name, &piece, false);
	}
}

static int add_func(struct linker *l, struct lunit *u, const struct diff_func *f)
{
	const struct elf_obj *nw = u->in->diff->new, *og = u->in->diff->orig;
	const struct match *m = prove_match(u->in->pu, proof_sym(u, f->orig)), *cold;
	struct patch_func *pf;
	const uint8_t *p;
	uint64_t entry, room;
	size_t jump;
	char *culprit;
	int known;

	if (!m && l->in->is_dropped && l->in->is_dropped(l->in->ctx, u->in, proof_sym(u, f->orig)))
		return 0;
	if (!m)
		return refuse_unproved(l, u, f);
	known = folded_add(l, u, f, m->addr);
	if (known <= 0)
		return known;
	p = elf_obj_at(l->po->o, m->addr, m->size);
	entry = m->addr + l->t->entry_shape(p, m->size, &jump);
	room = prove_room(l->po, entry, m->addr, m->size, og->syms[f->orig].isa);
	if (room < jump) {
		char *why = xasprintf("it has %llu bytes up to the next code and a redirect takes %zu",
				      (unsigned long long)room, jump);

		link_refuse(l, u, f, SUT_B_TOO_SHORT, why);
		free(why);
		return -1;
	}
	culprit = branch_into(l, u, f, m, entry, entry + jump);
	if (culprit) {
		link_refuse(l, u, f, SUT_B_ENTRY_BRANCH, culprit);
		free(culprit);
		return -1;
	}
	if (check_gp(l, u, f, &nw->syms[f->new], &og->syms[f->orig], entry) < 0)
		return -1;
	pf = VEC_PUSH(l->out->funcs, l->out->n_funcs, l->out->cap_funcs);
	pf->name = xstrdup(og->syms[f->orig].name);
	pf->addr = m->addr;
	pf->size = m->size;
	pf->entry = (uint32_t)(entry - m->addr);
	pf->jump = (uint32_t)jump;
	pf->room = (uint32_t)room;
	pf->file = f->file ? xstrdup(f->file) : NULL;
	pf->line = f->line;
	pf->why = xstrdup(why_text[f->why]);
	for (size_t i = 0; i < f->why_chain.n; i++)
		strvec_push(&pf->why_chain, f->why_chain.v[i]);
	expect(l, pf->name, m, false);
	add_moved(l, pf, m);
	for (size_t i = 0; i < f->n_orig_cold; i++) {
		cold = prove_match(u->in->pu, proof_sym(u, f->orig_cold[i]));
		if (!cold) {
			l->out->n_funcs--;
			link_refuse(l, u, f, SUT_B_MISMATCH, "its cold part is not found in the object");
			return -1;
		}
		*VEC_PUSH(pf->parts, pf->n_parts, pf->cap_parts) =
			(struct patch_range){cold->addr, cold->size};
		expect(l, og->syms[f->orig_cold[i]].name, cold, false);
		add_moved(l, pf, cold);
	}
	{
		const struct elf_sym *n = &nw->syms[f->new], *o = &og->syms[f->orig];
		uint32_t ns = include_section(l, u, SIDE_NEW, n->shndx);
		uint32_t os = include_section(l, u, SIDE_OLD, o->shndx);
		char *old = xasprintf("%s.old", o->name);

		for (uint32_t i = 1; i < l->out->n_syms; i++) {
			const struct patch_sym *s = &l->out->syms[i];

			if (s->kind != PSYM_DEF || !s->is_func)
				continue;
			if (s->sec == ns && s->value == n->value && !strcmp(s->name, n->name))
				pf->new_sym = i;
			if (s->sec == os && s->value == o->value && !strcmp(s->name, old))
				pf->old_sym = i;
		}
		free(old);
	}
	return 0;
}

/* A clone whose arguments are no longer those of its source. */
static bool is_private_clone(const char *name)
{
	return strstr(name, ".isra.") || strstr(name, ".constprop.") || strstr(name, ".part.");
}

/*
 * The patched code was compiled knowing the local functions it calls: their registers (-fipa-ra), their
 * clones' arguments. They must be the ones that run, and where the code makes use of it, stay so.
 */
static void expect_callees(struct linker *l)
{
	for (size_t i = 0; i < l->n_units; i++) {
		struct lunit *u = &l->units[i];
		const struct diff_unit *d = u->in->diff;

		for (uint32_t s = 1; s < d->new->n_secs; s++) {
			const struct elf_sec *sec = &d->new->secs[s];

			if (!u->sec_of[SIDE_NEW][s] || !(sec->flags & SHF_EXECINSTR))
				continue;
			for (size_t k = 0; k < sec->n_rels; k++) {
				const struct ref *r = &d->new_refs[s][k];
				uint32_t o = r->kind == REF_SYM ? d->to_orig[r->sym] : 0;
				uint32_t po = proof_sym(u, o);
				uint32_t user = sym_covering(d->new, s, r->insn_off);
				const struct match *m = po ? prove_match(u->in->pu, po) : NULL;
				bool call = r->insn_kind == INSN_CALL || r->insn_kind == INSN_JUMP ||
					    r->insn_kind == INSN_COND;

				if (!m || (r->sym == user && call))
					continue;
				expect(l, d->orig->syms[o].name, m,
				       call && ((u->in->relies && u->in->relies[user]) ||
						is_private_clone(d->orig->syms[o].name)));
			}
		}
	}
}

/*
 * Does the code that runs of this function call something that the compiler could not see? Then all
 * registers that calls may destroy counted as destroyed, and no caller relies on more than the psABI.
 */
static bool calls_unseen(const struct lunit *u, const struct diff_func *f)
{
	const struct prove_unit *pu = u->in->pu;
	const struct elf_sym *y = &pu->orig->syms[proof_sym(u, f->orig)];
	const struct elf_sec *sec = &pu->orig->secs[y->shndx];

	for (size_t k = 0; y->idx && sec->rels && k < sec->n_rels; k++) {
		const struct ref *r = &pu->refs[sec->idx][k];
		const struct elf_sym *to = &pu->orig->syms[r->sym];

		/* How a thread-local variable is reached is no call that the compiler counts as one. */
		if (r->kind == REF_SYM && to->shndx == SHN_UNDEF && strcmp(to->name, "__tls_get_addr") &&
		    r->info->kind != REL_TLS_DESC_CALL &&
		    (r->insn_kind == INSN_CALL || r->insn_kind == INSN_JUMP) &&
		    r->insn_off - y->value < y->size)
			return true;
	}
	return false;
}

/* One caller goes along with a changed function. True where it was not to be replaced before. */
static bool take_caller(struct linker *l, struct lunit *u, uint32_t user, const struct diff_func *callee)
{
	const struct diff_unit *d = u->in->diff;
	struct diff_func *f = lunit_func(u, SIDE_NEW, user);

	if (f && f->status != DIFF_UNCHANGED)
		return false;
	if (!f || !f->orig) {
		link_refuse(l, u, callee, SUT_B_RELIED_ON,
		       "a caller that stays relies on the registers of the original");
		sut_fail_chain(l->err, "called by '%s'", d->new->syms[user].name);
		return false;
	}
	f->status = DIFF_CHANGED;
	f->why = WHY_REGISTERS;
	strvec_pushf(&f->why_chain, "it counts on registers that '%s' left alone, which is replaced",
		     callee->name);
	return true;
}

/*
 * Code that was compiled with other flags than what runs may use other registers. A caller that relies
 * on those of the original callee would lose its values, so it is replaced as well, by one that was
 * compiled together with the callee; and so on with its callers.
 */
static void take_callers(struct linker *l)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < l->n_units; i++) {
			struct lunit *u = &l->units[i];
			const struct diff_unit *d = u->in->diff;

			for (uint32_t s = 1; s < d->new->n_secs && u->in->to_pu && u->in->relies; s++) {
				const struct elf_sec *sec = &d->new->secs[s];

				for (size_t k = 0; sec->flags & SHF_EXECINSTR && d->new_refs[s] && k < sec->n_rels;
				     k++) {
					const struct ref *r = &d->new_refs[s][k];
					uint32_t user = sym_covering(d->new, s, r->insn_off);
					struct diff_func *callee =
						r->kind == REF_SYM ? lunit_func(u, SIDE_NEW, r->sym) : NULL;

					if (callee && callee->status == DIFF_CHANGED && u->in->relies[user] &&
					    user != callee->new && !calls_unseen(u, callee))
						more |= take_caller(l, u, user, callee);
				}
			}
		}
	}
}

static void list_new(struct linker *l)
{
	for (size_t i = 0; i < l->n_units; i++) {
		struct lunit *u = &l->units[i];
		const struct diff_unit *d = u->in->diff;

		for (size_t k = 0; k < d->n_funcs; k++)
			if (d->funcs[k].status == DIFF_NEW &&
			    u->sec_of[SIDE_NEW][d->new->syms[d->funcs[k].new].shndx])
				strvec_push(&l->out->new_funcs, d->funcs[k].name);
		for (size_t k = 0; k < d->n_data; k++) {
			uint32_t sh = d->data[k].new ? d->new->syms[d->data[k].new].shndx : 0;

			if (d->data[k].status == DIFF_NEW && sh < d->new->n_secs &&
			    u->sec_of[SIDE_NEW][sh])
				strvec_push(&l->out->new_data, d->data[k].name);
		}
	}
}

int link_object(const struct link_input *in, struct patch_object *ret, bool *ret_indirect,
		struct strvec *ret_helpers, struct sut_err *err)
{
	struct linker l = {.in = in, .po = in->po, .t = in->po->target, .out = ret,
			   .helpers = ret_helpers, .err = err};
	size_t before = err->n;

	l.n_units = in->n_units;
	l.units = xcalloc(in->n_units, sizeof(*l.units));
	ret->name = xstrdup(in->po->name);
	ret->machine = in->po->o->machine;
	ret->gp = in->po->gp;
	ret->build_id = xmemdup(in->po->o->build_id, in->po->o->build_id_size);
	ret->build_id_size = in->po->o->build_id_size;
	for (size_t i = 0; i < in->n_units; i++) {
		l.units[i].in = &in->units[i];
		index_unit(&l.units[i]);
	}
	take_callers(&l);
	for (size_t i = 0; i < in->n_units; i++) {
		struct diff_unit *d = in->units[i].diff;

		for (size_t k = 0; k < d->n_funcs; k++)
			if (d->funcs[k].status == DIFF_CHANGED)
				add_func(&l, &l.units[i], &d->funcs[k]);
	}
	folded_check(&l);
	for (size_t i = 0; i < l.n_todo; i++) {
		struct pending p = l.todo[i]; /* the list grows meanwhile */

		resolve_section(&l, &p);
	}
	expect_callees(&l);
	list_new(&l);
	link_ehframe(&l);
	*ret_indirect = l.need_indirect;
	for (size_t i = 0; i < l.n_units; i++)
		for (int side = 0; side < 2; side++) {
			free(l.units[i].sec_of[side]);
			free(l.units[i].func_of[side]);
			free(l.units[i].data_of[side]);
		}
	free(l.units);
	free(l.todo);
	free(l.placed);
	free(l.got);
	free(l.plt);
	strvec_free(&l.complained);
	return err->n > before ? -1 : 0;
}
