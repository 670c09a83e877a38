// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Special sections, declared once.
 *
 * The problem: a function of the kernel is more than its code. Inline assembly and macros leave entries
 * in sections that the kernel walks at boot or when a module is loaded: "this instruction may fault, go
 * on there", "this jump depends on that key", "on a processor with feature 7 put those bytes here". When a
 * function goes into a patch its entries must go along, or the new code faults, ignores its key, or runs
 * instructions that the processor does not have. When its entries change and its code does not, the
 * function has changed all the same.
 *
 * The plan: all that is known of a section stands in one table: how large an entry is and where in it the
 * reference to the code is. The rest (comparing, copying, relocating) is the same for all. Replacement
 * instructions and out-of-line code have no symbols; they are pieces, cut where anything refers to.
 *
 * What is not in the table and refers to code that changes is refused by name: an entry that is left
 * behind in silence is a crash later on.
 *
 * Sizes are those of the kernel versions named beside them. Where they changed, the other version's section has a row
 * under a name of its own, which special_settle() gives it where only that fits. A kernel with yet others is refused, as
 * its entries have no reference at the owner's field.
 *
 * References: include/asm-generic/bug.h, include/linux/jump_label.h, include/linux/static_call_types.h,
 * arch/x86/include/asm/{alternative,orc_types,extable}.h, tools/objtool/ in the kernel's source.
 */
#include "kernel/special.h"

#include <stdlib.h>
#include <string.h>

static const struct special table[] = {
	/* ---- all architectures ---- */
	{"__ex_table", EM_X86_64, SPECIAL_ENTRIES, 12, 0, 8, true, false, NULL},
	{"__ex_table", EM_AARCH64, SPECIAL_ENTRIES, 12, 0, 8, true, false, NULL},
	{"__ex_table", EM_PPC64, SPECIAL_ENTRIES, 8, 0, 8, true, false, NULL},
	{"__ex_table", EM_ARM, SPECIAL_ENTRIES, 8, 0, 8, true, false, NULL},
	{"__bug_table", EM_X86_64, SPECIAL_ENTRIES, 12, 0, 8, true, false, NULL},
	{"__bug_table", EM_AARCH64, SPECIAL_ENTRIES, 12, 0, 8, true, false, NULL},
	{"__bug_table", EM_PPC64, SPECIAL_ENTRIES, 12, 0, 8, true, false, NULL},
	{"__bug_table", EM_ARM, SPECIAL_ENTRIES, 12, 0, 8, true, false, NULL},
	{"__jump_table", EM_ARM, SPECIAL_ENTRIES, 12, 0, 12, true, true, NULL},
	{"__jump_table", 0, SPECIAL_ENTRIES, 16, 0, 16, true, true, NULL},
	{"__mcount_loc", EM_ARM, SPECIAL_ENTRIES, 4, 0, 4, false, false, NULL},
	{"__mcount_loc", 0, SPECIAL_ENTRIES, 8, 0, 8, false, false, NULL},
	{"__patchable_function_entries", 0, SPECIAL_ENTRIES, 8, 0, 8, false, false, NULL},
	{"runtime_ptr_*", 0, SPECIAL_VALUES, 4, 0, 4, true, true, NULL}, /* since 6.11 */
	{"runtime_shift_*", 0, SPECIAL_VALUES, 4, 0, 4, true, true, NULL},
	{"__dyndbg", 0, SPECIAL_OBJECTS, 0, 0, 0, true, true, NULL},
	/* ---- x86 ---- */
	{".altinstructions", EM_X86_64, SPECIAL_ENTRIES, 12, 0, 8, true, true, NULL}, /* 6.1 */
	{".altinstructions@6.3", EM_X86_64, SPECIAL_ENTRIES, 14, 0, 8, true, true, ".altinstructions"},
	{".altinstr_replacement", 0, SPECIAL_PIECES, 0, 0, 0, true, true, NULL},
	{".altinstr_aux", 0, SPECIAL_PIECES, 0, 0, 0, true, false, NULL},
	{".parainstructions", EM_X86_64, SPECIAL_ENTRIES, 16, 0, 8, true, true, NULL},
	{".smp_locks", EM_X86_64, SPECIAL_ENTRIES, 4, 0, 4, true, true, NULL},
	{".static_call_sites", EM_X86_64, SPECIAL_ENTRIES, 8, 0, 8, true, true, NULL},
	{".retpoline_sites", EM_X86_64, SPECIAL_ENTRIES, 4, 0, 4, false, true, NULL},
	{".return_sites", EM_X86_64, SPECIAL_ENTRIES, 4, 0, 4, false, true, NULL},
	{".call_sites", EM_X86_64, SPECIAL_ENTRIES, 4, 0, 4, false, true, NULL},
	{".cfi_sites", EM_X86_64, SPECIAL_ENTRIES, 4, 0, 4, false, true, NULL},
	{".ibt_endbr_seal", EM_X86_64, SPECIAL_ENTRIES, 4, 0, 4, false, true, NULL},
	{".orc_unwind_ip", EM_X86_64, SPECIAL_ENTRIES, 4, 0, 4, false, false, NULL},
	{".orc_unwind", EM_X86_64, SPECIAL_PAIRED, 6, 0, 0, false, false, ".orc_unwind_ip"},
	/* ---- arm64, ppc64 ---- */
	{".altinstructions", EM_AARCH64, SPECIAL_ENTRIES, 12, 0, 8, true, true, NULL},
	/* mask and value come first, 8 bytes each */
	{"__ftr_fixup", EM_PPC64, SPECIAL_FIXUPS, 48, 16, 48, true, true, NULL},
	{"__mmu_ftr_fixup", EM_PPC64, SPECIAL_FIXUPS, 48, 16, 48, true, true, NULL},
	{"__fw_ftr_fixup", EM_PPC64, SPECIAL_FIXUPS, 48, 16, 48, true, true, NULL},
	{"__ftr_alt_*", EM_PPC64, SPECIAL_PIECES, 0, 0, 0, true, true, NULL},
	{"__lwsync_fixup", EM_PPC64, SPECIAL_ENTRIES, 8, 0, 8, true, true, NULL},
	/* ---- arm ---- */
	{".alt.smp.init", EM_ARM, SPECIAL_ENTRIES, 8, 0, 4, true, true, NULL}, /* for a single processor */
	{".pv_table", EM_ARM, SPECIAL_ENTRIES, 4, 0, 4, true, true, NULL}, /* where memory begins */
	/* The loader of modules looks for it by the name that it has in vmlinux. */
	{"__barrier_nospec_fixup", EM_PPC64, SPECIAL_ENTRIES, 8, 0, 8, true, true, "__spec_barrier_fixup"},
	{".fixup", EM_PPC64, SPECIAL_PIECES, 0, 0, 0, true, false, NULL},
	{".toc", EM_PPC64, SPECIAL_PIECES, 0, 0, 0, false, false, NULL},
	/* ---- what authors of patches write ---- */
	{".suture.*", 0, SPECIAL_AUTHOR, 0, 0, 0, true, false, NULL},
	/* ---- lists of which the original's entry serves, or that only boot reads ---- */
	{".discard*", 0, SPECIAL_ALONE, 0, 0, 0, false, false, NULL},
	{".initcall*", 0, SPECIAL_ALONE, 0, 0, 0, false, false, NULL},
	{".con_initcall.init", 0, SPECIAL_ALONE, 0, 0, 0, false, false, NULL},
	{".init.setup", 0, SPECIAL_ALONE, 0, 0, 0, false, false, NULL},
	{".modinfo", 0, SPECIAL_ALONE, 0, 0, 0, false, false, NULL},
	{".printk_index", 0, SPECIAL_ALONE, 0, 0, 0, false, false, NULL},
	{"___ksymtab*", 0, SPECIAL_ALONE, 0, 0, 0, false, false, NULL},
	{"__ksymtab*", 0, SPECIAL_ALONE, 0, 0, 0, false, false, NULL},
	{"___kcrctab*", 0, SPECIAL_ALONE, 0, 0, 0, false, false, NULL},
	{".export_symbol", 0, SPECIAL_ALONE, 0, 0, 0, false, false, NULL},
	{".exitcall.exit", 0, SPECIAL_ALONE, 0, 0, 0, false, false, NULL}, /* vmlinux is linked without it */
	{"_kprobe_blacklist", 0, SPECIAL_ALONE, 0, 0, 0, false, false, NULL},
	{"_error_injection_whitelist", 0, SPECIAL_ALONE, 0, 0, 0, false, false, NULL},
	/* ---- lists that must not change: lists.c ---- */
	{".BTF_ids", 0, SPECIAL_LISTS, 0, 0, 0, false, false, NULL},
	{".pci_fixup*", 0, SPECIAL_CALLS, 0, 0, 0, false, false, NULL},
};

const struct special *special_find(const char *section, uint16_t machine)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct special *k = &table[i];
		size_t n = strlen(k->name);

		if (k->machine && k->machine != machine)
			continue;
		if (k->name[n - 1] == '*' ? !strncmp(section, k->name, n - 1) : !strcmp(section, k->name))
			return k;
	}
	return NULL;
}

enum diff_role special_diff_role(const char *section, uint16_t machine)
{
	const struct special *k = special_find(section, machine);

	/* Functions and data of the kernel's start, no constructors. */
	if (!k)
		return str_starts(section, ".init.") ? DIFF_ROLE_PLAIN : DIFF_ROLE_DEFAULT;
	if (k->role == SPECIAL_LISTS || k->role == SPECIAL_CALLS)
		return DIFF_ROLE_PLAIN;
	return k->role == SPECIAL_OBJECTS ? DIFF_ROLE_CONST : DIFF_ROLE_NONE;
}

bool special_place(const struct elf_obj *o, const struct elf_sec *s, const struct elf_rel *r, uint32_t *ret_sec,
		   uint64_t *ret_off)
{
	const struct special *k = special_find(s->name, o->machine);
	const struct elf_sym *y = &o->syms[r->sym];

	if (!y->shndx || y->shndx >= o->n_secs)
		return false;
	*ret_sec = y->shndx;
	*ret_off = y->value + (uint64_t)r->addend;
	if (k && k->role == SPECIAL_FIXUPS)
		*ret_off -= r->offset % k->size;
	return true;
}

bool special_owner(const struct elf_obj *o, const struct elf_sec *s, const struct special *k, size_t i,
		   uint32_t *ret_sec, uint64_t *ret_off)
{
	const struct elf_rel *r = elf_sec_rel_at(s, i * k->size + k->owner);

	return r && special_place(o, s, r, ret_sec, ret_off);
}

/* ---- comparing ---- */

struct entry {			/* of one function, in one section */
	const struct elf_sec *s;
	const struct special *k;
	size_t i;
};

struct entries {
	struct entry *v;
	size_t n, cap;
};

struct owned {			/* all compared entries of an object by the function symbol they are about */
	struct entries *by_sym;
	const struct elf_obj *o;
};

/* By what they are: the order of the sections follows from whatever comes first in the unit. */
static int by_kind(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int d = x->k != y->k ? (x->k < y->k ? -1 : 1) : strcmp(x->s->name, y->s->name);

	if (!d && x->s != y->s)
		d = x->s < y->s ? -1 : 1;
	return d ? d : x->i < y->i ? -1 : x->i > y->i;
}

static void owned_read(struct owned *w, const struct elf_obj *o)
{
	w->o = o;
	w->by_sym = xcalloc(o->n_syms + 1, sizeof(*w->by_sym));
	for (size_t i = 1; i < o->n_secs; i++) {
		const struct elf_sec *s = &o->secs[i];
		const struct special *k = s->flags & SHF_ALLOC ? special_find(s->name, o->machine) : NULL;

		if (!special_has_entries(k) || !k->compared)
			continue;
		for (size_t e = 0; e < s->size / k->size; e++) {
			uint32_t sec, sym;
			uint64_t off;

			if (!special_owner(o, s, k, e, &sec, &off) || !(sym = sym_covering(o, sec, off)))
				continue;
			*VEC_PUSH(w->by_sym[sym].v, w->by_sym[sym].n, w->by_sym[sym].cap) =
				(struct entry){s, k, e};
		}
	}
	for (size_t i = 0; i < o->n_syms; i++)
		if (w->by_sym[i].n)
			qsort(w->by_sym[i].v, w->by_sym[i].n, sizeof(*w->by_sym[i].v), by_kind);
}

static void owned_free(struct owned *w)
{
	for (size_t i = 0; i < w->o->n_syms; i++)
		free(w->by_sym[i].v);
	free(w->by_sym);
}

static uint64_t piece_end(const struct elf_obj *o, uint32_t sec, uint64_t off)
{
	uint64_t end = o->secs[sec].size;

	for (size_t i = 1; i < o->n_secs; i++)
		for (size_t k = 0; k < o->secs[i].n_rels && o->secs[i].flags & SHF_ALLOC; k++) {
			uint32_t to;
			uint64_t at;

			if (special_place(o, &o->secs[i], &o->secs[i].rels[k], &to, &at) && to == sec && at > off && at < end)
				end = at;
		}
	return end;
}

static bool field_equal(const struct diff_unit *u, const struct elf_sec *a, const struct elf_rel *n,
			const struct elf_sec *b, const struct elf_rel *o, int depth);

/* Replacement instructions: the same bytes, and references to the same things. */
static bool piece_equal(const struct diff_unit *u, uint32_t ns, uint64_t no, uint32_t os, uint64_t oo, int depth)
{
	const struct elf_sec *a = &u->new->secs[ns], *b = &u->orig->secs[os];
	uint64_t len = piece_end(u->new, ns, no) - no;

	if (no > a->size || oo > b->size || len != piece_end(u->orig, os, oo) - oo)
		return false;
	for (uint64_t i = 0; i < len; i++) {
		const struct elf_rel *x = elf_sec_rel_at(a, no + i), *y = elf_sec_rel_at(b, oo + i);

		if (!x != !y || a->data[no + i] != b->data[oo + i] || (x && !field_equal(u, a, x, b, y, depth)))
			return false;
	}
	return true;
}

static bool field_equal(const struct diff_unit *u, const struct elf_sec *a, const struct elf_rel *n,
			const struct elf_sec *b, const struct elf_rel *o, int depth)
{
	uint32_t ns, os, nf, of;
	uint64_t no, oo;
	const struct special *k;

	if (n->type != o->type)
		return false;
	if (!special_place(u->new, a, n, &ns, &no) || !special_place(u->orig, b, o, &os, &oo))
		return n->addend == o->addend && !strcmp(u->new->syms[n->sym].name, u->orig->syms[o->sym].name);
	k = special_find(u->new->secs[ns].name, u->new->machine);
	if (k && k->role == SPECIAL_PIECES)
		return !strcmp(u->new->secs[ns].name, u->orig->secs[os].name) && depth < 4 &&
		       piece_equal(u, ns, no, os, oo, depth + 1);
	nf = sym_covering(u->new, ns, no);
	of = sym_covering(u->orig, os, oo);
	if (nf && of)
		return u->to_orig[nf] == of &&
		       no - u->new->syms[nf].value == oo - u->orig->syms[of].value;
	if (nf || of)
		return false;
	return diff_anon_equal(u, ns, no, os, oo);
}

static bool entry_equal(const struct diff_unit *u, const struct entry *n, const struct entry *o)
{
	uint64_t na = n->i * n->k->size, oa = o->i * o->k->size;

	/* One row may be about several: each variable has a section of its own. */
	if (n->k != o->k || strcmp(n->s->name, o->s->name) != 0)
		return false;
	for (uint64_t i = 0; i < n->k->size; i++) {
		const struct elf_rel *x = elf_sec_rel_at(n->s, na + i), *y = elf_sec_rel_at(o->s, oa + i);

		if (n->s->data[na + i] != o->s->data[oa + i] || !x != !y || (x && !field_equal(u, n->s, x, o->s, y, 0)))
			return false;
	}
	return true;
}

static bool entries_equal(const struct diff_unit *u, const struct entries *n, const struct entries *o)
{
	if (n->n != o->n)
		return false;
	for (size_t i = 0; i < n->n; i++)
		if (!entry_equal(u, &n->v[i], &o->v[i]))
			return false;
	return true;
}

static const char *difference(const struct diff_unit *u, const struct entries *n, const struct entries *o)
{
	for (size_t i = 0; i < n->n || i < o->n; i++)
		if (i >= n->n || i >= o->n || !entry_equal(u, &n->v[i], &o->v[i]))
			return i < n->n ? n->v[i].k->name : o->v[i].k->name;
	return "?";
}

static void mark_changed(struct diff_unit *u)
{
	struct owned n, o;

	owned_read(&n, u->new);
	owned_read(&o, u->orig);
	for (size_t i = 0; i < u->n_funcs; i++) {
		struct diff_func *f = &u->funcs[i];

		if (f->status != DIFF_UNCHANGED || !f->new || !f->orig ||
		    entries_equal(u, &n.by_sym[f->new], &o.by_sym[f->orig]))
			continue;
		f->status = DIFF_CHANGED;
		f->why = WHY_CODE;
		strvec_pushf(&f->why_chain, "its code is the same, but its entries in section '%s' differ",
			     difference(u, &n.by_sym[f->new], &o.by_sym[f->orig]));
		u->changed = true;
	}
	owned_free(&n);
	owned_free(&o);
}

/* ---- what nobody knows ---- */

bool special_is_ordinary(const struct elf_sec *s)
{
	static const char *const known[] = {".text", ".data", ".rodata", ".bss", ".init.", ".exit.", ".ref.",
					    ".meminit.", ".memexit.", ".sched.", ".cpuidle.", ".kprobes.",
					    ".noinstr.", ".entry.", ".softirqentry.", ".irqentry.", ".static_call.",
					    ".spinlock.", ".lock.", ".eh_frame", ".note", ".ARM.", ".toc", ".opd",
					    ".got", ".stubs", ".fixup"};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_starts(s->name, known[i]))
			return true;
	/* Each class of the scheduler has a section of its own, only to stand in order. */
	return str_ends(s->name, "_sched_class");
}

static const struct diff_func *func_with(const struct diff_unit *u, uint32_t sym)
{
	for (size_t i = 0; i < u->n_funcs; i++) {
		const struct diff_func *f = &u->funcs[i];

		if (f->new == sym)
			return f;
		for (size_t k = 0; k < f->n_new_cold; k++)
			if (f->new_cold[k] == sym)
				return f;
	}
	return NULL;
}

/* Is each entry as the table says? Another kernel may have other entries in a section of the same name. */
static bool is_as_known(const struct elf_obj *o, const struct elf_sec *s, const struct special *k)
{
	uint32_t sec;
	uint64_t off;

	if (!special_has_entries(k))
		return true;
	if (s->size % k->size)
		return false;
	for (size_t i = 0; i < s->size / k->size; i++)
		for (size_t f = 0; f < (k->role == SPECIAL_FIXUPS ? 4 : 1); f++) {
			const struct elf_rel *r = elf_sec_rel_at(s, i * k->size + k->owner + f * 8);

			if (!r || !special_place(o, s, r, &sec, &off))
				return false;
		}
	return true;
}

void special_settle(struct elf_obj *o)
{
	lists_settle(o);
	for (size_t i = 1; i < o->n_secs; i++) {
		struct elf_sec *s = &o->secs[i];
		const struct special *k = special_find(s->name, o->machine);

		if (!special_has_entries(k) || is_as_known(o, s, k))
			continue;
		for (size_t r = 0; r < ARRAY_SIZE(table); r++)
			if (special_has_entries(&table[r]) && table[r].machine == o->machine && table[r].with &&
			    !strcmp(table[r].with, s->name) && is_as_known(o, s, &table[r])) {
				s->name = table[r].name;
				break;
			}
	}
}

int special_compare(struct diff_unit *u, const char *source, struct sut_err *err)
{
	const struct elf_obj *o = u->new;
	size_t before = err->n;

	mark_changed(u);
	for (size_t i = 1; i < o->n_secs; i++) {
		const struct elf_sec *s = &o->secs[i];
		const struct special *k = special_find(s->name, o->machine);

		if (!(s->flags & SHF_ALLOC) || special_is_ordinary(s) || (k && is_as_known(o, s, k)))
			continue;
		for (size_t r = 0; r < s->n_rels; r++) {
			const struct diff_func *f;
			uint32_t sec;
			uint64_t off;

			if (!special_place(o, s, &s->rels[r], &sec, &off) || !(o->secs[sec].flags & SHF_EXECINSTR))
				continue;
			f = func_with(u, sym_covering(o, sec, off));
			if (!f || (f->status != DIFF_CHANGED && f->status != DIFF_NEW))
				continue;
			sut_fail(err, SUT_K_SECTION, s->name, "%s, and it refers to '%s', which changes",
				 k ? "its entries are not those that are known of this section"
				   : "what it means is not known", f->name);
			sut_fail_where(err, f->file ? f->file : source, f->line);
			break;
		}
	}
	return err->n > before ? -1 : 0;
}
