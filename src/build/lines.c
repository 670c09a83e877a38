// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Line preservation.
 *
 * The problem: a patch that adds a line shifts all that follows, and every assert(), log call or
 * WARN_ON() down there has __LINE__ compiled into it. Without care a one-line fix would change
 * half of a file's functions.
 *
 * The plan: compare the original and the final file line by line, so that it does not matter how
 * many patches made the difference. Walk over the new file and keep account of the number that the
 * preprocessor gives to each line. Where a line of the original has another number than it had,
 * put "#line N" before it, at the first place where a directive is allowed and changes nothing
 * else. The directive has no file name: the presumed name stays.
 *
 * A place is safe when the line before it ended outside of comments, strings, continuations and
 * parentheses (a directive within macro arguments is undefined, C11 6.10.3p11), and the line does
 * not itself begin with a parenthesis (its macro's name may stand on the line before). A small
 * lexer knows. Parentheses are counted per branch of #if/#else: each branch starts with the depth
 * that the #if had.
 *
 * A directive in a branch that is not compiled has no effect, but lines are counted there all the
 * same. So behind a branch with a directive in it the number is unknown, and is given again after
 * the #else or #endif.
 *
 * #line directives that the source has itself (generated parsers) are followed in both files.
 *
 * Not supported: trigraphs; a line number inside a statement that the patch changed in its first
 * lines, up to the end of its parentheses: that statement's function is changed anyway.
 */
#include "build/lines.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Beyond this many differing lines the middle of a file counts as replaced altogether. */
#define MAX_EDITS 3000

struct line {
	const char *s;
	size_t n;		/* with its line end */
	uint64_t hash;
};

struct text {
	struct line *v;
	size_t n, cap;
};

static void split(const char *s, size_t n, struct text *ret)
{
	memset(ret, 0, sizeof(*ret));
	while (n) {
		const char *nl = memchr(s, '\n', n);
		size_t len = nl ? (size_t)(nl - s) + 1 : n;
		struct line *l = VEC_PUSH(ret->v, ret->n, ret->cap);

		l->s = s;
		l->n = len;
		l->hash = 14695981039346656037u;
		/* The end of the line does not count: a missing last one is no change. */
		while (len && (s[len - 1] == '\n' || s[len - 1] == '\r'))
			len--;
		for (size_t i = 0; i < len; i++)
			l->hash = (l->hash ^ (uint8_t)s[i]) * 1099511628211u;
		s += l->n;
		n -= l->n;
	}
}

static bool same(const struct line *a, const struct line *b)
{
	size_t n = a->n, m = b->n;

	if (a->hash != b->hash)
		return false;
	while (n && (a->s[n - 1] == '\n' || a->s[n - 1] == '\r'))
		n--;
	while (m && (b->s[m - 1] == '\n' || b->s[m - 1] == '\r'))
		m--;
	return n == m && !memcmp(a->s, b->s, n);
}

/*
 * Myers' greedy algorithm (An O(ND) Difference Algorithm, 1986). map[j] becomes 1 + the old line
 * that new line j is; 0: it is new. The furthest points of every round are kept to walk back.
 */
static void diff_lines(const struct text *a, const struct text *b, size_t *map)
{
	long lo = 0, n = (long)a->n, m = (long)b->n, d, x = 0, y = 0, max;
	long **rounds, *v;

	while (lo < n && lo < m && same(&a->v[lo], &b->v[lo])) {
		map[lo] = (size_t)lo + 1;
		lo++;
	}
	while (n > lo && m > lo && same(&a->v[n - 1], &b->v[m - 1])) {
		map[m - 1] = (size_t)n;
		n--;
		m--;
	}
	n -= lo;
	m -= lo;
	max = MIN(n + m, MAX_EDITS);
	if (!n || !m)
		return;
	rounds = xcalloc((size_t)max + 1, sizeof(*rounds));
	v = xcalloc(2 * (size_t)max + 3, sizeof(*v));
	for (d = 0; d <= max; d++) {
		for (long k = -d; k <= d; k += 2) {
			long *at = v + max + 1 + k;

			x = k == -d || (k != d && at[-1] < at[1]) ? at[1] : at[-1] + 1;
			y = x - k;
			while (x < n && y < m && same(&a->v[lo + x], &b->v[lo + y])) {
				x++;
				y++;
			}
			*at = x;
			if (x >= n && y >= m)
				goto found;
		}
		rounds[d] = xmemdup(v + max + 1 - d, (2 * (size_t)d + 1) * sizeof(*v));
	}
	goto out;
found:
	for (; d > 0; d--) {
		long k = x - y, prev_k, prev_x, prev_y;
		/* Points of round d - 1, for diagonals -(d-1)..d-1. */
		const long *at = rounds[d - 1] + (d - 1);

		if (k == -d || (k != d && at[k - 1] < at[k + 1]))
			prev_k = k + 1;
		else
			prev_k = k - 1;
		prev_x = at[prev_k];
		prev_y = prev_x - prev_k;
		while (x > prev_x && y > prev_y) {
			x--;
			y--;
			map[lo + y] = (size_t)(lo + x) + 1;
		}
		x = prev_x;
		y = prev_y;
	}
	while (x > 0 && y > 0) {
		x--;
		y--;
		map[lo + y] = (size_t)(lo + x) + 1;
	}
out:
	for (long i = 0; i <= max; i++)
		free(rounds[i]);
	free(rounds);
	free(v);
}

#define MAX_NEST 64

struct lexer {
	enum { CODE, COMMENT, LINE_COMMENT, STRING, CHARACTER, RAW } state;
	bool continued;		/* the last line ended in a backslash */
	bool directive;		/* inside a preprocessor directive */
	int depth;		/* of parentheses and brackets */
	char raw_end[24];	/* )delim" */
	int nest;		/* of #if */
	int saved[MAX_NEST];	/* depth at each #if */
	bool marked[MAX_NEST];	/* a #line was put into this #if group */
	bool lost;		/* out: the number is unknown after this line */
	unsigned long set_line;	/* out: this line was a #line directive for this number; 0: none */
};

static bool is_safe(const struct lexer *lx, const struct line *l)
{
	size_t i = 0;

	while (i < l->n && (l->s[i] == ' ' || l->s[i] == '\t'))
		i++;
	return lx->state == CODE && !lx->continued && !lx->directive && lx->depth <= 0 &&
	       !(i < l->n && l->s[i] == '(');
}

static void mark_line_directive(struct lexer *lx)
{
	for (int i = 0; i < MIN(lx->nest, MAX_NEST); i++)
		lx->marked[i] = true;
}

/* @s is what follows the '#' of a directive. */
static void lex_directive(struct lexer *lx, const char *s, const char *end)
{
	char word[12] = "";
	size_t n = 0;
	int top;

	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	if (s < end && isdigit((unsigned char)*s)) {
		lx->set_line = strtoul(s, NULL, 10);
		mark_line_directive(lx);
		return;
	}
	while (s < end && isalpha((unsigned char)*s) && n + 1 < sizeof(word))
		word[n++] = *s++;
	word[n] = '\0';
	top = lx->nest - 1;
	if (!strcmp(word, "if") || !strcmp(word, "ifdef") || !strcmp(word, "ifndef")) {
		if (lx->nest < MAX_NEST) {
			lx->saved[lx->nest] = lx->depth;
			lx->marked[lx->nest] = false;
		}
		lx->nest++;
	} else if (str_starts(word, "el") && top >= 0 && top < MAX_NEST) {
		lx->depth = lx->saved[top];
		lx->lost |= lx->marked[top];
	} else if (!strcmp(word, "endif") && top >= 0) {
		if (top < MAX_NEST)
			lx->lost |= lx->marked[top];
		lx->nest--;
	} else if (!strcmp(word, "line")) {
		while (s < end && (*s == ' ' || *s == '\t'))
			s++;
		if (s < end && isdigit((unsigned char)*s)) {
			lx->set_line = strtoul(s, NULL, 10);
			mark_line_directive(lx);
		}
	}
}

static bool is_ident(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (c & 0x80);
}

/* True where the quote at @s ends the prefix of a raw string; R must not end a longer name. */
static bool begins_raw(const char *line, const char *s)
{
	const char *w = s;

	while (w > line && is_ident(w[-1]))
		w--;
	return s - w >= 1 && s - w <= 3 && s[-1] == 'R' &&
	       (s - w == 1 || strchr("uUL", *w)) && (s - w != 3 || w[1] == '8');
}

static void lex_line(struct lexer *lx, const struct line *l)
{
	const char *s = l->s, *end = s + l->n, *first = s;
	bool escaped_end;

	while (end > s && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	escaped_end = end > s && end[-1] == '\\' && lx->state != RAW;
	lx->lost = false;
	lx->set_line = 0;
	while (first < end && (*first == ' ' || *first == '\t'))
		first++;
	if (lx->state == CODE && !lx->continued && !lx->directive && first < end) {
		if (*first == '#') {
			lx->directive = true;
			lex_directive(lx, first + 1, end);
			s = first + 1;
		} else if (*s == '}') {
			/* A function's end: whatever was counted wrongly before is over. */
			lx->depth = 0;
		}
	}
	for (; s < end; s++) {
		switch (lx->state) {
		case COMMENT:
			if (*s == '*' && s + 1 < end && s[1] == '/') {
				lx->state = CODE;
				s++;
			}
			break;
		case LINE_COMMENT:
			s = end - 1;
			break;
		case RAW:
			if (*s == ')' && (size_t)(end - s) >= strlen(lx->raw_end) &&
			    !strncmp(s, lx->raw_end, strlen(lx->raw_end))) {
				s += strlen(lx->raw_end) - 1;
				lx->state = CODE;
			}
			break;
		case STRING:
		case CHARACTER:
			if (*s == '\\')
				s++;
			else if (*s == (lx->state == STRING ? '"' : '\''))
				lx->state = CODE;
			break;
		case CODE:
			if (*s == '/' && s + 1 < end && (s[1] == '*' || s[1] == '/')) {
				lx->state = s[1] == '*' ? COMMENT : LINE_COMMENT;
				s++;
			} else if (*s == '"' && begins_raw(l->s, s)) {
				const char *open = memchr(s, '(', (size_t)(end - s));
				size_t n = open ? (size_t)(open - s) - 1 : 0;

				if (open && n <= 16) {
					lx->raw_end[0] = ')';
					memcpy(lx->raw_end + 1, s + 1, n);
					lx->raw_end[n + 1] = '"';
					lx->raw_end[n + 2] = '\0';
					lx->state = RAW;
					s = open;
				} else {
					lx->state = STRING;
				}
			} else if (*s == '"') {
				lx->state = STRING;
			} else if (*s == '\'') {
				/* 1'000 in C++: a separator, not a character. */
				if (s == l->s || !isxdigit((unsigned char)s[-1]) || s + 1 >= end ||
				    !isxdigit((unsigned char)s[1]) || (s + 2 < end && s[2] == '\''))
					lx->state = CHARACTER;
			} else if (!lx->directive && (*s == '(' || *s == '[')) {
				lx->depth++;
			} else if (!lx->directive && (*s == ')' || *s == ']')) {
				lx->depth--;
			}
			break;
		}
	}
	lx->continued = escaped_end;
	if (escaped_end)
		return;
	/* An apostrophe in skipped text or in #error must not swallow what follows. */
	if (lx->state == LINE_COMMENT || lx->state == STRING || lx->state == CHARACTER)
		lx->state = CODE;
	if (lx->state == CODE)
		lx->directive = false;
}

/* The number that the preprocessor gives to each line, by #line directives of the text itself. */
static unsigned long *number_lines(const struct text *t)
{
	unsigned long *num = xcalloc(t->n + 1, sizeof(*num)), next = 1;
	struct lexer lx = {0};

	for (size_t i = 0; i < t->n; i++) {
		num[i] = next++;
		lex_line(&lx, &t->v[i]);
		if (lx.set_line)
			next = lx.set_line;
	}
	return num;
}

size_t lines_preserve(const char *old_text, size_t old_n, const char *new_text, size_t new_n,
		      struct buf *ret)
{
	unsigned long *want, have = 1;
	struct lexer lx = {0};
	bool unknown = false;
	struct text a, b;
	size_t count = 0, *map;

	split(old_text, old_n, &a);
	split(new_text, new_n, &b);
	map = xcalloc(b.n + 1, sizeof(*map));
	diff_lines(&a, &b, map);
	want = number_lines(&a);
	for (size_t i = 0; i < b.n; i++, have++) {
		const struct line *l = &b.v[i];
		unsigned long w = map[i] ? want[map[i] - 1] : 0;

		if (w && (w != have || unknown) && is_safe(&lx, l)) {
			bool crlf = l->n > 1 && l->s[l->n - 2] == '\r' && l->s[l->n - 1] == '\n';

			buf_addf(ret, "#line %lu%s\n", w, crlf ? "\r" : "");
			mark_line_directive(&lx);
			have = w;
			unknown = false;
			count++;
		}
		buf_add(ret, l->s, l->n);
		lex_line(&lx, l);
		if (lx.set_line)
			have = lx.set_line - 1;
		/* Without a difference so far there is nothing of ours to repeat. */
		if (lx.lost && count)
			unknown = true;
	}
	free(want);
	free(map);
	free(a.v);
	free(b.v);
	return count;
}

void lines_compare(const char *old_text, size_t old_n, const char *new_text, size_t new_n,
		   void (*fn)(void *ctx, unsigned long line, bool inserts), void *ctx)
{
	unsigned long *num;
	struct text a, b;
	size_t *map, i = 0;

	split(old_text, old_n, &a);
	split(new_text, new_n, &b);
	map = xcalloc(b.n + 1, sizeof(*map));
	diff_lines(&a, &b, map);
	num = number_lines(&a);
	num[a.n] = a.n ? num[a.n - 1] + 1 : 1;
	for (size_t j = 0; j <= b.n; j++) {
		bool inserts = false;
		size_t next;

		for (; j < b.n && !map[j]; j++)
			inserts = true;
		next = j < b.n ? map[j] : a.n + 1;
		for (; i + 1 < next; i++)
			fn(ctx, num[i], false);
		if (inserts)
			fn(ctx, num[i], true);
		i = next;
	}
	free(num);
	free(map);
	free(a.v);
	free(b.v);
}

bool lines_is_c_name(const char *path)
{
	static const char *const exts[] = {"c",	  "h",	 "cc",	"cpp", "cxx", "c++",
					   "C",	  "H",	 "hh",	"hpp", "hxx", "h++",
					   "ipp", "tcc", "inc", "inl", "def", "tbl"};
	const char *dot = strrchr(path_base(path), '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(exts); i++)
		if (!strcmp(dot + 1, exts[i]))
			return true;
	return false;
}
