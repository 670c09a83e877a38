/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes tables of symbols as scripts/kallsyms.c of the kernel does, in every order that kernels have had. */
#ifndef SUTURE_TESTS_KALLSYMS_GEN_H
#define SUTURE_TESTS_KALLSYMS_GEN_H

#include "base/buf.h"

#include <stdlib.h>

enum order { ORDER_OLD, ORDER_SEQS, ORDER_NEW, ORDER_RELATIVE };

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

/* The distance of each symbol from its entry; the first symbol is the first byte of all. */
static void distances_of(struct made *m)
{
	for (size_t i = 0; i < m->n; i++) {
		int32_t off = (int32_t)m->addr[i] - (int32_t)m->b.n;

		buf_add(&m->b, &off, 4);
	}
}

__attribute__((unused)) static void make(struct made *m, size_t n, size_t word, enum order order, bool absolute, bool lead)
{
	uint64_t base = word == 8 ? 0xffffffff81000000u : 0xc0008000u;
	uint16_t index[256];
	size_t *at = calloc(n, sizeof(*at)), names;
	uint32_t count = (uint32_t)n;

	if (order == ORDER_RELATIVE) {
		base = 0;
		word = 4;
	}
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
	if (order == ORDER_OLD || order == ORDER_SEQS)
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
	if (order == ORDER_RELATIVE)
		distances_of(m);
	free(at);
}

__attribute__((unused)) static void unmake(struct made *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->name[i]);
	free(m->name);
	free(m->addr);
	buf_free(&m->b);
}

#endif
