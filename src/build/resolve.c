// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What each relocation of the patch's code and data becomes.
 *
 * The patch is mapped near the object, so the object's own code and data are within reach of a plain
 * displacement, and their addresses are known from the proof. For each reference, in this order:
 *
 *	- code and data that the patch brings: direct. But the *address* of a function that existed
 *	  before stays the address in the object (function pointers are compared, and the entry there
 *	  leads to the new code), and calls of it go there too: a later patch may redirect it anew.
 *	- what the object has: its address; for calls of global functions the linkage stub that the
 *	  object's own code uses; for GOT and TLS references the object's own slots where its code has
 *	  them, else slots of the patch filled when it is applied.
 *	- what another library has: a slot of the patch, filled at apply time by name and version, and
 *	  for calls a stub, as the library may be out of reach.
 *
 * A relocation is S + A whatever its type. The addend of the object file is kept (with its PC bias) and
 * only the symbol is exchanged for one of the patch, corrected by how far the new symbol's meaning of
 * "start" is from the old one.
 *
 * Where a psABI has two entries of a function (ppc64le), branches go to the one for callers of the same
 * object, addresses are the other's. A branch that the matched code told goes where that one does.
 *
 * Thread-local storage (Drepper, "ELF Handling For Thread-Local Storage"): an executable's block has a
 * fixed offset from the thread pointer, which the matched code tells, so its offset is a constant. A
 * library's module number and offset are only known at run time; the object's own GOT has them.
 */
#include "build/linker.h"

#include <stdlib.h>
#include <string.h>

static const char *ref_name(const struct linker *l, const struct pending *p, const struct ref *r)
{
	const struct elf_obj *o = side_obj(p->u, p->side);

	return r->kind == REF_SYM ? o->syms[r->sym].name : o->secs[r->sec].name;
}

/* The function whose code holds this relocation, for messages. */
static const char *user_name(const struct pending *p, const struct ref *r)
{
	const struct elf_obj *o = side_obj(p->u, p->side);
	uint32_t s = sym_covering(o, p->sec, r->rel->offset);

	return s ? o->syms[s].name : o->secs[p->sec].name;
}

static int complain(struct linker *l, const struct pending *p, const struct ref *r, enum sut_code code,
		    const char *what)
{
	const char *name = ref_name(l, p, r);
	struct diff_func *df;
	char *key = xasprintf("%d:%s", (int)code, name);
	uint32_t user = sym_covering(side_obj(p->u, p->side), p->sec, r->rel->offset);

	if (!strvec_has(&l->complained, key)) {
		strvec_push(&l->complained, key);
		sut_fail(l->err, code, name, "%s (%s in %s)", what, r->info->name, user_name(p, r));
		df = user ? lunit_func(p->u, p->side, user) : NULL;
		if (df)
			sut_fail_where(l->err, df->file, df->line);
		if (p->u->in->source)
			sut_fail_chain(l->err, "referred to from %s in %s", user_name(p, r),
				       p->u->in->source);
	}
	free(key);
	return -1;
}

static bool is_branch(const struct ref *r)
{
	return r->insn_kind == INSN_CALL || r->insn_kind == INSN_JUMP || r->insn_kind == INSN_COND;
}

/* What another library is to bring. 0 where none of the object's libraries has it. */
static uint32_t import_sym(struct linker *l, const struct pending *p, const struct ref *r)
{
	const struct elf_sym *y = &side_obj(p->u, p->side)->syms[r->sym];
	const char *version = NULL;
	const struct dyn_sym *d;
	struct patch_sym *s;
	uint32_t i;
	size_t k;

	for (i = 1; i < l->out->n_syms; i++)
		if (l->out->syms[i].kind == PSYM_IMPORT && !strcmp(l->out->syms[i].name, y->name))
			return i;
	d = dyn_import(l, y->name, &k);
	if (d)
		version = d->version;
	else if (l->in->find_import && y->bind != STB_WEAK &&
		 !l->in->find_import(l->in->ctx, y->name, &version)) {
		complain(l, p, r, SUT_B_UNDEFINED, "nothing defines it: no unit of the object, no library "
						   "that it is linked with");
		return 0;
	}
	i = psym_new(l, y->name, PSYM_IMPORT, 0);
	s = &l->out->syms[i];
	s->is_weak = y->bind == STB_WEAK;
	s->is_func = y->type == STT_FUNC;
	s->version = version ? xstrdup(version) : NULL;
	return i;
}

/* ---- symbols of the object and the patch as patch symbols ---- */

enum home {
	HOME_PATCH,	/* @sym is in the patch; the relocation's own addend is right */
	HOME_OBJECT,	/* @sym is an address in the object; the addend becomes offset plus PC bias */
	HOME_IMPORT,	/* in another library: only through a slot */
	HOME_REFUSED,
};

struct place {
	enum home home;
	uint32_t sym;
};

/* A section of the same side goes into the patch: the symbol that the relocation named, there. */
static struct place in_patch(struct linker *l, const struct pending *p, const struct ref *r,
			     struct lunit *u, uint32_t sym, uint32_t sec)
{
	const struct elf_obj *o = side_obj(u, p->side);
	uint32_t psec = include_section(l, u, p->side, sec);
	const struct elf_sym *y = &o->syms[sym];
	char *name = xasprintf("%s%s", *y->name ? y->name : o->secs[sec].name,
			       p->side == SIDE_NEW ? "" : ".old");
	struct place at = {HOME_PATCH, 0};

	for (uint32_t i = 1; i < l->out->n_syms && !at.sym; i++) {
		const struct patch_sym *s = &l->out->syms[i];

		if (s->kind == PSYM_DEF && s->sec == psec && s->value == y->value &&
		    !strcmp(s->name, name))
			at.sym = i;
	}
	if (!at.sym)
		at.sym = psym_copy(l, name, psec, y);
	l->out->syms[at.sym].other = y->other & 0xe0;
	free(name);
	return at;
}

/* Code of this side that the patch carries: changed and new functions with their cold parts. */
static bool carried(const struct pending *p, uint32_t sym)
{
	const struct diff_func *df = lunit_func(p->u, p->side, sym);

	return df && (df->status == DIFF_CHANGED || (p->side == SIDE_NEW && df->status == DIFF_NEW));
}

static bool is_own_entry(const struct pending *p, const struct ref *r)
{
	const struct diff_func *df = lunit_func(p->u, p->side, r->sym);

	return df && (p->side == SIDE_NEW ? df->new : df->orig) == r->sym;
}

/*
 * A call of another function that this patch redirects. It goes through the entry there, as everybody's
 * does: a patch that comes on top of this one redirects that, and would be passed by otherwise. What a
 * function does within itself, from its cold part too, is nobody else's business.
 */
static bool through_entry(const struct pending *p, const struct ref *r, const struct diff_func *df)
{
	uint32_t user = sym_covering(side_obj(p->u, p->side), p->sec, r->insn_off);

	return p->side == SIDE_NEW && df->status == DIFF_CHANGED && is_own_entry(p, r) &&
	       lunit_func(p->u, p->side, user) != df;
}

static struct place place_object(struct linker *l, const char *name, uint64_t addr)
{
	return (struct place){HOME_OBJECT, psym_object(l, name, addr)};
}

static struct place place_func(struct linker *l, const struct pending *p, const struct ref *r)
{
	const struct elf_obj *o = side_obj(p->u, p->side);
	const struct elf_sym *y = &o->syms[r->sym];
	const struct sym_fact *f = fact_of(p, r->sym);
	const struct diff_func *df = lunit_func(p->u, p->side, r->sym);
	uint64_t addr;
	bool branch = is_branch(r), inside = r->off != 0 || (r->info->kind == REL_PC && !r->insn_len);

	if (y->type == STT_GNU_IFUNC) {
		if (branch && f && f->has_plt)
			return place_object(l, y->name, f->plt);
		return (struct place){HOME_IMPORT, 0};
	}
	if (carried(p, r->sym)) {
		bool is_new = df->status == DIFF_NEW;
		bool interposable = y->bind != STB_LOCAL && y->vis == STV_DEFAULT &&
				    !l->po->is_exec && r->info->kind == REL_PLT && f && f->has_plt &&
				    f->has_addr && f->plt != f->addr;

		/* A library's calls of its own global functions can be interposed: keep that. */
		if (branch && interposable)
			return place_object(l, y->name, f->plt);
		if (branch && !inside && f && f->has_addr && through_entry(p, r, df))
			return place_object(l, y->name, branch_entry(l, f->addr));
		if (branch || inside || is_new || !is_own_entry(p, r))
			return in_patch(l, p, r, p->u, r->rel->sym, r->sec);
	}
	if (f && branch && f->has_plt)
		return place_object(l, y->name, f->plt);
	if (f && f->has_addr)
		return place_object(l, y->name, branch ? branch_entry(l, f->addr) : f->addr);
	/* With two entries the one that branches go to is not the function's address. */
	if (f && f->has_plt && l->po->is_exec && !l->t->local_entry)
		return place_object(l, y->name, f->plt);
	if (y->bind != STB_LOCAL && orig_sym(p->u, p->side, r->sym) &&
	    global_address(l, y->name, branch, &addr))
		return place_object(l, y->name, addr);
	complain(l, p, r, SUT_B_NO_ADDRESS, "its place in the object is not known");
	return (struct place){HOME_REFUSED, 0};
}

/*
 * A static that no code or data of the original refers to, as the compiler leaves some at -O0: nobody can
 * have changed it, so one of the patch's own has the value that it would have.
 */
static bool unused_static(const struct pending *p, uint32_t sym)
{
	const struct diff_unit *d = p->u->in->diff;
	uint32_t orig = orig_sym(p->u, p->side, sym);

	if (!orig || d->orig->syms[orig].bind != STB_LOCAL)
		return false;
	for (size_t s = 1; s < d->orig->n_secs; s++)
		for (size_t i = 0; d->orig_refs[s] && i < d->orig->secs[s].n_rels; i++)
			if (d->orig_refs[s][i].kind == REF_SYM && d->orig_refs[s][i].sym == orig)
				return false;
	return true;
}

/* A tentative definition (-fcommon) is in no section: its value is its alignment. */
static struct place place_common(struct linker *l, const struct pending *p, const struct ref *r)
{
	const struct elf_sym *y = &side_obj(p->u, p->side)->syms[r->sym];
	const struct sym_fact *f = fact_of(p, r->sym);
	uint64_t addr;
	uint32_t psec;
	char *name;

	if (f && f->has_addr)
		return place_object(l, y->name, f->addr);
	if (global_address(l, y->name, false, &addr))
		return place_object(l, y->name, addr);
	if (orig_sym(p->u, p->side, r->sym)) {
		complain(l, p, r, SUT_B_NO_ADDRESS, "its place in the object is not known");
		return (struct place){HOME_REFUSED, 0};
	}
	/* New. Units that share it name the same variable. */
	for (uint32_t i = 1; i < l->out->n_syms; i++) {
		const struct patch_sym *s = &l->out->syms[i];

		if (s->kind == PSYM_DEF && l->out->secs[s->sec].kind == PSEC_BSS && !strcmp(s->name, y->name))
			return (struct place){HOME_PATCH, i};
	}
	name = xasprintf(".bss.%s", y->name);
	psec = psec_new(l, name, PSEC_BSS, y->value);
	free(name);
	l->out->secs[psec].size = y->size;
	return (struct place){HOME_PATCH, psym_def(l, y->name, psec, 0, y->size, false)};
}

static struct place place_data(struct linker *l, const struct pending *p, const struct ref *r)
{
	const struct elf_obj *o = side_obj(p->u, p->side);
	const struct elf_sym *y = &o->syms[r->sym];
	const struct elf_sec *s = &o->secs[r->sec];
	const struct diff_data *d = lunit_data(p->u, p->side, r->sym);
	const struct sym_fact *f = fact_of(p, r->sym);
	uint64_t addr;

	/* Tables of labels belong to one version of a function. */
	if (points_into_patch(l, p->u, p->side, r->sec))
		return in_patch(l, p, r, p->u, r->rel->sym, r->sec);
	if (p->side == SIDE_NEW && d &&
	    (d->status == DIFF_NEW || (d->status == DIFF_CHANGED && d->kind == DATA_RO)))
		return in_patch(l, p, r, p->u, r->rel->sym, r->sec);
	if (f && f->has_addr)
		return place_object(l, y->name, f->addr);
	if (y->bind != STB_LOCAL && orig_sym(p->u, p->side, r->sym) &&
	    global_address(l, y->name, false, &addr))
		return place_object(l, y->name, addr);
	/* Constants that no matched code refers to: an equal copy serves as well. */
	if (!(s->flags & SHF_WRITE) || str_starts(s->name, ".data.rel.ro") || unused_static(p, r->sym))
		return in_patch(l, p, r, p->u, r->rel->sym, r->sec);
	complain(l, p, r, SUT_B_NO_ADDRESS, "its place in the object is not known");
	return (struct place){HOME_REFUSED, 0};
}

/* New code needs what only the compiler's own library has: there will be another link, with that. */
static bool wants_helper(struct linker *l, const struct pending *p, const struct elf_sym *y)
{
	const char *version;
	size_t i;

	if (p->side != SIDE_NEW || y->bind == STB_WEAK || !l->in->has_helper || dyn_import(l, y->name, &i) ||
	    (l->in->find_import && l->in->find_import(l->in->ctx, y->name, &version) == 1) ||
	    !l->in->has_helper(l->in->ctx, y->name))
		return false;
	if (!strvec_has(l->helpers, y->name))
		strvec_push(l->helpers, y->name);
	return true;
}

static struct place place_undefined(struct linker *l, const struct pending *p, const struct ref *r)
{
	const struct elf_sym *y = &side_obj(p->u, p->side)->syms[r->sym];
	const struct sym_fact *f = fact_of(p, r->sym);
	struct lunit *u;
	uint64_t addr;
	uint32_t s;

	/* Another unit of this patch may bring it. */
	u = p->side == SIDE_NEW ? definer(l, y->name, &s) : NULL;
	if (u && u != p->u) {
		struct pending other = {u, SIDE_NEW, 0, 0};
		struct elf_rel rel = *r->rel;
		struct ref there = *r;

		rel.sym = s;
		there.rel = &rel;
		there.sym = s;
		there.sec = u->in->diff->new->syms[s].shndx;
		if (lunit_func(u, SIDE_NEW, s) && carried(&other, s) &&
		    (is_branch(r) || lunit_func(u, SIDE_NEW, s)->status == DIFF_NEW))
			return in_patch(l, &other, &there, u, s, there.sec);
		if (lunit_data(u, SIDE_NEW, s) && lunit_data(u, SIDE_NEW, s)->status == DIFF_NEW)
			return in_patch(l, &other, &there, u, s, there.sec);
		if (!f || (!f->has_addr && !f->has_plt))
			f = fact_of(&other, s);
	}
	if (f && is_branch(r) && f->has_plt)
		return place_object(l, y->name, f->plt);
	if (f && f->has_addr)
		return place_object(l, y->name, is_branch(r) ? branch_entry(l, f->addr) : f->addr);
	if (global_address(l, y->name, is_branch(r), &addr))
		return place_object(l, y->name, addr);
	if (wants_helper(l, p, y))
		return (struct place){HOME_REFUSED, 0};
	return (struct place){HOME_IMPORT, 0};
}

static struct place place_of(struct linker *l, const struct pending *p, const struct ref *r)
{
	const struct elf_obj *o = side_obj(p->u, p->side);

	if (r->kind == REF_SYM && !r->sec && o->syms[r->sym].shndx != SHN_COMMON)
		return place_undefined(l, p, r);
	if (r->kind == REF_SYM && !r->sec)
		return place_common(l, p, r);
	if (o->secs[r->sec].flags & SHF_EXECINSTR)
		return r->kind == REF_SYM ? place_func(l, p, r) : in_patch(l, p, r, p->u, r->rel->sym, r->sec);
	return r->kind == REF_SYM ? place_data(l, p, r) : in_patch(l, p, r, p->u, r->rel->sym, r->sec);
}

/* ---- relocations ---- */

/* The distance between "start of what is referred to plus offset" and the relocation's S + A: the
 * PC bias, -4 and the like. */
static int64_t pc_bias(const struct pending *p, const struct ref *r)
{
	const struct elf_obj *o = side_obj(p->u, p->side);
	int64_t s = (int64_t)o->syms[r->rel->sym].value, t = r->off;

	if (!r->sec)
		return r->rel->addend - r->off;
	if (r->kind == REF_SYM)
		t += (int64_t)o->syms[r->sym].value;
	return s + r->rel->addend - t;
}

static void emit(struct linker *l, const struct pending *p, const struct ref *r, uint32_t type,
		 uint32_t sym, int64_t addend)
{
	psec_rel(&l->out->secs[p->psec], r->rel->offset, type, sym, addend);
}

/* A call of what may be another object's: behind it the caller restores what the stub replaced. */
static int through_linkage(struct linker *l, const struct pending *p, const struct ref *r)
{
	struct patch_sec *s = &l->out->secs[p->psec];
	uint64_t at = r->rel->offset;

	if (!l->t->link_call || l->t->link_call(r->rel->type, s->data + at, s->size - at))
		return 0;
	return complain(l, p, r, SUT_B_RELOCATION, "the call has no room to restore the TOC pointer");
}

/* The same for a place in the object, where its own linkage stub is. */
static int through_object(struct linker *l, const struct pending *p, const struct ref *r, uint64_t to)
{
	const uint8_t *code = elf_obj_at(l->po->o, to, 4);

	return l->t->is_linkage && is_branch(r) && code && l->t->is_linkage(code, 4)
		       ? through_linkage(l, p, r)
		       : 0;
}

/* A slot that holds what @r refers to: the object's own, or one of the patch. */
static uint32_t slot_for(struct linker *l, const struct pending *p, const struct ref *r)
{
	const struct elf_sym *y = &side_obj(p->u, p->side)->syms[r->sym];
	const struct sym_fact *f = fact_of(p, r->sym);
	struct place at;
	uint64_t slot;
	int64_t off;

	if (r->kind == REF_ANON && side_obj(p->u, p->side)->secs[r->sec].flags & SHF_MERGE) {
		at.sym = include_constant(l, p->u, p->side, r, &off);
		return at.sym ? got_slot(l, at.sym, off) : 0;
	}
	if (r->off)
		goto own;
	if (f && f->has_got && !carried(p, r->sym))
		return psym_object(l, y->name, f->got);
	if ((!r->sec || y->type == STT_GNU_IFUNC || interposable(l, y)) &&
	    dyn_slot(l, y->name, is_branch(r), &slot))
		return psym_object(l, y->name, slot);
	if (y->type == STT_GNU_IFUNC && f && f->has_addr && resolver_slot(l, f->addr, &slot))
		return psym_object(l, y->name, slot);
own:
	/* A place inside of a function, as the slot of its jump table has it (ppc64le), belongs to that very code. */
	if (interposable(l, y) && !is_branch(r) && !(r->off && y->type == STT_FUNC)) {
		at.sym = import_sym(l, p, r);
		return at.sym ? got_slot(l, at.sym, r->off) : 0;
	}
	at = place_of(l, p, r);
	if (at.home == HOME_REFUSED)
		return 0;
	if (at.home == HOME_OBJECT && !is_branch(r) && !r->off)
		at.sym = landing(l, at.sym);
	if (at.home == HOME_IMPORT)
		at.sym = import_sym(l, p, r);
	/* A branch's own offset is that of the call, not of what the slot holds. */
	off = is_branch(r) ? 0 : at.home == HOME_PATCH ? r->rel->addend - pc_bias(p, r) : r->off;
	return at.sym ? got_slot(l, at.sym, off) : 0;
}

static int resolve_import(struct linker *l, const struct pending *p, const struct ref *r)
{
	const struct elf_sym *y = &side_obj(p->u, p->side)->syms[r->sym];
	uint32_t sym;

	switch ((enum rel_kind)r->info->kind) {
	case REL_PLT:
	case REL_PC:
		if (!is_branch(r)) {
			/* The code wants the thing itself within reach; it may be anywhere. */
			l->need_indirect = true;
			return complain(l, p, r, SUT_B_NOT_INDIRECT,
					"it is in another library, which may be out of reach");
		}
		sym = slot_for(l, p, r);
		if (!sym)
			return -1;
		emit(l, p, r, r->rel->type, plt_stub(l, r->rel->type, sym, y->name), pc_bias(p, r));
		return through_linkage(l, p, r);
	case REL_ABS:
		if (r->info->size != (l->t->elf_class == ELFCLASS64 ? 8 : 4) || r->info->part) {
			l->need_indirect = true;
			return complain(l, p, r, SUT_B_NOT_INDIRECT,
					"it is in another library, which may be out of reach");
		}
		sym = import_sym(l, p, r);
		if (!sym)
			return -1;
		emit(l, p, r, r->rel->type, sym, r->off);
		return 0;
	default:
		return complain(l, p, r, SUT_B_RELOCATION, "this reference to another library");
	}
}

/* Fills the same field with the address of a slot that is known. */
static uint32_t slot_type(const struct linker *l, const struct ref *r)
{
	return r->info->plain ? r->info->plain : l->t->rel_pc32;
}

uint32_t abs_sym(struct linker *l, const char *name, uint64_t v)
{
	for (uint32_t i = 1; i < l->out->n_syms; i++)
		if (l->out->syms[i].kind == PSYM_ABS && l->out->syms[i].value == v)
			return i;
	return psym_new(l, name, PSYM_ABS, v);
}

/* A variable's offset in its block, as code and slots have it. */
static uint64_t in_block(const struct linker *l, int64_t off)
{
	return (uint64_t)(off - (l->po->is_exec ? prove_tls_start(l->po) : 0)) - l->t->dtp_bias;
}

/* A {module, offset} pair of the patch for an executable, whose module number is always 1. */
static uint32_t exec_tls_pair(struct linker *l, const char *name, uint64_t off)
{
	return got_pair(l, abs_sym(l, "tls.module", 1), abs_sym(l, name, off));
}

static int resolve_tls(struct linker *l, const struct pending *p, const struct ref *r)
{
	const struct elf_obj *o = side_obj(p->u, p->side);
	const char *name = r->kind == REF_SYM ? o->syms[r->sym].name : "";
	const struct sym_fact *f = r->kind == REF_SYM ? tls_fact(l, p, r) : NULL;
	int64_t bias = pc_bias(p, r), off;
	bool known = r->kind == REF_SYM && tls_offset(l, &o->syms[r->sym], f, &off);
	uint32_t desc;

	switch ((enum rel_kind)r->info->kind) {
	case REL_TLS_LE:
		if (known && l->po->is_exec) {
			emit(l, p, r, r->rel->type, abs_sym(l, name, (uint64_t)off), r->off);
			return 0;
		}
		break;
	case REL_TLS_DTPOFF:
		/* In an executable the block's start came from an LD pair of ours or was relaxed. */
		if (known) {
			emit(l, p, r, r->rel->type, abs_sym(l, name, in_block(l, off)), r->off);
			return 0;
		}
		break;
	case REL_TLS_IE:
		if (f && f->has_ie)
			emit(l, p, r, slot_type(l, r), psym_object(l, name, f->ie), bias);
		else if (known && l->po->is_exec)
			emit(l, p, r, slot_type(l, r),
			     got_slot(l, abs_sym(l, name, (uint64_t)off), 0), bias);
		else
			break;
		return 0;
	case REL_TLS_GD:
		if (f && f->has_gd)
			emit(l, p, r, slot_type(l, r), psym_object(l, name, f->gd), bias);
		else if (known && l->po->is_exec)
			emit(l, p, r, slot_type(l, r), exec_tls_pair(l, name, in_block(l, off)), bias);
		else
			break;
		return 0;
	case REL_TLS_LD:
		if (p->u->in->pu->has_ld)
			emit(l, p, r, slot_type(l, r),
			     psym_object(l, "tls.module", p->u->in->pu->ld), bias);
		else if (l->po->is_exec)
			/* the block's own start */
			emit(l, p, r, slot_type(l, r), exec_tls_pair(l, "tls.block", 0), bias);
		else
			break;
		return 0;
	case REL_TLS_DESC:
		if (f && f->has_desc) {
			emit(l, p, r, slot_type(l, r), psym_object(l, name, f->desc), bias);
			return 0;
		}
		desc = known && !interposable(l, &o->syms[r->sym]) ? tls_desc(l, name, off) : 0;
		if (desc) {
			emit(l, p, r, slot_type(l, r), desc, bias);
			return 0;
		}
		break;
	default:
		return 0;
	}
	return complain(l, p, r, SUT_B_TLS_PLACE, "no code of the object tells where it is");
}

/* Can the branch not go there itself, as it cannot change the instruction set? */
static bool other_isa(const struct linker *l, const struct ref *r, uint32_t sym)
{
	const struct patch_sym *y = &l->out->syms[sym];
	uint64_t isa = y->kind == PSYM_DEF ? y->isa : y->value & l->t->isa_mask;

	int own = l->t->branch_isa ? l->t->branch_isa(r->rel->type) : -1;

	return own >= 0 && (y->kind == PSYM_OBJECT || y->is_func) && isa != (unsigned int)own;
}

static int resolve_one(struct linker *l, const struct pending *p, const struct ref *r)
{
	const struct elf_sec *s = &side_obj(p->u, p->side)->secs[r->sec];
	struct place at;
	int64_t off;
	uint32_t sym;

	switch ((enum rel_kind)r->info->kind) {
	case REL_NONE:
		return 0;
	case REL_TLS_DESC_CALL:
		if (l->t->encode_tls_call)
			emit(l, p, r, r->info->plain, tls_call(l), -l->t->rel_offset(r->info->plain, 0, 0));
		return 0;
	case REL_UNKNOWN:
	case REL_SIZE:
		return complain(l, p, r, SUT_B_RELOCATION, "a relocation that cannot be carried");
	case REL_TLS_LE:
	case REL_TLS_IE:
	case REL_TLS_GD:
	case REL_TLS_LD:
	case REL_TLS_DTPOFF:
	case REL_TLS_DESC:
		return resolve_tls(l, p, r);
	case REL_GOT:
		sym = slot_for(l, p, r);
		if (!sym)
			return -1;
		emit(l, p, r, slot_type(l, r), sym, pc_bias(p, r));
		return 0;
	case REL_GP:
		if (!l->po->gp || r->kind != REF_SYM || strcmp(ref_name(l, p, r), ".TOC."))
			return complain(l, p, r, SUT_B_RELOCATION, "the object has no one TOC pointer");
		emit(l, p, r, r->rel->type, psym_object(l, ".TOC.", l->po->gp), r->rel->addend);
		return 0;
	case REL_ABS:
	case REL_PC:
	case REL_PLT:
		break;
	}
	if (r->kind == REF_NONE)
		return complain(l, p, r, SUT_B_RELOCATION, "a relocation without a symbol");
	if (r->kind == REF_ANON && s->flags & SHF_MERGE) {
		sym = include_constant(l, p->u, p->side, r, &off);
		if (!sym)
			return complain(l, p, r, SUT_B_RELOCATION, "a reference outside its section");
		emit(l, p, r, r->rel->type, sym, off + pc_bias(p, r));
		return 0;
	}
	at = place_of(l, p, r);
	if ((at.home == HOME_PATCH || at.home == HOME_OBJECT) && is_branch(r) && other_isa(l, r, at.sym)) {
		sym = plt_stub(l, r->rel->type, got_slot(l, at.sym, 0), ref_name(l, p, r));
		emit(l, p, r, r->rel->type, sym, pc_bias(p, r));
		return 0;
	}
	if (at.home == HOME_OBJECT && !is_branch(r) && !r->off)
		at.sym = landing(l, at.sym);
	switch (at.home) {
	case HOME_PATCH:
		/* From another unit the offset is relative to the symbol, as it is undefined here. */
		emit(l, p, r, r->rel->type, at.sym, r->rel->addend);
		return 0;
	case HOME_OBJECT:
		emit(l, p, r, r->rel->type, at.sym, r->off + pc_bias(p, r));
		return through_object(l, p, r, l->out->syms[at.sym].value);
	case HOME_IMPORT:
		return resolve_import(l, p, r);
	case HOME_REFUSED:
		break;
	}
	return -1;
}

int resolve_section(struct linker *l, const struct pending *p)
{
	const struct elf_sec *s = &side_obj(p->u, p->side)->secs[p->sec];
	const struct ref *refs = side_refs(p->u, p->side, p->sec);
	int r = 0;

	/* All of them, also behind one that fails: a build tells everything at once. */
	for (size_t i = 0; i < s->n_rels; i++)
		if (resolve_one(l, p, &refs[i]) < 0)
			r = -1;
	return r;
}
