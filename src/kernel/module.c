// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What goes into a patch module.
 *
 * The facts: units are compiled as kbuild compiles them, with a section for each function and (on x86) each
 * variable. A patch carries functions that changed, functions and data that are new, constants that changed,
 * strings, and the entries of special sections that are about carried code. All else stays where it is.
 *
 * The unit of copying is a *piece*: a range of a section of the patched object. Mostly it is a whole section;
 * where functions share one (__sched, inline assembly out of line) it is the function; of strings it is the
 * string. Pieces are taken from a work list: relocations of one ask for others.
 *
 * For each reference, in this order:
 *
 *	- new code and data: in the module.
 *	- a function that changed: branches of a function to itself and labels inside of it stay in the module.
 *	  All else goes to the *original* function, where the kernel redirects it: function pointers stay
 *	  equal, and a later patch of the same function is effective for calls out of this one.
 *	- what vmlinux exports: an ordinary undefined symbol; modpost adds its version's checksum.
 *	- what is not exported, and all that a module has: an extern, resolved by name and position among equal
 *	  names, or by the distance from _text, when the patch (or the module) is loaded.
 *	- constants whose place nobody knows: a copy.
 *
 * ppc64le: the module has a TOC of its own. Its units are compiled (struct target's kernel_flags) so that each
 * reference to data goes by a slot of .toc, which is a piece of eight bytes with one relocation, and that calls
 * can be led out of the module. Functions of the module are called at their local entry.
 *
 * Special sections that the kernel reads when the patch is loaded must not refer to a module: K_LATE. What it does for
 * vmlinux alone is compiled otherwise (keys.c).
 */
#include "kernel/mlink.h"

#include <stdlib.h>
#include <string.h>

const struct diff_func *func_of(const struct kbuild_unit *ku, uint32_t sym)
{
	for (size_t i = 0; i < ku->diff->n_funcs; i++) {
		const struct diff_func *f = &ku->diff->funcs[i];

		if (f->new == sym)
			return f;
		for (size_t k = 0; k < f->n_new_cold; k++)
			if (f->new_cold[k] == sym)
				return f;
	}
	/* Another name of the same place. */
	for (size_t i = 0; sym && i < ku->diff->n_funcs; i++) {
		const struct diff_func *f = &ku->diff->funcs[i];
		const struct elf_sym *a = f->new ? &ku->new->syms[f->new] : NULL, *b = &ku->new->syms[sym];

		if (a && a->shndx == b->shndx && a->value == b->value)
			return f;
	}
	return NULL;
}

/* ---- special sections ---- */

/* The section of the result that entry @i goes to. */
static uint32_t table_for(struct mlink *l, size_t u, const struct elf_sec *s, const struct special *k, size_t i)
{
	const char *name = special_is_deferred(k) && !l->kb->livepatch ? MODULE_JUMPS :
			   k->role == SPECIAL_ENTRIES && k->with ? k->with : s->name;
	struct elf_out *out = &l->m->out;
	uint32_t link = 0, sec, made;
	uint64_t off;

	/* Linkers do not mix tables that belong to one section of code each with others. */
	if (s->flags & SHF_LINK_ORDER && special_owner(unit_of(l, u)->new, s, k, i, &sec, &off))
		link = piece_take(l, u, sec, off)->out;
	for (uint32_t t = 1; t < out->n_secs; t++)
		if (!strcmp(out->secs[t].name, name) && out->secs[t].link == link)
			return t;
	/* As the kernel's linker scripts align what has its own name. */
	made = elf_out_sec(out, name, s->type, s->flags & (SHF_ALLOC | SHF_WRITE | (link ? SHF_LINK_ORDER : 0)),
			   strcmp(name, MODULE_JUMPS) ? s->align : MAX(s->align, (uint64_t)8));
	out->secs[made].entsize = s->entsize;
	out->secs[made].link = link;
	return made;
}

/*
 * A field of a SPECIAL_FIXUPS entry. An end is that of the piece that its start is in, as the next one begins
 * there. What is replaced by nothing needs no place of its own.
 */
static void fixup_goal(struct mlink *l, size_t u, const struct elf_sec *s, const struct special *k, size_t i,
		       const struct elf_rel *rel, struct goal *ret)
{
	const struct elf_obj *o = unit_of(l, u)->new;
	size_t entry = i * k->size + k->owner, field = (rel->offset - entry) / 8 & ~1ULL;
	const struct elf_rel *start = elf_sec_rel_at(s, entry + field * 8), *end = elf_sec_rel_at(s, entry + field * 8 + 8);
	uint64_t from = 0, to = 0, at;
	uint32_t sec = 0;
	const struct piece *p;

	if (start && end) {
		special_place(o, s, end, &sec, &to);
		special_place(o, s, start, &sec, &from);
	}
	at = rel == end ? to : from;
	if (from == to) {
		special_owner(o, s, k, i, &sec, &from);
		at = from;
	}
	p = piece_take(l, u, sec, from);
	ret->sym = elf_out_sec_sym(&l->m->out, p->out);
	ret->addend = (int64_t)(at + p->at - p->from + rel->offset % k->size);
}

/*
 * Data whose fields count from their own place may be a table of labels, so among several symbols none is named for
 * them (build/diff/ref.c). An entry's field has no other start than its place: it refers to what it seems to.
 */
static struct ref field_ref(const struct elf_obj *o, const struct elf_sec *s, const struct ref *r)
{
	struct ref ret = *r;
	uint32_t sec, sym;
	uint64_t off;

	if (r->kind != REF_ANON || !special_place(o, s, r->rel, &sec, &off) ||
	    o->secs[sec].flags & (SHF_EXECINSTR | SHF_MERGE) || !(sym = sym_covering(o, sec, off)))
		return ret;
	ret.kind = REF_SYM;
	ret.sym = sym;
	ret.off = (int64_t)(off - o->syms[sym].value);
	return ret;
}

static void copy_entry(struct mlink *l, size_t u, uint32_t sec, const struct special *k, size_t i)
{
	const struct elf_obj *o = unit_of(l, u)->new;
	const struct elf_sec *s = &o->secs[sec];
	struct piece p = {.unit = u, .sec = sec, .from = i * k->size, .to = (i + 1) * k->size};
	const struct ref *refs = s->n_rels ? refs_of(l, u, sec) : NULL;
	struct elf_out *out = &l->m->out;

	p.out = table_for(l, u, s, k, i);
	p.at = buf_add(&out->secs[p.out].data, s->data + p.from, k->size);
	for (size_t r = 0; r < s->n_rels; r++) {
		const struct elf_rel *rel = &s->rels[r];
		struct ref field;
		struct goal g;

		if (rel->offset < p.from || rel->offset >= p.to)
			continue;
		field = field_ref(o, s, &refs[r]);
		/* The place that it is about is in the module, whatever else would lead to the original. */
		if (k->role == SPECIAL_FIXUPS) {
			fixup_goal(l, u, s, k, i, rel, &g);
		} else if (rel->offset == p.from + k->owner) {
			uint32_t to;
			uint64_t off;

			special_owner(o, s, k, i, &to, &off);
			to_piece(l, u, rel, to, off, &g);
		} else if (goal_of(l, &p, rel, &field, &g) < 0) {
			continue;
		}
		elf_out_rel(out, p.out, rel->offset - p.from + p.at, rel->type, g.sym, g.addend);
	}
	/* Whatever goes by number goes along. */
	for (uint32_t q = 1; q < o->n_secs; q++) {
		const struct special *pk = special_find(o->secs[q].name, o->machine);

		if (pk && pk->role == SPECIAL_PAIRED && !strcmp(pk->with, s->name) && (i + 1) * pk->size <= o->secs[q].size)
			copy_entry(l, u, q, pk, i);
	}
}

/* A static call whose key is a module's: it may not be there when the kernel reads the entry. */
static bool stays_a_call(const struct mlink *l, size_t u, const struct elf_sec *s, const struct special *k, size_t i)
{
	const struct kbuild_unit *ku = unit_of(l, u);

	for (size_t r = 0; special_is_shortcut(k) && r < s->n_rels; r++) {
		const struct elf_rel *rel = &s->rels[r];
		uint32_t sym = rel->sym, sec;
		struct kbuild_sym place;
		uint64_t off;

		if (rel->offset < i * k->size || rel->offset >= (i + 1) * k->size || rel->offset == i * k->size + k->owner)
			continue;
		if (special_place(ku->new, s, rel, &sec, &off))
			sym = sym_covering(ku->new, sec, off);
		if (sym && kbuild_new_sym(l->kb, ku, sym, &place, NULL) && strcmp(place.object, "vmlinux") != 0)
			return true;
	}
	return false;
}

static void scan_entries(struct mlink *l, size_t index)
{
	struct piece p = l->pieces[index];
	const struct elf_obj *o = unit_of(l, p.unit)->new;

	if (!(o->secs[p.sec].flags & SHF_EXECINSTR))
		return;
	for (uint32_t i = 1; i < o->n_secs; i++) {
		const struct elf_sec *s = &o->secs[i];
		const struct special *k = s->flags & SHF_ALLOC ? special_find(s->name, o->machine) : NULL;

		if (!special_has_entries(k))
			continue;
		for (size_t e = 0; e < s->size / k->size; e++) {
			uint32_t sec;
			uint64_t off;

			if (!special_owner(o, s, k, e, &sec, &off) || sec != p.sec || off < p.from ||
			    (off >= p.to && !(off == p.to && p.whole)))
				continue;
			if (k->role == SPECIAL_VALUES)
				read_value(l, p.unit, sec, off, s->name);
			else if (!stays_a_call(l, p.unit, s, k, e))
				copy_entry(l, p.unit, i, k, e);
		}
	}
}

/* All that was asked for, and what that asks for. */
static void work_off(struct mlink *l)
{
	while (l->n_resolved < l->n_pieces || l->n_scanned < l->n_pieces) {
		while (l->n_resolved < l->n_pieces)
			resolve(l, l->n_resolved++);
		while (l->n_scanned < l->n_pieces)
			scan_entries(l, l->n_scanned++);
	}
}

/* ---- functions ---- */

size_t object_of(struct mlink *l, size_t object)
{
	struct module_parts *m = l->m;

	for (size_t i = 0; i < m->n_objects; i++)
		if (m->objects[i].object == object)
			return i;
	VEC_PUSH(m->objects, m->n_objects, m->cap_objects)->object = object;
	return m->n_objects - 1;
}

char *alias_for(struct mlink *l, size_t u, uint32_t sym, const char *kind, size_t n)
{
	const struct elf_sym *y = &unit_of(l, u)->new->syms[sym];
	const struct piece *p = piece_take(l, u, y->shndx, y->value);
	char *name = xasprintf("suture_%s_%zu", kind, n);

	elf_out_sym(&l->m->out, name, p->out, p->at + (y->value | y->isa) - p->from, y->size, STT_FUNC, STB_GLOBAL);
	return name;
}

static void add_func(struct mlink *l, size_t u, const struct diff_func *f)
{
	const struct kbuild_unit *ku = unit_of(l, u);
	struct module_parts *m = l->m;
	struct module_func mf = {.unit = u, .func = f};
	const char *file = f->file ? f->file : ku->source;

	if (!kbuild_orig_sym(l->kb, ku, f->orig, &mf.place) || !mf.place.named) {
		sut_fail(l->err, SUT_K_REFERENCE, f->name, "the kernel's table of symbols does not have it");
		sut_fail_where(l->err, file, f->line);
		return;
	}
	mf.object = object_of(l, ku->object);
	mf.new_size = ku->new->syms[f->new].size;
	mf.alias = alias_for(l, u, f->new, "new", m->n_funcs);
	*VEC_PUSH(m->funcs, m->n_funcs, m->cap_funcs) = mf;
}

static void list_new(struct mlink *l)
{
	for (size_t u = 0; u < l->kb->n_units; u++) {
		const struct kbuild_unit *ku = unit_of(l, u);

		for (size_t i = 0; i < ku->diff->n_funcs; i++) {
			const struct diff_func *f = &ku->diff->funcs[i];
			const struct elf_sym *y = &ku->new->syms[f->new];

			if (f->status == DIFF_NEW && piece_find(l, u, y->shndx, y->value))
				strvec_push(&l->m->new_funcs, f->name);
		}
		for (size_t i = 0; i < ku->diff->n_data; i++) {
			const struct diff_data *d = &ku->diff->data[i];
			const struct elf_sym *y = &ku->new->syms[d->new];

			if (d->status == DIFF_NEW && y->shndx < ku->new->n_secs && piece_find(l, u, y->shndx, y->value))
				strvec_push(&l->m->new_data, d->name);
		}
	}
}

int module_link(const struct kbuild *kb, struct module_parts *ret, struct sut_err *err)
{
	const struct target *t = target_find(kb->machine);
	struct mlink l = {.kb = kb, .m = ret, .err = err};
	size_t before = err->n;

	memset(ret, 0, sizeof(*ret));
	elf_out_init(&ret->out, kb->machine, t->elf_class, t->e_flags);
	l.dis = target_dis_open(t);
	l.refs = xcalloc(kb->n_units + 1, sizeof(*l.refs));
	for (size_t u = 0; u < kb->n_units; u++)
		for (size_t i = 0; i < kb->units[u].diff->n_funcs; i++)
			if (kb->units[u].diff->funcs[i].status == DIFF_CHANGED)
				add_func(&l, u, &kb->units[u].diff->funcs[i]);
	author_read(&l);
	work_off(&l);
	list_new(&l);
	if (err->n == before && !ret->late)
		relocs_store_addends(&ret->out, err);
	for (size_t u = 0; u < kb->n_units; u++) {
		for (size_t i = 0; l.refs[u] && i < kb->units[u].new->n_secs; i++)
			free(l.refs[u][i]);
		free(l.refs[u]);
	}
	free(l.refs);
	free(l.pieces);
	strvec_free(&l.complained);
	target_dis_close(l.dis);
	return err->n > before ? -1 : 0;
}

void module_parts_free(struct module_parts *m)
{
	elf_out_free(&m->out);
	for (size_t i = 0; i < m->n_funcs; i++)
		free(m->funcs[i].alias);
	for (size_t i = 0; i < m->n_objects; i++)
		for (size_t k = 0; k < CB_COUNT; k++)
			free(m->objects[i].callbacks[k]);
	free(m->funcs);
	free(m->objects);
	free(m->externs);
	free(m->states);
	free(m->n_relocs);
	free(m->late);
	strvec_free(&m->new_funcs);
	strvec_free(&m->new_data);
	memset(m, 0, sizeof(*m));
}
