// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is known of the link of an object: whether it folded functions, and the names of what it folded.
 *
 * GNU ld never does. gold, lld and mold do when they are told to (--icf=), and names of functions stay in the
 * symbol table; but gold leaves out those of static functions that it folded away. Where the object was
 * stripped, what the build linked is looked at: the same code with names, if the build has not stripped
 * it. What is left is an object of which nobody knows which functions have one place: it is only known
 * that the linker was told to make one of them, or that it is one that might have been.
 */
#include "build/folds.h"
#include "build/member.h"

#include <stdlib.h>
#include <string.h>

/* Static functions have names too: some strippers take those alone. */
static bool has_names(const struct elf_obj *o)
{
	for (size_t i = 1; i < o->n_syms; i++)
		if (o->syms[i].type == STT_FUNC && o->syms[i].bind == STB_LOCAL && o->syms[i].shndx != SHN_UNDEF)
			return true;
	return false;
}

static bool same_code(const struct elf_obj *a, const struct elf_obj *b)
{
	size_t n = 0;

	if (a->machine != b->machine)
		return false;
	for (size_t i = 1; i < a->n_secs; i++) {
		const struct elf_sec *s = &a->secs[i], *t;

		if (!(s->flags & SHF_EXECINSTR) || !s->data)
			continue;
		t = elf_obj_sec(b, s->name);
		if (!t || !t->data || t->addr != s->addr || t->size != s->size || memcmp(s->data, t->data, s->size))
			return false;
		n++;
	}
	return n > 0;
}

/* A linker that folds when it is told to, by the marks that it leaves; NULL: none of those. */
static const char *linker_of(const struct elf_obj *o)
{
	const struct elf_sec *c = elf_obj_sec(o, ".comment");

	if (elf_obj_sec(o, ".note.gnu.gold-version"))
		return "gold";
	if (c && c->data && memmem(c->data, c->size, "LLD ", 4))
		return "lld";
	return c && c->data && memmem(c->data, c->size, "mold ", 5) ? "mold" : NULL;
}

void folds_find(const struct build *b, size_t k, struct folds *ret)
{
	const struct elf_obj *o = b->objects[k]->o;
	const char *linker = linker_of(o), *icf = NULL, *lacks;
	bool seen = false;

	memset(ret, 0, sizeof(*ret));
	if (has_names(o))
		ret->names = o;
	for (size_t i = 0; i < b->capture.n_links; i++) {
		const struct link *l = &b->capture.links[i];
		struct sut_err ignored = {0};
		struct elf_obj *out;

		if (!member_may_have_linked(b, k, l))
			continue;
		seen |= l->icf || member_is_output(b, k, l->output);
		if (!l->icf)
			continue;
		icf = l->icf;
		if (ret->names)
			continue;
		out = target_obj_open(l->output, &ignored);
		if (out && same_code(o, out) && has_names(out))
			ret->names = ret->own = out;
		else
			elf_obj_free(out);
		sut_err_free(&ignored);
	}
	lacks = !ret->names ? "it has no symbol table" :
		linker && !strcmp(linker, "gold") ? "its symbol table lacks static functions that were folded" : NULL;
	if (lacks && icf)
		ret->why = xasprintf("it was linked with --icf=%s, and %s", icf, lacks);
	else if (lacks && !seen && linker)
		ret->why = xasprintf("it was linked by %s, which can make one of functions of equal code, nobody saw with "
				     "which options, and %s", linker, lacks);
}

void folds_free(struct folds *f)
{
	elf_obj_free(f->own);
	free(f->why);
}
