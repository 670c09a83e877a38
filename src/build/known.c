// SPDX-License-Identifier: GPL-2.0-or-later
/* What the proofs and the object's own tables tell of a symbol. */
#include "build/linker.h"

#include <string.h>

const struct sym_fact *fact_of(const struct pending *p, uint32_t sym)
{
	uint32_t o = proof_sym(p->u, orig_sym(p->u, p->side, sym));

	return o ? &p->u->in->pu->facts[o] : NULL;
}

/* A global symbol in any unit of this link: facts that another unit's code told. */
static const struct sym_fact *fact_by_name(const struct linker *l, const char *name, bool addr)
{
	for (size_t i = 0; i < l->n_units; i++) {
		const struct prove_unit *pu = l->units[i].in->pu;

		for (size_t s = 1; s < pu->orig->n_syms; s++) {
			const struct sym_fact *f = &pu->facts[s];

			if (pu->orig->syms[s].bind != STB_LOCAL &&
			    (addr ? f->has_addr : f->has_addr || f->has_plt || f->has_got) &&
			    !strcmp(pu->orig->syms[s].name, name))
				return f;
		}
	}
	return NULL;
}

/* A global that some unit of this link newly defines (or defines anew): its unit and symbol. */
struct lunit *definer(const struct linker *l, const char *name, uint32_t *ret_sym)
{
	for (size_t i = 0; i < l->n_units; i++) {
		const struct elf_obj *o = l->units[i].in->diff->new;

		for (uint32_t s = 1; s < o->n_syms; s++)
			if (o->syms[s].bind != STB_LOCAL && o->syms[s].shndx != SHN_UNDEF &&
			    o->syms[s].shndx < o->n_secs && !strcmp(o->syms[s].name, name)) {
				*ret_sym = s;
				return &l->units[i];
			}
	}
	return NULL;
}

static bool table_address(const struct linker *l, const char *name, uint64_t *ret)
{
	const struct elf_obj *o = l->po->o;
	const struct object_dyn *d = l->po->dyn;
	size_t hits = 0;

	for (size_t i = 1; i < d->n_syms; i++)
		if (d->syms[i].shndx != SHN_UNDEF && d->syms[i].type != STT_TLS &&
		    d->syms[i].type != STT_GNU_IFUNC && !strcmp(d->syms[i].name, name)) {
			*ret = d->syms[i].value;
			return true;
		}
	for (size_t i = 1; i < o->n_syms; i++) {
		const struct elf_sym *s = &o->syms[i];

		if (s->shndx != SHN_UNDEF && s->bind != STB_LOCAL && s->type != STT_TLS &&
		    s->type != STT_GNU_IFUNC && !strcmp(s->name, name)) {
			*ret = s->value | s->isa;
			hits++;
		}
	}
	return hits == 1;
}

const struct dyn_sym *dyn_import(const struct linker *l, const char *name, size_t *ret_i)
{
	const struct object_dyn *d = l->po->dyn;

	for (size_t i = 1; i < d->n_syms; i++)
		if (d->syms[i].shndx == SHN_UNDEF && !strcmp(d->syms[i].name, name)) {
			*ret_i = i;
			return &d->syms[i];
		}
	return NULL;
}

bool resolver_slot(const struct linker *l, uint64_t resolver, uint64_t *ret)
{
	const struct object_dyn *d = l->po->dyn;

	for (size_t k = 0; k < d->n_rels; k++)
		if (d->rels[k].type == l->t->rel_irelative && (uint64_t)d->rels[k].addend == resolver) {
			*ret = d->rels[k].offset;
			return true;
		}
	return false;
}

/* The slot of an indirect function that the object's symbol table names. */
static bool ifunc_slot(const struct linker *l, const char *name, uint64_t *ret)
{
	const struct elf_obj *o = l->po->o;

	for (size_t i = 1; i < o->n_syms; i++)
		if (o->syms[i].type == STT_GNU_IFUNC && o->syms[i].shndx != SHN_UNDEF &&
		    !strcmp(o->syms[i].name, name))
			return resolver_slot(l, o->syms[i].value | o->syms[i].isa, ret);
	return false;
}

/*
 * A slot of the object that the dynamic linker fills with the address of this symbol. Not any place
 * that it relocates: a pointer variable of the program may change. A slot of the PLT holds the address
 * only once it is bound, which is good enough for calls alone.
 */
bool dyn_slot(const struct linker *l, const char *name, bool call, uint64_t *ret)
{
	const struct object_dyn *d = l->po->dyn;
	const struct elf_sec *got = elf_obj_sec(l->po->o, ".got");

	for (size_t k = 0; k < d->n_rels; k++) {
		const struct dyn_rel *x = &d->rels[k];

		if (x->type != l->t->rel_glob_dat && !(call && x->type == l->t->rel_jump_slot))
			continue;
		/* Where slots and variables have relocations of one type, the section tells them apart. */
		if (x->type == l->t->rel_abs &&
		    (!got || x->offset < got->addr || x->offset - got->addr >= got->size))
			continue;
		if (x->sym && x->sym < d->n_syms && !x->addend && d->syms[x->sym].name &&
		    !strcmp(d->syms[x->sym].name, name) && elf_obj_load_seg(l->po->o, x->offset)) {
			*ret = x->offset;
			return true;
		}
	}
	return ifunc_slot(l, name, ret);
}

/*
 * May another object's definition take the place of this global of a library? Only the dynamic linker
 * knows: an executable may have a copy of the variable, or be where the function's address lies.
 */
bool interposable(const struct linker *l, const struct elf_sym *y)
{
	const struct object_dyn *d = l->po->dyn;

	if (l->po->is_exec || d->symbolic || y->bind == STB_LOCAL || y->vis != STV_DEFAULT)
		return false;
	for (size_t i = 1; i < d->n_syms; i++)
		if (d->syms[i].shndx != SHN_UNDEF && !strcmp(d->syms[i].name, y->name))
			return true;
	return false;
}

uint64_t branch_entry(const struct linker *l, uint64_t addr)
{
	const struct elf_seg *s = elf_obj_load_seg(l->po->o, addr);
	uint64_t n = s && addr - s->vaddr < s->filesz ? MIN(s->vaddr + s->filesz - addr, 64ull) : 0;
	size_t len;

	return n && l->t->local_entry ? addr + l->t->entry_shape(elf_obj_at(l->po->o, addr, n), n, &len)
				      : addr;
}

/* A global of the object that this unit's own code does not tell the place of. */
bool global_address(struct linker *l, const char *name, bool branch, uint64_t *ret)
{
	const struct sym_fact *f = fact_by_name(l, name, !branch);
	size_t k;

	if (f && branch && f->has_plt) {
		*ret = f->plt;
		return true;
	}
	if (f && f->has_addr) {
		*ret = branch ? branch_entry(l, f->addr) : f->addr;
		return true;
	}
	if (table_address(l, name, ret)) {
		if (branch)
			*ret = branch_entry(l, *ret);
		return true;
	}
	if (l->po->gp && !strcmp(name, "_GLOBAL_OFFSET_TABLE_")) {
		*ret = l->po->gp;
		return true;
	}
	f = !dyn_import(l, name, &k) && l->in->find_fact ? l->in->find_fact(l->in->ctx, name) : NULL;
	if (f && branch && (f->has_addr || (f->has_plt && l->po->is_exec))) {
		*ret = f->has_addr ? branch_entry(l, f->addr) : f->plt;
		return true;
	}
	if (f && (f->has_addr || (f->has_plt && l->po->is_exec && !l->t->local_entry))) {
		*ret = f->has_addr ? f->addr : f->plt;
		return true;
	}
	return false;
}

/* ---- thread-local variables ---- */

static bool has_tls_fact(const struct sym_fact *f)
{
	return f && (f->has_tls || f->has_ie || f->has_gd || f->has_desc);
}

/* What is known of a TLS variable: from this unit's code, from another's, from the unit that has it. */
const struct sym_fact *tls_fact(struct linker *l, const struct pending *p, const struct ref *r)
{
	const struct elf_sym *y = &side_obj(p->u, p->side)->syms[r->sym];
	const struct sym_fact *f = fact_of(p, r->sym);

	if (has_tls_fact(f) || y->bind == STB_LOCAL)
		return f;
	for (size_t i = 0; i < l->n_units; i++) {
		const struct prove_unit *pu = l->units[i].in->pu;

		for (size_t s = 1; s < pu->orig->n_syms; s++)
			if (pu->orig->syms[s].bind != STB_LOCAL && has_tls_fact(&pu->facts[s]) &&
			    !strcmp(pu->orig->syms[s].name, y->name))
				return &pu->facts[s];
	}
	return l->in->find_fact ? l->in->find_fact(l->in->ctx, y->name) : NULL;
}

/* The executable's offset of a TLS variable from the thread pointer. */
bool tls_offset(struct linker *l, const struct elf_sym *y, const struct sym_fact *f,
		int64_t *ret)
{
	const struct elf_obj *b = l->po->o;
	int64_t start = l->po->is_exec ? prove_tls_start(l->po) : 0;

	if (f && f->has_tls) {
		*ret = f->tls;
		return true;
	}
	if (f && f->has_ie) {
		const struct dyn_rel *d = object_dyn_rel_at(l->po->dyn, f->ie);

		/* A slot without relocation, in a static program, holds the offset itself. */
		if (!d) {
			size_t w = b->elf_class == ELFCLASS64 ? 8 : 4;
			const uint8_t *q = elf_obj_at(b, f->ie, w);
			int32_t v;

			if (q && w == 8) {
				memcpy(ret, q, 8);
			} else if (q) {
				memcpy(&v, q, 4);
				*ret = v;
			}
			return q != NULL;
		}
	}
	for (size_t i = 1; i < l->po->dyn->n_syms; i++) {
		const struct dyn_sym *d = &l->po->dyn->syms[i];

		if (d->type == STT_TLS && d->shndx != SHN_UNDEF && !strcmp(d->name, y->name)) {
			*ret = (int64_t)d->value + start;
			return true;
		}
	}
	for (size_t i = 1; i < b->n_syms; i++)
		if (b->syms[i].type == STT_TLS && b->syms[i].shndx != SHN_UNDEF &&
		    b->syms[i].bind != STB_LOCAL && !strcmp(b->syms[i].name, y->name)) {
			*ret = (int64_t)b->syms[i].value + start;
			return true;
		}
	return false;
}
