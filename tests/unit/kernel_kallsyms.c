// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of symbols in a kernel, found and decoded: in generated images of every order and word size that
 * kernels have, and never beyond the bytes that are there, whatever they say.
 */
#include "kernel/kallsyms.h"
#include "kallsyms_gen.h"
#include "tap.h"

#include <stdlib.h>

static bool agrees(const struct made *m, const struct kallsyms *k)
{
	if (k->n != m->n)
		return false;
	for (size_t i = 0; i < k->n; i++)
		if (k->v[i].addr != m->addr[i] || k->v[i].type != 't' || strcmp(k->v[i].name, m->name[i] + 1))
			return false;
	return true;
}

/* In memory that ends where the data does, so that a sanitizer sees any read beyond it. */
static bool find_exact(const struct made *m, size_t n, size_t word, struct kallsyms *ret)
{
	uint8_t *p = malloc(n ? n : 1);
	bool found;

	memcpy(p, m->b.p, n);
	found = kallsyms_find(p, n, word, ret);
	free(p);
	return found;
}

int main(void)
{
	static const struct {
		const char *name;
		size_t n, word;
		enum order order;
		bool absolute;
	} good[] = {
		{"6.1, x86-64", 700, 8, ORDER_OLD, true},	 {"6.1, arm64", 700, 8, ORDER_OLD, false},
		{"later 6.1, arm64", 700, 8, ORDER_SEQS, false}, {"later 6.1, arm", 513, 4, ORDER_SEQS, false},
		{"6.12, x86-64", 512, 8, ORDER_NEW, true},	 {"6.12, arm", 257, 4, ORDER_NEW, false},
		{"7.2, arm64", 701, 8, ORDER_RELATIVE, false},
	};
	struct kallsyms k;
	struct made m;
	size_t wrong = 0;
	unsigned int seed = 1;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		make(&m, good[i].n, good[i].word, good[i].order, good[i].absolute, i % 2);
		tap_ok(find_exact(&m, m.b.n, good[i].word, &k) && agrees(&m, &k), "symbols of %s", good[i].name);
		kallsyms_free(&k);
		unmake(&m);
	}
	make(&m, 600, 8, ORDER_SEQS, false, true);
	for (size_t n = 0; n < m.b.n; n += 13) {
		wrong += find_exact(&m, n, 8, &k);
		kallsyms_free(&k);
	}
	tap_ok(!wrong, "nothing is found in a table that is cut off anywhere");
	/* A changed byte of a name gives another name; anything else must be noticed or change nothing. */
	for (int i = 0; i < 4000; i++) {
		size_t at = (size_t)rand_r(&seed) % m.b.n;
		uint8_t old = m.b.p[at];

		m.b.p[at] = (uint8_t)rand_r(&seed);
		if (find_exact(&m, m.b.n, 8, &k))
			for (size_t s = 1; s < k.n; s++)
				wrong += k.v[s].addr < k.v[s - 1].addr || strlen(k.v[s].name) > 1100;
		kallsyms_free(&k);
		m.b.p[at] = old;
	}
	tap_ok(!wrong, "whatever byte is changed, symbols stay in order, or none are found");
	unmake(&m);
	return tap_done();
}
