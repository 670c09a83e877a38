// SPDX-License-Identifier: GPL-2.0-or-later
/* What each reference of the patch's code and data becomes: module.c says in which order. */
#include "kernel/mlink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct ref *refs_of(struct mlink *l, size_t u, uint32_t sec)
{
	struct kbuild_unit *ku = unit_of(l, u);

	if (ku->diff->new_refs[sec])
		return ku->diff->new_refs[sec];
	if (!l->refs[u])
		l->refs[u] = xcalloc(ku->new->n_secs + 1, sizeof(**l->refs));
	if (!l->refs[u][sec])
		l->refs[u][sec] = refs_of_section(ku->new, &ku->new->secs[sec], l->dis);
	return l->refs[u][sec];
}

static const struct diff_data *data_of(const struct kbuild_unit *ku, uint32_t sym)
{
	for (size_t i = 0; i < ku->diff->n_data; i++)
		if (ku->diff->data[i].new == sym)
			return &ku->diff->data[i];
	return NULL;
}

static int complain(struct mlink *l, size_t u, uint32_t sec, uint64_t off, enum sut_code code, const char *name,
		    const char *what)
{
	const struct kbuild_unit *ku = unit_of(l, u);
	uint32_t user = sym_covering(ku->new, sec, off);
	const struct diff_func *f = user ? func_of(ku, user) : NULL;
	const char *from = user ? ku->new->syms[user].name : ku->new->secs[sec].name;
	char *key = xasprintf("%d:%s", (int)code, name);

	if (!strvec_has(&l->complained, key)) {
		strvec_push(&l->complained, key);
		sut_fail(l->err, code, name, "%s (from '%s')", what, from);
		if (f && f->file)
			sut_fail_where(l->err, f->file, f->line);
		sut_fail_chain(l->err, "referred to from '%s' in %s", from, ku->source);
	}
	free(key);
	return -1;
}

/* The psABI's relocation: S + A with S the start of what @rel names. Onto a symbol that stands for @sym. */
static int64_t addend_for(const struct elf_obj *o, const struct elf_rel *rel, uint32_t sym)
{
	return (int64_t)(o->syms[rel->sym].value - o->syms[sym].value) + rel->addend;
}

static uint32_t undefined(struct mlink *l, const char *name)
{
	struct elf_out *out = &l->m->out;

	for (uint32_t i = 1; i < out->n_syms; i++)
		if (out->syms[i].shndx == SHN_UNDEF && !strcmp(out->syms[i].name, name))
			return i;
	return elf_out_sym(out, name, SHN_UNDEF, 0, 0, STT_NOTYPE, STB_GLOBAL);
}

static bool same_place(const struct kbuild_sym *a, const struct kbuild_sym *b)
{
	return !strcmp(a->object, b->object) && a->named == b->named && a->sympos == b->sympos &&
	       (a->named ? !strcmp(a->name, b->name)
			 : a->offset == b->offset && a->sec == b->sec && a->sec_offset == b->sec_offset);
}

/*
 * Externs stand in a section that is not loaded until klp.c gives them the one that livepatch wants. They cannot be
 * absolute: with the linker script that 6.12 has for modules ld loses references to such symbols.
 */
static uint32_t extern_section(struct module_parts *m)
{
	uint32_t sec = elf_out_find(&m->out, MODULE_EXTERNS);

	return sec ? sec : elf_out_sec(&m->out, MODULE_EXTERNS, SHT_PROGBITS, 0, 1);
}

static uint32_t extern_sym(struct mlink *l, size_t u, const struct kbuild_sym *place)
{
	struct module_parts *m = l->m;
	struct module_extern *x;
	size_t owner = unit_of(l, u)->object;
	char *name;

	/* What vmlinux has is resolved when the patch is loaded, whoever refers to it. */
	if (!strcmp(place->object, "vmlinux"))
		owner = 0;
	for (size_t i = 0; i < m->n_externs; i++)
		if (m->externs[i].owner == owner && same_place(&m->externs[i].place, place))
			return m->externs[i].sym;
	x = VEC_PUSH(m->externs, m->n_externs, m->cap_externs);
	x->place = *place;
	x->owner = owner;
	name = xasprintf(MODULE_EXTERN_PREFIX "%zu", m->n_externs - 1);
	x->sym = elf_out_sym(&m->out, name, extern_section(m), 0, 0, STT_NOTYPE, STB_GLOBAL);
	free(name);
	return x->sym;
}

/* How far behind a symbol a branch to it goes: to an entry for callers with the same TOC. */
static int64_t branch_entry(const struct elf_obj *o, const struct elf_rel *rel, const struct elf_sym *y)
{
	const struct target *t = target_find(o->machine);

	return t->local_entry && target_rel(t, rel->type)->kind == REL_PLT ? t->local_entry(y->other) : 0;
}

int to_piece(struct mlink *l, size_t u, const struct elf_rel *rel, uint32_t sec, uint64_t off,
		    struct goal *ret)
{
	const struct elf_obj *o = unit_of(l, u)->new;
	const struct piece *p = piece_take(l, u, sec, off);
	const struct elf_sym *y = &o->syms[rel->sym];

	ret->sym = elf_out_sec_sym(&l->m->out, p->out);
	ret->addend = (int64_t)(y->value + p->at - p->from) + rel->addend + branch_entry(o, rel, y);
	return 0;
}

/* The unit is to be compiled so that it reads (keys.h), or the rest is said: what is wrong where that cannot be. */
static int compile_reading(struct mlink *l, size_t u, uint32_t sec, uint64_t off, enum sut_code code, const char *name,
			   const char *what)
{
	if (unit_of(l, u)->reads_keys)
		return complain(l, u, sec, off, code, name, what);
	if (!l->m->late)
		l->m->late = xcalloc(l->kb->n_units, sizeof(*l->m->late));
	l->m->late[u] = true;
	return -1;
}

/* A jump label of this unit cannot stay one. */
static int read_key(struct mlink *l, const struct piece *p, const struct elf_rel *rel, const struct kbuild_sym *place)
{
	return compile_reading(l, p->unit, p->sec, rel->offset, SUT_K_LATE, place->name,
			       "a jump label needs this key, and no way is known to compile it otherwise");
}

void read_value(struct mlink *l, size_t u, uint32_t sec, uint64_t off, const char *name)
{
	compile_reading(l, u, sec, off, SUT_K_SECTION, name,
			"the kernel writes a value into this code at boot, and no way is known to compile it otherwise");
}

/*
 * Livepatch before 6.10 puts the jump labels of a module on a list in each key, also in those that are read-only after
 * the kernel's start: it would not survive that. Our core gives such an entry another key.
 */
static bool is_sealed_key(const struct mlink *l, const struct special *k, const struct kbuild_sym *place)
{
	const struct kimage *image = l->kb->objects[0].image;
	const struct ksym *from = kimage_find(image, "__start_ro_after_init", NULL);
	const struct ksym *to = kimage_find(image, "__end_ro_after_init", NULL);
	int major = 0, minor = 0;

	if (!k || !l->kb->livepatch || !special_is_deferred(k) || !place->has_addr || !from || !to)
		return false;
	sscanf(l->kb->release, "%d.%d", &major, &minor);
	return (major < 6 || (major == 6 && minor < 10)) && place->offset + image->text - from->addr < to->addr - from->addr;
}

/*
 * What another module has is there as long as the module is that needs it: the kernel counts that. One that was not
 * needed before may not be there, or go while it is used.
 */
static int check_needed(struct mlink *l, const struct piece *p, const struct elf_rel *rel, const struct kbuild_sym *place)
{
	const struct kbuild_object *ob = &l->kb->objects[unit_of(l, p->unit)->object];
	char *why;
	int r;

	if (!strcmp(place->object, "vmlinux") || !strcmp(place->object, ob->name) ||
	    (unit_of(l, p->unit)->object && strvec_has(&ob->image->depends, place->object)))
		return 0;
	why = xasprintf("module '%s' has it, which '%s' does not need: so it may not be there, or be unloaded meanwhile",
			place->object, ob->name);
	r = complain(l, p->unit, p->sec, rel->offset, SUT_K_REFERENCE, place->name, why);
	free(why);
	return r;
}

static int to_place(struct mlink *l, const struct piece *p, const struct elf_rel *rel, uint32_t sym,
		    const struct kbuild_sym *place, struct goal *ret)
{
	const struct elf_obj *o = unit_of(l, p->unit)->new;
	const struct special *k = special_find(o->secs[p->sec].name, o->machine);
	bool kernel = !strcmp(place->object, "vmlinux");

	ret->addend = addend_for(o, rel, sym);
	if (check_needed(l, p, rel, place) < 0)
		return -1;
	if (kernel && is_sealed_key(l, k, place))
		return read_key(l, p, rel, place);
	if (place->exported && kernel) {
		ret->sym = undefined(l, place->name);
		return 0;
	}
	if (k && special_is_deferred(k) && !kernel)
		return read_key(l, p, rel, place);
	if (k && k->early && (!kernel || (!l->kb->livepatch && !special_is_deferred(k))))
		return complain(l, p->unit, p->sec, rel->offset, SUT_K_LATE, place->name,
				kernel ? "an entry of a special section refers to what the kernel does not export"
				       : "an entry of a special section refers to a module");
	if (!place->named && !(kernel && place->has_addr) && l->kb->livepatch)
		return complain(l, p->unit, p->sec, rel->offset, SUT_K_REFERENCE, o->syms[sym].name,
				"the kernel has no name for it by which it could be found");
	ret->sym = extern_sym(l, p->unit, place);
	return 0;
}

/* What our core exports, to patches of kernels that have no livepatch. */
static bool is_of_core(const struct mlink *l, const char *name)
{
	static const char *const names[] = {"suture_shadow_get", "suture_shadow_alloc", "suture_shadow_get_or_alloc",
					    "suture_shadow_free", "suture_shadow_free_all", "suture_get_state",
					    "suture_get_prev_state"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!l->kb->livepatch && !strcmp(names[i], name))
			return true;
	return false;
}

static int to_outside(struct mlink *l, const struct piece *p, const struct elf_rel *rel, uint32_t sym,
		      struct goal *ret)
{
	struct kbuild_unit *ku = unit_of(l, p->unit);
	struct sut_err quiet = {0};
	struct kbuild_sym place;

	if (!ku->new->syms[sym].shndx && is_of_core(l, ku->new->syms[sym].name)) {
		*ret = (struct goal){undefined(l, ku->new->syms[sym].name), rel->addend};
		return 0;
	}
	if (kbuild_new_sym(l->kb, ku, sym, &place, &quiet)) {
		sut_err_free(&quiet);
		return to_place(l, p, rel, sym, &place, ret);
	}
	complain(l, p->unit, p->sec, rel->offset, SUT_K_REFERENCE, ku->new->syms[sym].name,
		 quiet.n && quiet.v[0].cause ? quiet.v[0].cause : "its place in the kernel is not known");
	sut_err_free(&quiet);
	return -1;
}

/* The unit of this patch whose patched version defines a global. */
static bool definer(const struct mlink *l, size_t user, const char *name, size_t *ret_unit, uint32_t *ret_sym)
{
	for (size_t u = 0; u < l->kb->n_units; u++) {
		const struct elf_obj *o = l->kb->units[u].new;

		if (u == user || l->kb->units[u].object != l->kb->units[user].object)
			continue;
		for (uint32_t i = 1; i < o->n_syms; i++)
			if (o->syms[i].bind != STB_LOCAL && o->syms[i].shndx && o->syms[i].shndx < o->n_secs &&
			    !strcmp(o->syms[i].name, name)) {
				*ret_unit = u;
				*ret_sym = i;
				return true;
			}
	}
	return false;
}

static int to_undefined(struct mlink *l, const struct piece *p, const struct elf_rel *rel, struct goal *ret)
{
	const struct elf_obj *o = unit_of(l, p->unit)->new;
	size_t u;
	uint32_t sym;

	/* The linker's name for the module's own TOC. */
	if (o->machine == EM_PPC64 && !strcmp(o->syms[rel->sym].name, ".TOC.")) {
		ret->sym = undefined(l, ".TOC.");
		ret->addend = rel->addend;
		return 0;
	}
	if (definer(l, p->unit, o->syms[rel->sym].name, &u, &sym)) {
		const struct kbuild_unit *ku = unit_of(l, u);
		const struct elf_sym *y = &ku->new->syms[sym];
		const struct diff_func *f = func_of(ku, sym);
		const struct diff_data *d = data_of(ku, sym);
		struct kbuild_sym place;

		if ((f && f->status == DIFF_NEW) || (d && d->status == DIFF_NEW)) {
			const struct piece *to = piece_take(l, u, y->shndx, y->value);

			ret->sym = elf_out_sec_sym(&l->m->out, to->out);
			ret->addend = (int64_t)(y->value + to->at - to->from) + rel->addend +
				      branch_entry(ku->new, rel, y);
			return 0;
		}
		if (ku->diff->to_orig[sym] && kbuild_orig_sym(l->kb, ku, ku->diff->to_orig[sym], &place))
			return to_place(l, p, rel, rel->sym, &place, ret);
	}
	return to_outside(l, p, rel, rel->sym, ret);
}

/* Code: of this object. */
static int to_code(struct mlink *l, const struct piece *p, const struct elf_rel *rel, const struct ref *r,
		   struct goal *ret)
{
	const struct kbuild_unit *ku = unit_of(l, p->unit);
	const struct diff_func *f = r->kind == REF_SYM ? func_of(ku, r->sym) : NULL;
	const struct elf_sym *y = &ku->new->syms[r->sym];
	uint32_t user = sym_covering(ku->new, p->sec, rel->offset);
	bool entry, self;
	struct kbuild_sym place;

	if (r->kind != REF_SYM)
		return to_piece(l, p->unit, rel, r->sec, (uint64_t)MAX(r->off, 0), ret);
	if (!carried(f))
		return to_outside(l, p, rel, r->sym, ret);
	/* In data a reference relative to its own place is a table of labels. */
	entry = f->new && y->value == ku->new->syms[f->new].value && y->shndx == ku->new->syms[f->new].shndx &&
		!r->off && !(r->info->kind == REL_PC && !r->insn_len);
	self = user && func_of(ku, user) == f;
	if (f->status == DIFF_NEW || !entry ||
	    (self && (r->insn_kind == INSN_CALL || r->insn_kind == INSN_JUMP || r->insn_kind == INSN_COND)))
		return to_piece(l, p->unit, rel, r->sec, y->value + (uint64_t)MAX(r->off, 0), ret);
	if (!kbuild_orig_sym(l->kb, ku, f->orig, &place))
		return complain(l, p->unit, p->sec, rel->offset, SUT_K_REFERENCE, f->name,
				"the original's place in the kernel is not known");
	return to_place(l, p, rel, r->sym, &place, ret);
}

/* Does it point into code that is carried, other than to the start of a function? */
static bool has_labels(struct mlink *l, size_t u, uint32_t sec)
{
	const struct kbuild_unit *ku = unit_of(l, u);
	const struct elf_sec *s = &ku->new->secs[sec];
	const struct ref *refs = s->n_rels ? refs_of(l, u, sec) : NULL;

	for (size_t i = 0; refs && i < s->n_rels; i++)
		if (refs[i].sec && ku->new->secs[refs[i].sec].flags & SHF_EXECINSTR && refs[i].kind == REF_SYM &&
		    (refs[i].off || refs[i].info->kind == REL_PC) && carried(func_of(ku, refs[i].sym)))
			return true;
	return false;
}

static bool is_name_of_function(const char *name)
{
	return str_starts(name, "__func__.") || str_starts(name, "__FUNCTION__.") ||
	       str_starts(name, "__PRETTY_FUNCTION__.");
}

static int to_data(struct mlink *l, const struct piece *p, const struct elf_rel *rel, const struct ref *r,
		   struct goal *ret)
{
	const struct kbuild_unit *ku = unit_of(l, p->unit);
	const struct elf_sec *s = &ku->new->secs[r->sec];
	const struct elf_sym *y = &ku->new->syms[r->sym];
	const struct diff_data *d = r->kind == REF_SYM ? data_of(ku, r->sym) : NULL;
	bool constant = !(s->flags & SHF_WRITE) || str_starts(s->name, ".data.rel.ro");
	bool renewed = special_diff_role(s->name, ku->new->machine) == DIFF_ROLE_CONST;
	uint64_t at = r->kind == REF_SYM ? y->value : (uint64_t)MAX(s->flags & SHF_MERGE ? r->base : r->off, 0);
	struct sut_err quiet = {0};
	struct kbuild_sym place;
	bool known;

	if (r->kind != REF_SYM)
		return constant ? to_piece(l, p->unit, rel, r->sec, at, ret)
				: complain(l, p->unit, p->sec, rel->offset, SUT_K_REFERENCE, s->name,
					   "it refers to writable data that has no name");
	/* The jump labels of a module's debug messages are read when the patch is loaded: to_place()'s K_LATE. */
	if ((renewed && ku->object) ||
	    (d && (d->status == DIFF_NEW || (d->status == DIFF_CHANGED && (constant || renewed)))) ||
	    (constant && (is_name_of_function(y->name) || has_labels(l, p->unit, r->sec))))
		return to_piece(l, p->unit, rel, r->sec, at, ret);
	known = kbuild_new_sym(l->kb, ku, r->sym, &place, &quiet);
	sut_err_free(&quiet);
	/* What is only read serves as well as a copy. */
	if (constant && (!known || (!place.named && !place.has_addr)))
		return to_piece(l, p->unit, rel, r->sec, at, ret);
	return known ? to_place(l, p, rel, r->sym, &place, ret) : to_outside(l, p, rel, r->sym, ret);
}

/* A list that the kernel has filled: by its label. */
static int to_list(struct mlink *l, const struct piece *p, const struct elf_rel *rel, const struct ref *r, struct goal *ret)
{
	const struct kbuild_unit *ku = unit_of(l, p->unit);
	const struct elf_sym *y = &ku->new->syms[rel->sym];
	int64_t off = r->off + (r->kind == REF_SYM ? (int64_t)ku->new->syms[r->sym].value : 0);
	uint32_t label = lists_label(ku->new, y->shndx, (uint64_t)MAX(off, 0));
	struct kbuild_sym place;

	if (label && (kbuild_new_sym(l->kb, ku, label, &place, NULL) ||
		      kbuild_named(l->kb, ku, ku->new->syms[label].name, &place)))
		return to_place(l, p, rel, label, &place, ret);
	return complain(l, p->unit, p->sec, rel->offset, SUT_K_REFERENCE,
			label ? ku->new->syms[label].name : ku->new->secs[y->shndx].name,
			"the kernel's symbols do not have this list, or several of its name");
}

int goal_of(struct mlink *l, const struct piece *p, const struct elf_rel *rel, const struct ref *r,
		   struct goal *ret)
{
	const struct elf_obj *o = unit_of(l, p->unit)->new;
	const struct elf_sym *y = &o->syms[rel->sym];
	const struct special *k;

	if (!y->shndx)
		return to_undefined(l, p, rel, ret);
	if (y->shndx >= o->n_secs) /* absolute: itself */
		return complain(l, p->unit, p->sec, rel->offset, SUT_K_REFERENCE, y->name, "it is absolute or common");
	k = special_find(o->secs[y->shndx].name, o->machine);
	if (k && k->role == SPECIAL_PIECES) {
		uint64_t off = y->value + (uint64_t)rel->addend;

		/* From an instruction the addend has the way to its end. */
		if (o->secs[p->sec].flags & SHF_EXECINSTR && o->machine == EM_X86_64)
			off += 4;
		return to_piece(l, p->unit, rel, y->shndx, off, ret);
	}
	if (k && k->role == SPECIAL_LISTS)
		return to_list(l, p, rel, r, ret);
	if (k && k->role != SPECIAL_OBJECTS)
		return complain(l, p->unit, p->sec, rel->offset, SUT_K_SECTION, k->name,
				"code refers to the table itself");
	if (o->secs[y->shndx].flags & SHF_EXECINSTR) {
		struct ref here = *r;
		const struct special *from = special_find(o->secs[p->sec].name, o->machine);

		/* Out-of-line code was not decoded: it has no functions. */
		if (from && from->role == SPECIAL_PIECES && o->machine == EM_X86_64) {
			here.sec = y->shndx;
			here.off = (int64_t)y->value + rel->addend + 4;
			here.sym = sym_covering(o, here.sec, (uint64_t)here.off);
			here.kind = here.sym ? REF_SYM : REF_ANON;
			here.off -= here.sym ? (int64_t)o->syms[here.sym].value : 0;
			here.insn_len = 1;
		}
		return to_code(l, p, rel, &here, ret);
	}
	return to_data(l, p, rel, r, ret);
}

void resolve(struct mlink *l, size_t index)
{
	struct piece p = l->pieces[index]; /* the list grows meanwhile */
	const struct kbuild_unit *ku = unit_of(l, p.unit);
	const struct elf_sec *s = &ku->new->secs[p.sec];
	const struct ref *refs = s->n_rels ? refs_of(l, p.unit, p.sec) : NULL;

	for (size_t i = 0; i < s->n_rels; i++) {
		const struct elf_rel *rel = &s->rels[i];
		struct goal g;

		if (rel->offset < p.from || rel->offset >= p.to || refs[i].info->kind == REL_NONE)
			continue;
		if (refs[i].info->kind == REL_UNKNOWN)
			complain(l, p.unit, p.sec, rel->offset, SUT_B_RELOC, s->name,
				 "it holds a relocation of a type that is not known");
		else if (!goal_of(l, &p, rel, &refs[i], &g))
			elf_out_rel(&l->m->out, p.out, rel->offset - p.from + p.at, rel->type, g.sym, g.addend);
	}
}
