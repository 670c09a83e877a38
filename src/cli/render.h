/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text from JSON: fields, colours, reasons. */
#ifndef SUTURE_CLI_RENDER_H
#define SUTURE_CLI_RENDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Fields of an object; a missing or null one is "", 0 or false. */
const char *jstr(const json_t *o, const char *key);
long long jint(const json_t *o, const char *key);
bool jbool(const json_t *o, const char *key);
const json_t *jget(const json_t *o, const char *key);

enum style { BOLD, DIM, RED, GREEN, YELLOW, PLAIN };
/* The escape sequence, or "" where @f is no terminal or NO_COLOR is set. */
const char *style(FILE *f, enum style s);
/* The style that an outcome is shown in. */
enum style outcome_style(const char *outcome);

/* "0.31 ms" from microseconds. Up to four results may be in use at once. */
const char *us_text(long long us);
/* "14 functions", "1 function". Up to four results may be in use at once. */
const char *count_text(long long n, const char *noun);

/* A line of @label and the words of @a, with commas; nothing where there are none. */
void render_words(FILE *f, const char *label, const json_t *a);
/* A function of a patch: addresses, sizes, place, and the chain of why it is in. */
void render_func(const json_t *func);
/* Prints reasons, each indented by @indent columns. */
void render_reasons(FILE *f, const json_t *reasons, int indent);
/* Prints text wrapped at 80 columns, each line after @prefix columns of blanks. */
void render_wrapped(FILE *f, int indent, const char *text);
/* Makes every string safe to print: control characters become '?'. */
void render_sanitise(json_t *doc);

#endif
