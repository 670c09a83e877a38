/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of symbols that a kernel carries in itself, found and decoded without any symbol of it. */
#ifndef SUTURE_KERNEL_KALLSYMS_H
#define SUTURE_KERNEL_KALLSYMS_H

#include "base/err.h"

struct kallsyms_sym {
	uint64_t addr;
	const char *name;	/* in kallsyms.names */
	char type;
};

struct kallsyms {
	struct kallsyms_sym *v;	/* in the table's own order: sorted by address */
	size_t n;
	char *names;		/* owns the names */
	uint64_t base;		/* kallsyms_relative_base; 0: a relocation supplies it at run time */
	size_t base_at;		/* where that word is in the data */
	bool relative;		/* there is none: addresses are distances from the first byte of the data */
};

/*
 * Looks for the table in @n bytes at @p: little-endian, words of @word (4 or 8) bytes, and what is aligned in
 * the kernel is so relative to @p. True where one was found of which everything fits together; the caller
 * frees it.
 */
bool kallsyms_find(const uint8_t *p, size_t n, size_t word, struct kallsyms *ret);
void kallsyms_free(struct kallsyms *k);

#endif
