// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unified diffs.
 *
 * A patch file is text with diffs in it. A file's part begins with a "---" line followed by a "+++"
 * line (diff -u), or with "diff --git" where a rename or a mode change may come without hunks. A
 * hunk's header says how many lines follow, so that a removed line "-- x" is no file header.
 *
 * References: POSIX diff, "Diff -u output format"; git-diff(1), "Generating patch text with -p".
 */
#include "build/hunk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const char *path;
	const char *s;		/* start of the current line */
	unsigned int line;	/* its number; 0: before the first */
	const char *next;
};

static bool next_line(struct reader *r)
{
	const char *nl;

	if (!*r->next)
		return false;
	r->s = r->next;
	nl = strchr(r->s, '\n');
	r->next = nl ? nl + 1 : r->s + strlen(r->s);
	r->line++;
	return true;
}

/* The current line without its end, after @skip bytes; caller frees. */
static char *line_text(const struct reader *r, size_t skip)
{
	size_t n = (size_t)(r->next - r->s);

	while (n && (r->s[n - 1] == '\n' || r->s[n - 1] == '\r'))
		n--;
	return xstrndup(r->s + skip, n > skip ? n - skip : 0);
}

/* Undoes git's quoting: "a/f\303\251.c". @s starts after the opening quote. */
static char *unquote(const char *s)
{
	char *out = xmalloc(strlen(s) + 1);
	size_t n = 0;

	for (; *s && *s != '"'; s++) {
		static const char from[] = "abtnvfr\"\\", to[] = "\a\b\t\n\v\f\r\"\\";
		const char *at;

		if (*s != '\\' || !s[1]) {
			out[n++] = *s;
		} else if (s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			out[n++] = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			at = strchr(from, *++s);
			out[n++] = at ? to[at - from] : *s;
		}
	}
	out[n] = '\0';
	return out;
}

/* A path as it follows "--- ": quoted by git, or with a time after a tab. NULL for /dev/null. */
static char *header_path(const char *s)
{
	char *path;

	if (*s == '"')
		path = unquote(s + 1);
	else
		path = xstrndup(s, strcspn(s, "\t"));
	/* "--- a/x.c 2024-01-01 10:00:00": some tools put spaces before the time. */
	for (char *p = path; *p && *s != '"'; p++) {
		unsigned int y, m, d;

		if (*p == ' ' && sscanf(p, " %4u-%2u-%2u ", &y, &m, &d) == 3) {
			*p = '\0';
			break;
		}
	}
	if (!strcmp(path, "/dev/null")) {
		free(path);
		return NULL;
	}
	return path;
}

static struct diff_file *add_file(struct diff *d, unsigned int at)
{
	struct diff_file *f = VEC_PUSH(d->files, d->n_files, d->cap_files);

	f->at = at;
	return f;
}

static int short_hunk(const struct reader *r, unsigned int at, struct sut_err *err)
{
	sut_fail(err, SUT_B_PATCH_FORMAT, r->path, "the hunk at line %u ends too early", at);
	return sut_fail_where(err, r->path, (int)at);
}

static int parse_hunk(struct reader *r, struct diff_file *f, struct sut_err *err)
{
	struct hunk h = {.old_n = 1, .new_n = 1, .at = r->line};
	unsigned int old_left, new_left;
	const char *s = r->s + 3;
	int used;

	if (sscanf(s, " -%u%n", &h.old_start, &used) != 1)
		return short_hunk(r, h.at, err);
	s += used;
	if (*s == ',' && sscanf(s, ",%u%n", &h.old_n, &used) == 1)
		s += used;
	if (sscanf(s, " +%u%n", &h.new_start, &used) != 1)
		return short_hunk(r, h.at, err);
	s += used;
	if (*s == ',')
		sscanf(s, ",%u", &h.new_n);
	old_left = h.old_n;
	new_left = h.new_n;
	while (old_left || new_left) {
		char c;

		if (!next_line(r))
			return short_hunk(r, h.at, err);
		c = *r->s;
		/* Mailers strip the blank of an empty context line. */
		if (c == ' ' || c == '\n' || c == '\r') {
			if (!old_left || !new_left)
				return short_hunk(r, h.at, err);
			old_left--;
			new_left--;
		} else if (c == '-' && old_left) {
			old_left--;
		} else if (c == '+' && new_left) {
			new_left--;
		} else if (c != '\\') {
			return short_hunk(r, h.at, err);
		}
	}
	*VEC_PUSH(f->hunks, f->n_hunks, f->cap_hunks) = h;
	return 0;
}

/* git's lines between "diff --git" and the hunks. */
static void git_line(struct reader *r, struct diff_file *f)
{
	static const struct {
		const char *word;
		bool is_old;
	} names[] = {{"rename from ", true}, {"rename to ", false}};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *text, *path;

		if (!str_starts(r->s, names[i].word))
			continue;
		/* Here git writes paths without a prefix: it is put back, to be stripped again. */
		text = line_text(r, strlen(names[i].word));
		path = *text == '"' ? unquote(text + 1) : xstrdup(text);
		free(text);
		text = xasprintf("%s%s", names[i].is_old ? "a/" : "b/", path);
		free(path);
		if (names[i].is_old) {
			free(f->old_path);
			f->old_path = text;
		} else {
			free(f->new_path);
			f->new_path = text;
		}
		f->is_rename = true;
	}
	if (str_starts(r->s, "GIT binary patch") || str_starts(r->s, "Binary files "))
		f->is_binary = true;
}

/* "diff --git a/x b/x": both names are the same but for the prefix, unless it is a rename. */
static void git_names(const char *s, char **ret_old, char **ret_new)
{
	size_t n = strlen(s);

	*ret_old = *ret_new = NULL;
	if (*s == '"' || n < 5 || n % 2 == 0 || s[n / 2] != ' ')
		return;
	*ret_old = xstrndup(s, n / 2);
	*ret_new = xstrdup(s + n / 2 + 1);
	if (strcmp(*ret_old + 2, *ret_new + 2) != 0) {
		free(*ret_old);
		free(*ret_new);
		*ret_old = *ret_new = NULL;
	}
}

int diff_parse(const char *path, const char *text, struct diff *ret, struct sut_err *err)
{
	struct reader r = {.path = path, .next = text};
	struct diff_file *f = NULL;
	bool git = false, is_new = false, is_deleted = false;

	memset(ret, 0, sizeof(*ret));
	ret->path = xstrdup(path);
	while (next_line(&r)) {
		if (str_starts(r.s, "diff --git ")) {
			char *s = line_text(&r, strlen("diff --git "));

			f = add_file(ret, r.line);
			git_names(s, &f->old_path, &f->new_path);
			free(s);
			git = true;
			is_new = is_deleted = false;
		} else if (git && str_starts(r.s, "new file mode")) {
			is_new = true;
			free(f->old_path);
			f->old_path = NULL;
		} else if (git && str_starts(r.s, "deleted file mode")) {
			is_deleted = true;
			free(f->new_path);
			f->new_path = NULL;
		} else if (str_starts(r.s, "--- ") && str_starts(r.next, "+++ ")) {
			char *s = line_text(&r, 4);

			if (!git || f->n_hunks)
				f = add_file(ret, r.line);
			if (!git || !f->is_rename) {
				free(f->old_path);
				f->old_path = is_new ? NULL : header_path(s);
			}
			free(s);
			next_line(&r);
			s = line_text(&r, 4);
			if (!git || !f->is_rename) {
				free(f->new_path);
				f->new_path = is_deleted ? NULL : header_path(s);
			}
			free(s);
		} else if (f && str_starts(r.s, "@@ -")) {
			if (parse_hunk(&r, f, err) < 0)
				return -1;
			/* The next "---" begins another file, also without "diff --git". */
			if (!str_starts(r.next, "@@ -") && !str_starts(r.next, "\\"))
				git = is_new = is_deleted = false;
		} else if (git) {
			git_line(&r, f);
		}
	}
	if (!ret->n_files)
		return sut_fail(err, SUT_B_PATCH_FORMAT, path, "there is no unified diff in it");
	/* A time of the epoch and an empty side are how diff -N says "new" without git. */
	for (size_t i = 0; i < ret->n_files; i++) {
		f = &ret->files[i];
		if (f->is_binary)
			return sut_fail(err, SUT_B_PATCH_FORMAT, path,
					"line %u begins a binary diff of '%s'", f->at,
					f->new_path ? f->new_path : f->old_path);
		if (f->n_hunks == 1 && f->old_path && f->new_path && !f->is_rename) {
			if (!f->hunks[0].old_start && !f->hunks[0].old_n) {
				free(f->old_path);
				f->old_path = NULL;
			} else if (!f->hunks[0].new_start && !f->hunks[0].new_n) {
				free(f->new_path);
				f->new_path = NULL;
			}
		}
	}
	return 0;
}

void diff_free(struct diff *d)
{
	for (size_t i = 0; i < d->n_files; i++) {
		free(d->files[i].old_path);
		free(d->files[i].new_path);
		free(d->files[i].hunks);
	}
	free(d->files);
	free(d->path);
	memset(d, 0, sizeof(*d));
}

const char *diff_strip(const char *path, int strip)
{
	while (strip-- > 0) {
		path = strchr(path, '/');
		if (!path)
			return NULL;
		while (*path == '/')
			path++;
	}
	return *path ? path : NULL;
}
