// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/edits.h"
#include "base/buf.h"
#include "build/lines.h"

#include <stdlib.h>
#include <string.h>

struct adding {
	struct edits *e;
	const char *path;
};

static void add(void *ctx, unsigned long line, bool inserts)
{
	struct adding *a = ctx;

	*VEC_PUSH(a->e->v, a->e->n, a->e->cap) = (struct edit){a->path, (int)line, inserts};
}

void edits_add(struct edits *e, const char *path, const char *old_text, size_t old_n, const char *new_text,
	       size_t new_n)
{
	struct adding a = {e, path};

	lines_compare(old_text, old_n, new_text, new_n, add, &a);
}

void edits_free(struct edits *e)
{
	free(e->v);
	memset(e, 0, sizeof(*e));
}

static bool same_file(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	while (str_starts(b, "./"))
		b += 2, m -= 2;
	if (n > m)
		return str_ends(a, b) && a[n - m - 1] == '/';
	return str_ends(b, a) && (n == m || b[m - n - 1] == '/');
}

bool edits_touch(const struct edits *e, const char *file, int from, int to)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct edit *x = &e->v[i];

		/* Lines put in front of a function's first line are not its own. */
		if (same_file(x->path, file) && x->line <= to &&
		    (x->inserts ? x->line > from : x->line >= from))
			return true;
	}
	return false;
}
