// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of symbols in a kernel, found and decoded: in generated images of every order and word size that
 * kernels have, and never beyond the bytes that are there, whatever they say.
 */
#include "kernel/kallsyms.h"
#include "base/buf.h"
#include "tap.h"

#include <stdlib.h>

enum order { ORDER_OLD, ORDER_SEQS, ORDER_NEW };

struct made {
	struct buf b;
	size_t n;
	uint64_t *addr;
	char **name;
};

static void align(struct buf *b, size_t word)
{
	while (b->n % word)
		buf_add(b, NULL, 1);
}

static void word_of(struct buf *b, uint64_t v, size_t word)
{
	buf_add(b, &v, word);
}

static void offsets_of(struct made *m, size_t word, uint64_t base, bool absolute)
{
	align(&m->b, word);
	for (size_t i = 0; i < m->n; i++) {
		/* The first three are variables per CPU where @absolute. */
		int32_t off = !absolute ? (int32_t)(m->addr[i] - base) :
			      i < 3	? (int32_t)m->addr[i] :
					  (int32_t)(base - 1 - m->addr[i]);

		buf_add(&m->b, &off, 4);
	}
	align(&m->b, word);
	word_of(&m->b, base, word);
}

static void make(struct made *m, size_t n, size_t word, enum order order, bool absolute, bool lead)
{
	uint64_t base = word == 8 ? 0xffffffff81000000u : 0xc0008000u;
	uint16_t index[256];
	size_t *at = calloc(n, sizeof(*at)), names;
	uint32_t count = (uint32_t)n;

	memset(m, 0, sizeof(*m));
	m->n = n;
	m->addr = calloc(n, sizeof(*m->addr));
	m->name = calloc(n, sizeof(*m->name));
	for (size_t i = 0; i < n; i++) {
		m->addr[i] = absolute && i < 3 ? i * 64 : base + i * 16;
		m->name[i] = i % 50 == 7 ? xasprintf("tlong_%0200zu", i) : xasprintf("tf_%zu", i);
	}
	/* Something in front that looks like the tokens, and is not. */
	if (lead)
		buf_add(&m->b, "0\0001\0002\0003\0004\0005\0006\0007\0008\0009\0x", 22);
	if (order != ORDER_NEW)
		offsets_of(m, word, base, absolute);
	align(&m->b, word);
	buf_add(&m->b, &count, 4);
	align(&m->b, word);
	names = m->b.n;
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(m->name[i]) - 1; /* "tf" is one token */
		uint8_t head[2] = {(uint8_t)len, 0};

		if (len > 127) {
			head[0] = (uint8_t)((len & 0x7f) | 0x80);
			head[1] = (uint8_t)(len >> 7);
		}
		at[i] = m->b.n - names;
		buf_add(&m->b, head, len > 127 ? 2 : 1);
		head[0] = m->name[i][1] == 'f' ? 1 : 2;
		buf_add(&m->b, head, 1);
		buf_add(&m->b, m->name[i] + 2, len - 1);
	}
	align(&m->b, word);
	for (size_t i = 0; i < n; i += 256) {
		uint32_t v = (uint32_t)at[i];

		buf_add(&m->b, &v, 4);
	}
	align(&m->b, word);
	if (order == ORDER_SEQS)
		buf_add(&m->b, NULL, 3 * n);
	align(&m->b, word);
	names = m->b.n;
	for (size_t i = 0; i < 256; i++) {
		char c[2] = {i >= ' ' && i < 127 ? (char)i : '\0', 0};

		index[i] = (uint16_t)(m->b.n - names);
		buf_addstr(&m->b, i == 1 ? "tf" : i == 2 ? "tl" : c);
	}
	align(&m->b, word);
	buf_add(&m->b, index, sizeof(index));
	if (order == ORDER_NEW)
		offsets_of(m, word, base, absolute);
	free(at);
}

static void unmake(struct made *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->name[i]);
	free(m->name);
	free(m->addr);
	buf_free(&m->b);
}

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
