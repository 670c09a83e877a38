// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a function's code must be when a patch is loaded by our core.
 *
 * The proof was about the file that is booted. That the kernel that runs is the same says its build-id; the
 * bytes are the last word, and the only one about a module that comes later. They are those of the image. What
 * differs in memory is masked: the places that the kernel rewrites itself, of which special sections
 * have lists, and in modules each relocated field.
 */
#include "kernel/module.h"
#include "kernel/special.h"
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

/* Beside what special.c says of the sections. */
static const struct rewritten {
	const char *section;	/* as special.c has it */
	uint16_t machine;	/* EM_*, 0: all others */
	uint8_t bytes;		/* of code that are rewritten, 0: */
	uint8_t len_at;		/* a byte of the entry that says how many, 0: the next reference is the end */
	bool before;		/* or as many behind it, at the start of the function that follows */
} table[] = {
	{"__jump_table", 0, 4, 0, false},
	{"__mcount_loc", EM_ARM, 4, 0, false},
	/* ---- arm64: bytes of the original instructions are said at 10 ---- */
	{"__patchable_function_entries", EM_AARCH64, 8, 0, true},
	{".altinstructions", EM_AARCH64, 0, 10, false},
	{"runtime_ptr_*", EM_AARCH64, 16, 0, false},
	{"runtime_shift_*", EM_AARCH64, 4, 0, false},
	/* ---- ppc64: the length of what a feature changes is in the entry, as an end ---- */
	{"__mcount_loc", EM_PPC64, 4, 0, false},
	{"__ftr_fixup", EM_PPC64, 0, 0, false},
	{"__mmu_ftr_fixup", EM_PPC64, 0, 0, false},
	{"__fw_ftr_fixup", EM_PPC64, 0, 0, false},
	{"__lwsync_fixup", EM_PPC64, 4, 0, false},
	{"__barrier_nospec_fixup", EM_PPC64, 4, 0, false},
	/* ---- arm: where the memory is; one processor or several ---- */
	{".pv_table", EM_ARM, 4, 0, false},
	{".alt.smp.init", EM_ARM, 4, 0, false},
};

static const struct rewritten *rewritten_find(const char *section, uint16_t machine)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (!strcmp(table[i].section, section) && (!table[i].machine || table[i].machine == machine))
			return &table[i];
	return NULL;
}

struct code {			/* of one function, in the image and in the object that was matched with it */
	const struct elf_obj *o;
	const struct prove_func *pf;
	const struct match *m;
	const struct target *t;
	const uint8_t *bytes;	/* in the image */
	uint64_t addr, size;
	struct buf *mask;
};

/*
 * @len bytes of the object's section from @off on count no more. Nops have no place of their own: a match tells
 * where a run of them begins, and which of those the kernel rewrites is not known.
 */
static void forget(struct code *c, uint32_t sec, uint64_t off, uint64_t len)
{
	uint64_t at, run = 0;

	if (&c->o->secs[sec] != c->pf->mf.sec || off < c->pf->mf.off || off >= c->pf->mf.off + c->pf->mf.size)
		return;
	at = match_place(&c->pf->mf, c->m, off);
	if (at < c->addr || at - c->addr >= c->size)
		return;
	at -= c->addr;
	for (size_t n = 1; n && at + run < c->size; run += n)
		n = c->t->pad_len(c->bytes + at + run, c->size - at - run, c->pf->mf.isa);
	memset(c->mask->p + at, 0, MIN(MAX(run, len), c->size - at));
}

/*
 * arm64 since 6.4: the site begins with two words before the function, where the tracer puts what it calls. In
 * the function it rewrites two words, behind a landing pad where there is one.
 */
static void forget_site_before(struct code *c, uint32_t sec, uint64_t off, uint64_t len)
{
	uint64_t start = c->pf->mf.off;

	if (&c->o->secs[sec] == c->pf->mf.sec && off + len == start)
		forget(c, sec, start, c->t->pad_len(c->bytes, c->size, c->pf->mf.isa) ? len : len + 4);
}

static void forget_rewritten(struct code *c)
{
	for (size_t i = 1; i < c->o->n_secs; i++) {
		const struct elf_sec *s = &c->o->secs[i];
		const struct special *k = s->flags & SHF_ALLOC ? special_find(s->name, c->o->machine) : NULL;
		const struct rewritten *w = k ? rewritten_find(k->name, c->o->machine) : NULL;

		for (size_t e = 0; w && e < s->size / k->size; e++) {
			uint64_t at = e * k->size, off, to;
			const struct elf_rel *r = elf_sec_rel_at(s, at + k->owner);
			const struct elf_rel *end = elf_sec_rel_at(s, at + k->owner + 8);
			uint64_t len = w->bytes ? w->bytes : s->data[at + w->len_at];
			uint32_t sec, to_sec;

			if (!r || !special_place(c->o, s, r, &sec, &off))
				continue;
			if (!w->bytes && !w->len_at)
				len = end && special_place(c->o, s, end, &to_sec, &to) ? to - off : 0;
			forget(c, sec, off, len);
			if (w->before)
				forget_site_before(c, sec, off, len);
		}
	}
}

/* A field that a detour of the loader changes takes the instruction behind it along, at most. */
static void forget_relocated(struct code *c, const struct target *t)
{
	const struct elf_sec *s = c->pf->mf.sec;

	for (size_t i = 0; i < s->n_rels; i++) {
		const struct rel_info *ri = target_rel(t, s->rels[i].type);

		forget(c, s->idx, s->rels[i].offset & ~(uint64_t)(t->insn_min - 1),
		       ri->kind == REL_PLT ? 8 : MAX(ri->size, (uint8_t)4));
	}
}

bool expect_code(const struct kbuild *kb, const struct kbuild_unit *u, uint32_t sym, struct buf *ret_bytes,
		 struct buf *ret_mask)
{
	const struct kbuild_object *ob = &kb->objects[u->object];
	uint32_t proved = u->to_proof ? u->to_proof[sym] : sym;
	const struct match *m = u->pu && proved ? prove_match(u->pu, proved) : NULL;
	uint64_t left, n;
	const uint8_t *p;
	struct code c;

	if (!m || !u->pu->func_of_sym[proved])
		return false;
	p = prove_code_at(ob->po, m->addr, &left);
	n = p ? MIN(m->size, left) : 0;
	if (!n)
		return false;
	buf_add(ret_bytes, p, n);
	buf_add(ret_mask, NULL, n);
	memset(ret_mask->p, 0xff, n);
	c = (struct code){u->pu->orig, &u->pu->funcs[u->pu->func_of_sym[proved] - 1], m, ob->po->target, p, m->addr, n,
			 ret_mask};
	forget_rewritten(&c);
	if (u->object)
		forget_relocated(&c, ob->po->target);
	return true;
}
