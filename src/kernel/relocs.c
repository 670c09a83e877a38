// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * References that the module loader cannot resolve, on kernels without livepatch: a table in the module,
 * struct suture_reloc of core/suture_core.h, which the core works off when the patch is loaded (those of a
 * module: when that one is there).
 *
 * They are taken out of the object before the module is linked. So that the table can say where they are,
 * each section that had one begins with a global symbol. A branch that does not reach its target goes through a
 * stub, for which the glue has room.
 */
#include "kernel/module.h"
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

#define SECTION_PREFIX "suture_sec_"

static const struct module_extern *extern_of(const struct module_parts *m, uint32_t sym)
{
	for (size_t i = 0; i < m->n_externs; i++)
		if (m->externs[i].sym == sym)
			return &m->externs[i];
	return NULL;
}

const char *module_section_name(const struct kbuild *kb, const struct kbuild_sym *place)
{
	for (size_t i = 1; i < kb->n_objects; i++)
		for (size_t k = 0; k < kb->objects[i].image->n_secs; k++)
			if (!strcmp(kb->objects[i].name, place->object) &&
			    kb->objects[i].image->secs[k].idx == place->sec)
				return kb->objects[i].image->secs[k].name;
	return NULL;
}

/* Where it is, as struct suture_reloc has it. False: neither a name nor a distance leads there. */
static bool write_place(struct buf *b, const struct kbuild *kb, const struct kbuild_sym *p)
{
	bool module = strcmp(p->object, "vmlinux") != 0;
	const char *section = module && p->has_addr ? module_section_name(kb, p) : NULL;

	if (p->named)
		buf_addf(b, ", .name = \"%s\", .sympos = %u", p->name, p->sympos);
	if (module)
		buf_addf(b, ", .object = \"%s\"", p->object);
	if (section)
		buf_addf(b, ", .section = \"%s\", .offset = 0x%llx", section, (unsigned long long)p->sec_offset);
	else if (!module && p->has_addr && !p->absolute)
		buf_addf(b, ", .offset = 0x%llx", (unsigned long long)p->offset);
	else
		return p->named;
	return true;
}

struct relocs {
	const struct kbuild *kb;
	struct module_parts *m;
	struct buf *decls, *v;	/* [kb->objects] */
	struct strvec called;	/* places that branches lead to */
	struct sut_err *err;
};

static bool is_branch(uint16_t machine, uint32_t type)
{
	const struct target *t = target_find(machine);

	return target_rel(t, type)->kind == REL_PLT;
}

static int add(struct relocs *rs, uint32_t sec, const struct elf_out_rel *r, const struct module_extern *x)
{
	struct buf *b = &rs->v[x->owner], place = {0};
	int ret = 0;

	if (!write_place(&place, rs->kb, &x->place)) {
		ret = sut_fail(rs->err, SUT_K_REFERENCE, x->place.name, "%s has no name for it by which it could be found",
			       x->place.object);
	} else {
		buf_addf(b, "\t{.where = " SECTION_PREFIX "%u + 0x%llx, .type = %u, .addend = %lld%s},\n", sec,
			 (unsigned long long)r->offset, r->type, (long long)r->addend, (char *)place.p);
		if (is_branch(rs->m->out.machine, r->type) && !strvec_has(&rs->called, (char *)place.p))
			strvec_push(&rs->called, (char *)place.p);
	}
	rs->m->n_relocs[x->owner]++;
	buf_free(&place);
	return ret;
}

static void work(struct relocs *rs)
{
	struct elf_out *o = &rs->m->out;
	size_t n_lists = o->n_rels;

	for (size_t i = 0; i < n_lists; i++) {
		uint32_t sec = o->rels[i].sec;
		size_t kept = 0;

		for (size_t k = 0; k < o->rels[i].n; k++) {
			struct elf_out_rel r = o->rels[i].v[k];
			const struct module_extern *x = extern_of(rs->m, r.sym);

			if (!x)
				o->rels[i].v[kept++] = r;
			else
				add(rs, sec, &r, x);
		}
		if (kept < o->rels[i].n) {
			char *name = xasprintf(SECTION_PREFIX "%u", sec);

			elf_out_sym(o, name, sec, 0, 0, STT_NOTYPE, STB_GLOBAL);
			buf_addf(rs->decls, "extern char %s[];\n", name);
			free(name);
		}
		o->rels[i].n = kept;
	}
	for (size_t i = 0; i < rs->m->n_externs; i++)
		o->syms[rs->m->externs[i].sym].dropped = true;
}

int relocs_write(struct buf *table, const struct kbuild *kb, struct module_parts *m, struct sut_err *err)
{
	struct buf decls = {0};
	struct relocs rs = {.kb = kb, .m = m, .decls = &decls, .err = err};
	size_t before = err->n;

	m->n_relocs = xcalloc(kb->n_objects + 1, sizeof(*m->n_relocs));
	rs.v = xcalloc(kb->n_objects + 1, sizeof(*rs.v));
	work(&rs);
	if (decls.n)
		buf_add(table, decls.p, decls.n);
	buf_addf(table, "#define PATCH_STUBS %zu\n", rs.called.n);
	for (size_t i = 0; i < kb->n_objects; i++) {
		if (rs.v[i].n)
			buf_addf(table, "\nstatic const struct suture_reloc patch_relocs_%zu[] = {\n%s};\n", i,
				 (char *)rs.v[i].p);
		buf_free(&rs.v[i]);
	}
	free(rs.v);
	buf_free(&decls);
	strvec_free(&rs.called);
	return err->n > before ? -1 : 0;
}

/*
 * Where a file has no room for addends beside its relocations they stand in the fields. A field of half an
 * address has 16 bits of the addend, whichever half it is for.
 */
int relocs_store_addends(struct elf_out *o, struct sut_err *err)
{
	const struct target *t = target_find(o->machine);
	size_t before = err->n;

	for (size_t i = 0; i < o->n_rels && !o->rela; i++)
		for (size_t k = 0; k < o->rels[i].n; k++) {
			const struct elf_out_rel *r = &o->rels[i].v[k];
			struct elf_out_sec *s = &o->secs[o->rels[i].sec];
			const struct rel_info *ri = target_rel(t, r->type);
			bool half = ri->part != PART_WHOLE;
			uint64_t a = (uint64_t)r->addend;

			if (!ri->size)
				continue;
			if ((half && r->addend != (int16_t)r->addend) || r->offset + ri->size > s->data.n ||
			    t->apply_rel(r->type, s->data.p + r->offset, 0, ri->part == PART_HI ? a << 16 : a, 0) < 0)
				sut_fail(err, SUT_K_REFERENCE, s->name, "relocation %s has no room for the distance %lld",
					 ri->name, (long long)r->addend);
		}
	return err->n > before ? -1 : 0;
}
