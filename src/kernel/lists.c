// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sections that are lists: what is in them is no part of any function, and the kernel reads them when it starts, or
 * had them filled when it was linked. That is over, so an addition would be lost without a word:
 *
 *	.initcall*, .init.setup		functions that the start calls (one that the patch changes is refused for itself)
 *	.BTF_ids			numbers of types and functions, by the names of labels; a BPF program's rights
 *					hang on them
 *	.pci_fixup*, .lsm_info.init	and whatever else has a name of its own. Names that C code walks over
 *					(__start_NAME) are refused in build/diff/refuse.c
 */
#include "kernel/special.h"

#include <string.h>

#define MEMBER "__BTF_ID__"

uint32_t lists_label(const struct elf_obj *o, uint32_t sec, uint64_t off)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < o->n_syms; i++) {
		const struct elf_sym *y = &o->syms[i];

		if (y->shndx == sec && *y->name && y->type != STT_SECTION && !str_starts(y->name, MEMBER) && y->value <= off &&
		    (!best || y->value > o->syms[best].value))
			best = i;
	}
	return best;
}

/*
 * The variables are the lists, not their members: what refers to one refers to it by its name, and not to a number that
 * counts through the unit.
 */
static void settle_section(struct elf_obj *o, uint32_t sec)
{
	for (uint32_t i = 1; i < o->n_syms; i++) {
		struct elf_sym *y = &o->syms[i];
		uint64_t end = o->secs[sec].size;

		if (y->shndx != sec || y->type == STT_SECTION)
			continue;
		y->size = 0;
		y->type = STT_NOTYPE;
		if (str_starts(y->name, MEMBER) || lists_label(o, sec, y->value) != i)
			continue;
		for (uint32_t k = 1; k < o->n_syms; k++)
			if (o->syms[k].shndx == sec && o->syms[k].value > y->value && o->syms[k].value < end &&
			    lists_label(o, sec, o->syms[k].value) == k)
				end = o->syms[k].value;
		y->size = end - y->value;
		y->type = STT_OBJECT;
	}
}

void lists_settle(struct elf_obj *o)
{
	for (uint32_t i = 1; i < o->n_secs; i++) {
		const struct special *k = special_find(o->secs[i].name, o->machine);

		if (k && k->role == SPECIAL_LISTS)
			settle_section(o, i);
	}
}

/* "__BTF_ID__func__bpf_key_put__1234": the number counts through the unit. */
static const char *member_at(const struct elf_obj *o, uint32_t sec, uint64_t off, size_t *ret_n)
{
	for (size_t i = 1; i < o->n_syms; i++) {
		const struct elf_sym *y = &o->syms[i];
		size_t n = strlen(y->name);

		if (y->shndx != sec || y->value != off || !str_starts(y->name, MEMBER))
			continue;
		while (n && strchr("0123456789", y->name[n - 1]))
			n--;
		*ret_n = n;
		return y->name;
	}
	*ret_n = 0;
	return "";
}

static const char *label_at(const struct elf_obj *o, uint32_t sec, uint64_t off)
{
	uint32_t l = lists_label(o, sec, off);

	return l ? o->syms[l].name : "";
}

static bool same_lists(const struct diff_unit *u, uint32_t ns, uint32_t os)
{
	const struct elf_sec *n = &u->new->secs[ns], *o = &u->orig->secs[os];

	if (n->size != o->size || !n->data || !o->data || memcmp(n->data, o->data, n->size) != 0)
		return false;
	for (uint64_t at = 0; at < n->size; at += 4) {
		size_t a, b;
		const char *x = member_at(u->new, ns, at, &a), *y = member_at(u->orig, os, at, &b);

		if (a != b || strncmp(x, y, a) != 0 || strcmp(label_at(u->new, ns, at), label_at(u->orig, os, at)) != 0)
			return false;
	}
	return true;
}

/* Is it one that is compared as a whole: by nobody else? */
static bool is_list(const struct elf_obj *o, const struct elf_sec *s)
{
	const struct special *k = special_find(s->name, o->machine);

	if (!(s->flags & SHF_ALLOC) || s->flags & SHF_EXECINSTR || !s->size)
		return false;
	return k ? k->role == SPECIAL_LISTS || k->role == SPECIAL_CALLS : *s->name == '.' && !special_is_ordinary(s);
}

static uint32_t section_named(const struct elf_obj *o, const char *name)
{
	for (uint32_t i = 1; i < o->n_secs; i++)
		if (!strcmp(o->secs[i].name, name))
			return i;
	return 0;
}

static bool is_same(const struct diff_unit *u, uint32_t ns, uint32_t os)
{
	const struct special *k = special_find(u->new->secs[ns].name, u->new->machine);

	return k && k->role == SPECIAL_LISTS ? same_lists(u, ns, os) : diff_section_equal(u, ns, os);
}

static void check_lists(const struct diff_unit *u, const char *source, struct sut_err *err)
{
	for (int added = 1; added >= 0; added--) {
		const struct elf_obj *o = added ? u->new : u->orig, *other = added ? u->orig : u->new;

		for (uint32_t i = 1; i < o->n_secs; i++) {
			uint32_t there = is_list(o, &o->secs[i]) ? section_named(other, o->secs[i].name) : i;

			/* The other way round there is nothing left to tell but that it is gone. */
			if (there && (!added || !is_list(o, &o->secs[i]) || is_same(u, i, there)))
				continue;
			sut_fail(err, SUT_B_SECTION, o->secs[i].name,
				 "the content of this section %s, and the kernel has read it when it started, or was linked",
				 there ? "changes" : added ? "is new" : "is removed");
			sut_fail_where(err, source, 0);
		}
	}
}

static bool is_for_start(const char *section)
{
	return str_starts(section, ".initcall") || !strcmp(section, ".con_initcall.init") || !strcmp(section, ".init.setup");
}

static void check_starts(const struct diff_unit *u, const char *source, struct sut_err *err)
{
	const struct elf_obj *o = u->new;

	for (uint32_t i = 1; i < o->n_secs; i++)
		for (size_t r = 0; is_for_start(o->secs[i].name) && r < o->secs[i].n_rels; r++) {
			uint32_t sec, sym;
			uint64_t off;

			if (!special_place(o, &o->secs[i], &o->secs[i].rels[r], &sec, &off) ||
			    !(sym = sym_covering(o, sec, off)))
				continue;
			for (size_t k = 0; k < u->n_funcs; k++) {
				const struct diff_func *f = &u->funcs[k];

				if (f->new != sym || f->status != DIFF_NEW)
					continue;
				sut_fail(err, SUT_K_INIT, f->name, "the patch adds it for the kernel's start to call (section "
					 "'%s'), which is over", o->secs[i].name);
				sut_fail_where(err, f->file ? f->file : source, f->line);
			}
		}
}

int lists_check(const struct diff_unit *u, const char *source, struct sut_err *err)
{
	size_t before = err->n;

	check_lists(u, source, err);
	check_starts(u, source, err);
	return err->n > before ? -1 : 0;
}
