// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/edits.h"
#include "build/hunk.h"

#include <stdlib.h>
#include <string.h>

static const char *skip_lines(const char *s, unsigned int n)
{
	while (n-- && s) {
		s = strchr(s, '\n');
		if (s)
			s++;
	}
	return s;
}

static void add(struct edits *e, const char *path, int line, bool inserts)
{
	struct edit *last = e->n ? &e->v[e->n - 1] : NULL;

	if (last && last->path == path && last->line == line && last->inserts == inserts)
		return;
	*VEC_PUSH(e->v, e->n, e->cap) = (struct edit){path, line, inserts};
}

static void read_hunk(struct edits *e, const char *path, const char *text, const struct hunk *h)
{
	const char *s = skip_lines(text, h->at); /* the line behind "@@" */
	unsigned int old = h->old_start, left_old = h->old_n, left_new = h->new_n;

	/* "@@ -0,0" and "@@ -N,0" count lines from the one before. */
	if (!h->old_n)
		old++;
	while (s && *s && (left_old || left_new)) {
		switch (*s) {
		case '-':
			add(e, path, (int)old, false);
			old++;
			left_old -= left_old > 0;
			break;
		case '+':
			add(e, path, (int)old, true);
			left_new -= left_new > 0;
			break;
		case '\\':
			break;
		default:
			old++;
			left_old -= left_old > 0;
			left_new -= left_new > 0;
		}
		s = skip_lines(s, 1);
	}
}

void edits_read(const struct patch_set *ps, struct edits *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < ps->paths.n; i++) {
		struct sut_err err = {0};
		struct diff d = {0};
		uint8_t *text;
		size_t n;

		if (read_file(ps->paths.v[i], &text, &n) < 0)
			continue;
		if (diff_parse(ps->paths.v[i], (char *)text, &d, &err) == 0)
			for (size_t f = 0; f < d.n_files; f++) {
				const char *old = d.files[f].old_path, *rel;

				rel = old ? diff_strip(old, ps->strip[i]) : NULL;
				for (size_t k = 0; rel && k < ps->n_files; k++)
					if (!strcmp(ps->files[k].path, rel) ||
					    (ps->files[k].old_path && !strcmp(ps->files[k].old_path, rel)))
						for (size_t h = 0; h < d.files[f].n_hunks; h++)
							read_hunk(ret, ps->files[k].path, (char *)text,
								  &d.files[f].hunks[h]);
			}
		diff_free(&d);
		free(text);
		sut_err_free(&err);
	}
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
