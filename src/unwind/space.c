// SPDX-License-Identifier: GPL-2.0-or-later
#include "unwind/cache.h"
#include "unwind/debug_frame.h"

#include <stdlib.h>
#include <string.h>

void unw_space_init(struct unw_space *s, const struct unw_arch *arch)
{
	memset(s, 0, sizeof(*s));
	s->arch = arch;
	s->signed_bits = arch->signed_bits;
}

void unw_space_add(struct unw_space *s, const struct unw_module *m)
{
	*VEC_PUSH(s->v, s->n, s->cap) = *m;
}

void unw_space_add_redirect(struct unw_space *s, uint64_t lo, const uint8_t *code, size_t n)
{
	if (n <= UNW_REDIRECT_MAX)
		*VEC_PUSH(s->redirects, s->n_redirects, s->cap_redirects) = (struct unw_redirect){lo, code, n};
}

static int by_lo(const void *a, const void *b)
{
	const struct unw_module *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

void unw_space_sort(struct unw_space *s)
{
	if (s->n)
		qsort(s->v, s->n, sizeof(*s->v), by_lo);
}

struct unw_module *unw_space_find(struct unw_space *s, uint64_t pc)
{
	size_t lo = 0, hi = s->n;
	struct unw_module *m;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->v[mid].lo <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* An object may have a hole between its segments, with another one (ours, too) mapped in it. */
	while (lo > 0 && pc >= s->v[lo - 1].hi)
		lo--;
	if (lo == 0)
		return NULL;
	m = &s->v[lo - 1];
	if (!m->loaded) {
		if (s->load)
			s->load(s->load_ctx, m);
		m->loaded = true;
	}
	return m;
}

void unw_space_free(struct unw_space *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].owned) {
			free((void *)s->v[i].hdr);
			free((void *)s->v[i].eh_frame);
			free((void *)s->v[i].sframe);
			free((void *)s->v[i].exidx);
			free((void *)s->v[i].extab);
			debug_frame_free(s->v[i].debug_frame);
		}
	}
	free(s->v);
	free(s->redirects);
	cfi_cache_free(s->cache);
	memset(s, 0, sizeof(*s));
}
