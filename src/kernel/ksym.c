// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is known of a symbol of a unit: its place by the proof, its name and number by kallsyms, and whether
 * the kernel exports it.
 */
#include "kernel/kbuild.h"
#include "kernel/layout.h"
#include "kernel/symvers.h"

/* Number among equal names; and whether @name stands at @addr at all. */
static void name_it(const struct kimage *k, const char *name, uint64_t addr, struct kbuild_sym *ret)
{
	size_t n, i;

	kimage_find(k, name, &n);
	for (i = 0; i < n; i++) {
		const struct ksym *s = kimage_nth(k, name, i);

		if (s->addr != addr)
			continue;
		ret->named = true;
		ret->name = s->name;
		ret->size = s->size;
		ret->sympos = n > 1 ? (uint32_t)i + 1 : 0;
		return;
	}
}

/* In vmlinux kallsyms tells what is moved: the rest lies below the kernel or is marked as absolute. */
static void place(const struct kimage *k, uint64_t addr, struct kbuild_sym *ret)
{
	ret->has_addr = true;
	ret->absolute = addr < k->text && k->text - addr > (64u << 20);
	ret->offset = ret->absolute ? addr : addr - k->text;
}

static void exported(const struct kbuild *kb, struct kbuild_sym *ret)
{
	const struct export *e = symvers_find(kb->symvers, ret->name);

	ret->exported = e && !strcmp(e->object, ret->object);
	ret->gpl = ret->exported && e->gpl;
}

static bool fact_addr(const struct kbuild_unit *u, uint32_t sym, uint64_t *ret)
{
	uint32_t p = u->to_proof ? u->to_proof[sym] : sym;
	const struct sym_fact *f = p && u->pu ? &u->pu->facts[p] : NULL;

	/* Where calls have an entry of their own they do not tell the address. */
	if (!f || !(f->has_addr || (f->has_plt && !u->pu->po->target->local_entry)))
		return false;
	*ret = f->has_addr ? f->addr : f->plt;
	return true;
}

/* What another object, or another unit of this one, defines under this name. */
static bool by_name(const struct kbuild *kb, const struct kbuild_unit *u, const char *name, struct kbuild_sym *ret)
{
	const struct export *e = symvers_find(kb->symvers, name);

	for (size_t i = 0; i < kb->n_objects; i++) {
		const struct kbuild_object *ob = &kb->objects[i ? u->object : 0];
		const struct ksym *s = i && !u->object ? NULL : kimage_global(ob->image, name);

		if (i > 1)
			break;
		if (!s)
			continue;
		ret->object = ob->name;
		ret->name = s->name;
		name_it(ob->image, s->name, s->addr, ret);
		place(ob->image, s->addr, ret);
		if (i)
			kimage_module_place(ob->image, s->addr, &ret->sec, &ret->sec_offset);
		exported(kb, ret);
		return true;
	}
	if (!e)
		return false;
	/* Another module's, whose file was not read: found by its name alone. */
	ret->object = e->object;
	ret->name = e->name;
	ret->named = strcmp(e->object, "vmlinux");
	ret->exported = true;
	ret->gpl = e->gpl;
	return true;
}

bool kbuild_knows(const struct kbuild *kb, const struct kbuild_unit *u, const char *name)
{
	struct kbuild_sym ignored = {0};

	return by_name(kb, u, name, &ignored);
}

bool kbuild_named(const struct kbuild *kb, const struct kbuild_unit *u, const char *name, struct kbuild_sym *ret)
{
	const struct kbuild_object *ob = &kb->objects[u->object];
	const struct ksym *s;
	size_t n;

	memset(ret, 0, sizeof(*ret));
	s = kimage_find(ob->image, name, &n);
	if (n != 1)
		return false;
	ret->object = ob->name;
	ret->name = s->name;
	name_it(ob->image, s->name, s->addr, ret);
	place(ob->image, s->addr, ret);
	if (u->object)
		kimage_module_place(ob->image, s->addr, &ret->sec, &ret->sec_offset);
	exported(kb, ret);
	return true;
}

bool kbuild_orig_sym(const struct kbuild *kb, const struct kbuild_unit *u, uint32_t sym, struct kbuild_sym *ret)
{
	const struct elf_sym *y = &u->orig->syms[sym];
	const struct kbuild_object *ob = &kb->objects[u->object];
	uint64_t addr;

	memset(ret, 0, sizeof(*ret));
	ret->name = y->name;
	/* What a module takes from elsewhere has no place in it. */
	if (u->object && y->shndx == SHN_UNDEF)
		return by_name(kb, u, y->name, ret);
	if (!fact_addr(u, sym, &addr))
		return y->bind != STB_LOCAL && by_name(kb, u, y->name, ret);
	ret->object = ob->name;
	if (y->type == STT_FUNC)
		addr &= ~ob->po->target->isa_mask;
	place(ob->image, addr, ret);
	ret->size = y->size;
	if (u->object)
		kimage_module_place(ob->image, addr, &ret->sec, &ret->sec_offset);
	name_it(ob->image, y->name, addr, ret);
	exported(kb, ret);
	return true;
}

bool kbuild_new_sym(const struct kbuild *kb, const struct kbuild_unit *u, uint32_t sym, struct kbuild_sym *ret,
		    struct sut_err *err)
{
	const struct elf_sym *y = &u->new->syms[sym];
	uint32_t o = u->diff->to_orig[sym];

	memset(ret, 0, sizeof(*ret));
	ret->name = y->name;
	if (o && kbuild_orig_sym(kb, u, o, ret))
		return true;
	if (y->shndx == SHN_UNDEF && by_name(kb, u, y->name, ret))
		return true;
	if (err && y->shndx == SHN_UNDEF && !o)
		sut_fail(err, SUT_B_NO_ADDRESS, y->name,
			 "%s uses it, and neither the kernel's symbols nor Module.symvers has one of that name",
			 u->source);
	else if (err)
		sut_fail(err, SUT_B_NO_ADDRESS, y->name,
			 "%s uses it, and no code of the original that was found refers to it", u->source);
	return false;
}
