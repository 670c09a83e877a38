// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/render.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WIDTH 80

const json_t *jget(const json_t *o, const char *key)
{
	return json_object_get(o, key);
}

const char *jstr(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

long long jint(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

bool jbool(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

const char *style(FILE *f, enum style s)
{
	static const char *const seq[] = {
		[BOLD] = "\033[1m",   [DIM] = "\033[2m",     [RED] = "\033[31m",
		[GREEN] = "\033[32m", [YELLOW] = "\033[33m", [PLAIN] = "\033[0m",
	};
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if ((no_color && *no_color) || (term && !strcmp(term, "dumb")) || !isatty(fileno(f)))
		return "";
	return seq[s];
}

enum style outcome_style(const char *outcome)
{
	if (!strcmp(outcome, "blocked") || !strcmp(outcome, "partial"))
		return YELLOW;
	if (!strcmp(outcome, "failed") || !strcmp(outcome, "usage"))
		return RED;
	return GREEN;
}

/* A ring of buffers, so that several texts fit into one printf. */
static char *ring(void)
{
	static char bufs[4][64];
	static unsigned int next;

	return bufs[next++ % 4];
}

const char *us_text(long long us)
{
	char *s = ring();

	if (us < 1000000)
		snprintf(s, 64, "%lld.%02lld ms", us / 1000, us % 1000 / 10);
	else
		snprintf(s, 64, "%lld.%02lld s", us / 1000000, us % 1000000 / 10000);
	return s;
}

const char *count_text(long long n, const char *noun)
{
	char *s = ring();

	if (n == 1)
		snprintf(s, 64, "1 %s", noun);
	else if (noun[strlen(noun) - 1] == 's')
		snprintf(s, 64, "%lld %ses", n, noun);
	else
		snprintf(s, 64, "%lld %ss", n, noun);
	return s;
}

static void sanitise_string(json_t *j, bool many_lines)
{
	char *s = strdup(json_string_value(j));
	bool changed = false;

	if (!s)
		abort();
	for (unsigned char *p = (unsigned char *)s; *p; p++) {
		bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f;
		bool kept = many_lines && (*p == '\n' || *p == '\t');

		if (c1) {
			*p++ = '?';
			*p = '?';
			changed = true;
		} else if (*p == 0x7f || (*p < 0x20 && !kept)) {
			*p = '?';
			changed = true;
		}
	}
	if (changed)
		json_string_set(j, s);
	free(s);
}

static void sanitise(json_t *j, bool many_lines)
{
	const char *key;
	json_t *v;
	size_t i;

	if (json_is_string(j)) {
		sanitise_string(j, many_lines);
	} else if (json_is_array(j)) {
		json_array_foreach(j, i, v)
			sanitise(v, many_lines);
	} else if (json_is_object(j)) {
		/* Only these hold paragraphs; a line break anywhere else would forge output. */
		json_object_foreach(j, key, v)
			sanitise(v, !strcmp(key, "page") || !strcmp(key, "description") ||
					    !strcmp(key, "cause") || !strcmp(key, "remedy"));
	}
}

void render_sanitise(json_t *doc)
{
	sanitise(doc, false);
}

void render_wrapped(FILE *f, int indent, const char *text)
{
	int col = 0;

	while (*text) {
		size_t word;

		if (*text == '\n') {
			if (col)
				fputc('\n', f);
			col = 0;
			text++;
			continue;
		}
		if (*text == ' ') {
			text++;
			continue;
		}
		word = strcspn(text, " \n");
		if (col && col + 1 + (int)word > WIDTH) {
			fputc('\n', f);
			col = 0;
		}
		col += fprintf(f, "%*s%.*s", col ? 1 : indent, "", (int)word, text);
		text += word;
	}
	if (col)
		fputc('\n', f);
}

void render_words(FILE *f, const char *label, const json_t *a)
{
	const json_t *s;
	size_t i;

	if (!json_array_size(a))
		return;
	fprintf(f, "%s", label);
	json_array_foreach((json_t *)a, i, s)
		fprintf(f, "%s%s", i ? ", " : "", json_string_value(s));
	fprintf(f, "\n");
}

void render_func(const json_t *func)
{
	const json_t *s;
	size_t i;

	printf("  %-32s %10s  %5lld -> %-5lld bytes", jstr(func, "name"), jstr(func, "address"),
	       jint(func, "size_bytes"), jint(func, "new_size_bytes"));
	if (*jstr(func, "file"))
		printf("  %s:%lld", jstr(func, "file"), jint(func, "line"));
	if (*jstr(func, "why"))
		printf("  [%s]", jstr(func, "why"));
	printf("\n");
	json_array_foreach((json_t *)jget(func, "chain"), i, s)
		printf("      %s\n", json_string_value(s));
}

static void render_reason(FILE *f, const json_t *r, int indent)
{
	const char *subject = jstr(r, "subject"), *cause = jstr(r, "cause");
	const json_t *link;
	size_t i;
	char *line = NULL;
	int sub = indent + 2;

	fprintf(f, "%*s%s%s%s  %s\n", indent, "", style(f, BOLD), jstr(r, "code"), style(f, PLAIN),
		jstr(r, "title"));
	if (asprintf(&line, *subject ? (*subject == '\'' ? "%s: %s" : "'%s': %s") : "%s%s", subject,
		     cause) < 0)
		abort();
	render_wrapped(f, sub, line);
	free(line);
	if (*jstr(r, "where"))
		fprintf(f, "%*sat %s\n", sub, "", jstr(r, "where"));
	json_array_foreach((json_t *)jget(r, "chain"), i, link)
		fprintf(f, "%*s%s %s\n", sub, "", i ? "     " : "chain", json_string_value(link));
	if (*jstr(r, "remedy"))
		render_wrapped(f, sub, jstr(r, "remedy"));
}

void render_reasons(FILE *f, const json_t *reasons, int indent)
{
	const json_t *r;
	size_t i;

	json_array_foreach((json_t *)reasons, i, r)
		render_reason(f, r, indent);
}
