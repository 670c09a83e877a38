// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TLS descriptors of the patch's own.
 *
 * Code for shared libraries reaches thread-local variables through descriptors on some architectures
 * (Oliva and Araujo, "Speeding Up Thread-Local Storage Access in Dynamic Libraries"): two words, a
 * function and its argument; the function gives the variable's offset from the thread pointer. The
 * patch uses the object's own descriptors where its code has them. Others are made here:
 *
 *	- of an executable, whose block is at a fixed offset: a function that returns its argument;
 *	- of a library, whose block the dynamic linker may allocate late and per thread: a function that
 *	  asks another descriptor of the same library and adds how far the one variable is from the other.
 *
 * A library without any descriptor for its own variables cannot be helped. Where linkers add the code that
 * calls a descriptor, the patch has that code, too.
 */
#include "build/linker.h"

/* A descriptor that the dynamic linker fills for one of the object's own variables. */
static const struct dyn_rel *own_desc(const struct linker *l)
{
	const struct object_dyn *d = l->po->dyn;

	for (size_t i = 0; i < d->n_rels; i++)
		if (d->rels[i].type == l->t->rel_tlsdesc && !d->rels[i].sym &&
		    elf_obj_load_seg(l->po->o, d->rels[i].offset))
			return &d->rels[i];
	return NULL;
}

static uint32_t descriptor(struct linker *l, uint32_t resolver, uint32_t argument)
{
	return l->t->tls_desc_argument_first ? got_pair(l, argument, resolver) : got_pair(l, resolver, argument);
}

uint32_t tls_call(struct linker *l)
{
	uint8_t code[TARGET_MAX_JUMP];

	return own_code(l, "tlsdesc.call", code, l->t->encode_tls_call(code));
}

uint32_t tls_desc(struct linker *l, const char *name, int64_t off)
{
	uint8_t code[TARGET_MAX_JUMP];
	const struct dyn_rel *d;
	uint32_t pair;

	if (!l->t->encode_tls_resolver)
		return 0;
	if (l->po->is_exec)
		return descriptor(l, own_code(l, "tlsdesc.fixed", code, l->t->encode_tls_resolver(false, code)),
				  abs_sym(l, name, (uint64_t)off));
	d = own_desc(l);
	if (!d)
		return 0;
	pair = got_pair(l, psym_object(l, "tlsdesc", d->offset),
			abs_sym(l, name, (uint64_t)(off - d->addend)));
	return descriptor(l, own_code(l, "tlsdesc.relative", code, l->t->encode_tls_resolver(true, code)), pair);
}
