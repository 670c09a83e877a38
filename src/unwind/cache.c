// SPDX-License-Identifier: GPL-2.0-or-later
#include "unwind/cache.h"

#include <stdlib.h>
#include <string.h>

struct cfi_cache {
	struct cfi_row **slot;	/* open addressing, a power of two, at most half full */
	size_t n_slots, n;
};

static size_t first_slot(const struct cfi_cache *c, uint64_t pc)
{
	return (size_t)(pc * 0x9e3779b97f4a7c15ULL >> 20) & (c->n_slots - 1);
}

static struct cfi_row **find(const struct cfi_cache *c, uint64_t pc)
{
	size_t i = first_slot(c, pc);

	while (c->slot[i] && c->slot[i]->pc != pc)
		i = (i + 1) & (c->n_slots - 1);
	return &c->slot[i];
}

const struct cfi_row *cfi_cache_get(const struct cfi_cache *c, uint64_t pc)
{
	return c ? *find(c, pc) : NULL;
}

const struct cfi_row *cfi_cache_put(struct cfi_cache **cp, const struct cfi_row *row)
{
	struct cfi_cache *c = *cp;
	struct cfi_row **slot;

	if (!c) {
		c = *cp = xcalloc(1, sizeof(*c));
		c->n_slots = 256;
		c->slot = xcalloc(c->n_slots, sizeof(*c->slot));
	}
	if ((c->n + 1) * 2 > c->n_slots) {
		struct cfi_cache old = *c;

		c->n_slots *= 2;
		c->slot = xcalloc(c->n_slots, sizeof(*c->slot));
		for (size_t i = 0; i < old.n_slots; i++)
			if (old.slot[i])
				*find(c, old.slot[i]->pc) = old.slot[i];
		free(old.slot);
	}
	slot = find(c, row->pc);
	if (!*slot) {
		size_t size = offsetof(struct cfi_row, rules) + row->n_rules * sizeof(row->rules[0]);

		*slot = xmemdup(row, size);
		c->n++;
	}
	return *slot;
}

void cfi_cache_free(struct cfi_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_slots; i++)
		free(c->slot[i]);
	free(c->slot);
	free(c);
}
