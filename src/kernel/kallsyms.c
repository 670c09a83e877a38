// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Decoding the symbols that a kernel carries for itself (CONFIG_KALLSYMS), from a stripped image.
 *
 * Nothing says where the tables are, so they are found by what they must look like (scripts/kallsyms.c of
 * the kernel writes them, kernel/kallsyms.c reads them). All are in .rodata, each aligned to a word:
 *
 *	offsets		int32 for each symbol, in order of addresses
 *	relative_base	a word
 *	num_syms	uint32
 *	names		for each symbol: length (one byte, or two with bit 7 set in the first), then that many
 *			bytes, each standing for a token; the first character of the text is the type
 *	markers		uint32: where in names symbols 0, 256, 512 ... begin
 *	seqs_of_names	three bytes for each symbol (since 6.2, and in later 6.1)
 *	token_table	256 zero-terminated strings
 *	token_index	uint16[256]: where in token_table each begins
 *
 * Since 6.4 offsets, relative_base and seqs_of_names come last. Newer ones (7.2) have no relative_base, align all to
 * four bytes, and in each offset the distance of the symbol from that very offset. The way in is the token table: names of symbols
 * use every digit, so the tokens of the digits are the digits, and "0\0" to "9\0" stand in a row. The
 * index, which must agree with it in each entry, leaves no doubt. From there num_syms and names are looked for
 * backwards: the walk over all names must end where markers begin that agree with it.
 *
 * Offsets are relative to relative_base; with CONFIG_KALLSYMS_ABSOLUTE_PERCPU (x86-64 until 6.14) those
 * that are not negative are absolute, and the others are base - 1 - offset. There nearly all are negative.
 *
 * The image is data of others: every read is checked, whatever is there.
 */
#include "kernel/kallsyms.h"

#include <stdlib.h>
#include <string.h>

#define TOKENS 256u
#define MIN_SYMS 64u		/* any kernel has thousands; tests make small ones */
#define MAX_SYMS (8u << 20)
#define MAX_NAME 1024u		/* KSYM_NAME_LEN is 512 in the newest kernels */

struct view {
	const uint8_t *p;
	size_t n, word, align;
};

struct tables {
	size_t token_table, token_index; /* offsets in the view */
	size_t num_at, names, markers;
	uint32_t n_syms;
	size_t offsets, base;
	bool absolute, relative;
};

static bool has(const struct view *v, size_t at, size_t n)
{
	return at <= v->n && n <= v->n - at;
}

static size_t align_up(const struct view *v, size_t at)
{
	return ALIGN_UP(at, v->align);
}

/* The index behind the strings must name the start of each. */
static bool check_index(const struct view *v, size_t table, size_t index)
{
	size_t at = table;

	if (!has(v, index, TOKENS * 2))
		return false;
	for (size_t i = 0; i < TOKENS; i++) {
		const uint8_t *end;

		if (get16(v->p + index + 2 * i) != at - table)
			return false;
		end = at < index ? memchr(v->p + at, 0, index - at) : NULL;
		if (!end)
			return false;
		at = (size_t)(end - v->p) + 1;
	}
	return align_up(v, at) == index;
}

/* @digits: where the token "0" stands. Tries the places where the index behind may begin. */
static bool tokens_around(const struct view *v, size_t digits, struct tables *t)
{
	size_t at = digits, index, back;

	for (size_t i = '0'; i < TOKENS; i++) {
		const uint8_t *end = at < v->n ? memchr(v->p + at, 0, MIN(v->n - at, (size_t)MAX_NAME)) : NULL;

		if (!end)
			return false;
		at = (size_t)(end - v->p) + 1;
	}
	index = align_up(v, at);
	if (!has(v, index, TOKENS * 2))
		return false;
	back = get16(v->p + index + 2 * '0');
	if (back > digits || !check_index(v, digits - back, index))
		return false;
	t->token_table = digits - back;
	t->token_index = index;
	return true;
}

static bool find_tokens(const struct view *v, size_t from, struct tables *t)
{
	static const uint8_t digits[] = "0\0" "1\0" "2\0" "3\0" "4\0" "5\0" "6\0" "7\0" "8\0" "9";

	while (from < v->n) {
		const uint8_t *p = memmem(v->p + from, v->n - from, digits, sizeof(digits));

		if (!p)
			return false;
		if (tokens_around(v, (size_t)(p - v->p), t))
			return true;
		from = (size_t)(p - v->p) + 1;
	}
	return false;
}

/* Length of the entry's tokens at @at, and how many bytes tell it. 0: it is none. */
static size_t entry_len(const struct view *v, size_t at, size_t end, size_t *ret_head)
{
	size_t len;

	if (at >= end)
		return 0;
	len = v->p[at];
	*ret_head = 1;
	if (len & 0x80) {
		if (at + 1 >= end)
			return 0;
		len = (len & 0x7f) | (size_t)v->p[at + 1] << 7;
		*ret_head = 2;
	}
	return len && len <= end - at - *ret_head ? len : 0;
}

/* Do @n names at @names end where markers begin that agree with them? */
static bool walk_names(const struct view *v, size_t names, uint32_t n, size_t end, size_t *ret_markers)
{
	size_t at = names, head, len, n_markers = (n + 255) / 256, markers;

	for (uint32_t i = 0; i < n; i++) {
		len = entry_len(v, at, end, &head);
		if (!len)
			return false;
		at += head + len;
	}
	markers = align_up(v, at);
	if (markers > end || n_markers > (end - markers) / 4)
		return false;
	at = names;
	for (uint32_t i = 0; i < n; i++) {
		if (i % 256 == 0 && get32(v->p + markers + 4 * (i / 256)) != at - names)
			return false;
		len = entry_len(v, at, end, &head);
		at += head + len;
	}
	*ret_markers = markers;
	return true;
}

static bool find_names(const struct view *v, struct tables *t)
{
	size_t at = t->token_table & ~(v->align - 1);

	while (at >= 2 * v->align) {
		uint32_t n;

		at -= v->align;
		n = get32(v->p + at - v->align);
		/* Every name takes two bytes at least. */
		if (n < MIN_SYMS || n > MAX_SYMS || n > (t->token_table - at) / 2)
			continue;
		if (v->align == 8 && get32(v->p + at - 4))
			continue;
		if (!walk_names(v, at, n, t->token_table, &t->markers))
			continue;
		t->n_syms = n;
		t->names = at;
		t->num_at = at - v->align;
		return true;
	}
	return false;
}

static uint64_t get_word(const struct view *v, size_t at)
{
	uint64_t w = 0;

	memcpy(&w, v->p + at, v->word);
	return w;
}

static uint64_t addr_of(const struct view *v, const struct tables *t, uint32_t i)
{
	size_t at = t->offsets + 4 * (size_t)i;
	int32_t off = (int32_t)get32(v->p + at);
	uint64_t base, a;

	if (t->relative)
		return at + (uint64_t)(int64_t)off;
	base = get_word(v, t->base);
	if (t->absolute)
		a = off >= 0 ? (uint64_t)off : base - 1 - (uint64_t)(int64_t)off;
	else
		a = base + (uint32_t)off;
	return v->word == 4 ? (uint32_t)a : a;
}

/* Addresses that are in order are no accident. */
static bool check_offsets(const struct view *v, struct tables *t, size_t offsets, size_t base)
{
	size_t negative = 0;
	uint64_t last = 0;

	if (!has(v, offsets, 4 * (size_t)t->n_syms) || !has(v, base, v->word))
		return false;
	t->offsets = offsets;
	t->base = base;
	for (uint32_t i = 0; i < t->n_syms; i++)
		negative += (int32_t)get32(v->p + offsets + 4 * (size_t)i) < 0;
	/* A kernel is smaller than 2 GB, so plain offsets are hardly ever negative. */
	t->absolute = v->word == 8 && negative > t->n_syms / 2;
	for (uint32_t i = 0; i < t->n_syms; i++) {
		uint64_t a = addr_of(v, t, i);

		if (a < last)
			return false;
		last = a;
	}
	return get32(v->p + offsets) != get32(v->p + offsets + 4 * ((size_t)t->n_syms - 1));
}

static bool check_relative(const struct view *v, struct tables *t, size_t offsets)
{
	int64_t last = INT64_MIN;

	if (!has(v, offsets, 4 * (size_t)t->n_syms))
		return false;
	t->offsets = offsets;
	t->relative = true;
	for (uint32_t i = 0; i < t->n_syms; i++) {
		int64_t a = (int64_t)addr_of(v, t, i);

		if (a < last)
			return false;
		last = a;
	}
	return addr_of(v, t, 0) != (uint64_t)last;
}

static bool find_offsets(const struct view *v, struct tables *t)
{
	size_t bytes = ALIGN_UP(4 * (size_t)t->n_syms, v->word), after;

	if (v->align < v->word)
		return check_relative(v, t, align_up(v, t->token_index + TOKENS * 2));
	if (t->num_at >= bytes + v->word &&
	    check_offsets(v, t, t->num_at - v->word - bytes, t->num_at - v->word))
		return true;
	after = align_up(v, t->token_index + TOKENS * 2);
	return check_offsets(v, t, after, after + bytes);
}

/* All texts, one behind the other. False where a name is longer than any can be. */
static bool expand(const struct view *v, const struct tables *t, struct kallsyms *ret)
{
	size_t size = 0, at = t->names, head, len, out = 0;
	uint32_t lens[TOKENS];

	for (size_t i = 0; i < TOKENS; i++) {
		size_t s = t->token_table + get16(v->p + t->token_index + 2 * i);

		lens[i] = (uint32_t)strlen((const char *)v->p + s);
	}
	for (uint32_t i = 0; i < t->n_syms; i++) {
		size_t text = 0;

		len = entry_len(v, at, t->token_table, &head);
		for (size_t k = 0; k < len; k++)
			text += lens[v->p[at + head + k]];
		if (text < 2 || text > MAX_NAME)
			return false;
		size += text; /* the type goes, a terminator comes */
		at += head + len;
	}
	ret->names = xmalloc(size);
	ret->v = xcalloc(t->n_syms, sizeof(*ret->v));
	ret->n = t->n_syms;
	at = t->names;
	for (uint32_t i = 0; i < t->n_syms; i++) {
		struct kallsyms_sym *s = &ret->v[i];
		bool first = true;

		len = entry_len(v, at, t->token_table, &head);
		s->addr = addr_of(v, t, i);
		s->name = ret->names + out;
		for (size_t k = 0; k < len; k++) {
			uint8_t token = v->p[at + head + k];
			const char *text = (const char *)v->p + t->token_table +
					   get16(v->p + t->token_index + 2 * token);
			size_t n = lens[token];

			if (first && n) {
				s->type = *text++;
				n--;
				first = false;
			}
			memcpy(ret->names + out, text, n);
			out += n;
		}
		ret->names[out++] = '\0';
		at += head + len;
	}
	return true;
}

static bool find_tables(const struct view *v, struct kallsyms *ret)
{
	struct tables t = {0};
	size_t from = 0;

	while (find_tokens(v, from, &t)) {
		if (find_names(v, &t) && find_offsets(v, &t) && expand(v, &t, ret)) {
			ret->relative = t.relative;
			ret->base = t.relative ? 0 : get_word(v, t.base);
			ret->base_at = t.relative ? 0 : t.base;
			return true;
		}
		from = t.token_index;
	}
	return false;
}

bool kallsyms_find(const uint8_t *p, size_t n, size_t word, struct kallsyms *ret)
{
	memset(ret, 0, sizeof(*ret));
	return find_tables(&(struct view){p, n, word, word}, ret) ||
	       (word == 8 && find_tables(&(struct view){p, n, word, 4}, ret));
}

void kallsyms_free(struct kallsyms *k)
{
	free(k->v);
	free(k->names);
	memset(k, 0, sizeof(*k));
}
