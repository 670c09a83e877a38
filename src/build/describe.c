// SPDX-License-Identifier: GPL-2.0-or-later
/* What a patch says of itself: its name, the CVEs that it fixes, the diffs and the compiler that made it. */
#include "build/build.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* "CVE-2026-66373" wherever it stands in a diff's name or text. */
static void find_cves(struct strvec *ret, const char *text)
{
	while ((text = strstr(text, "CVE-"))) {
		char cve[32];
		size_t year = strspn(text + 4, "0123456789"), number;

		/* A year and a number: what file names have behind them is not part of it. */
		number = year == 4 && text[8] == '-' ? strspn(text + 9, "0123456789") : 0;
		if (year == 4 && number >= 4 && number < sizeof(cve) - 9) {
			memcpy(cve, text, 9 + number);
			cve[9 + number] = '\0';
			if (!strvec_has(ret, cve))
				strvec_push(ret, cve);
		}
		text += 4;
	}
}

static char *default_name(const struct build_opts *o)
{
	char *name = xstrndup(path_base(o->patches[0]), 63), *dot;

	dot = strrchr(name, '.');
	if (dot && (!strcmp(dot, ".patch") || !strcmp(dot, ".diff")))
		*dot = '\0';
	for (char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._+-", *p))
			*p = '-';
	return name;
}

struct patch *build_describe(const struct build_opts *o)
{
	struct patch *p = xcalloc(1, sizeof(*p));

	p->name = o->name ? xstrdup(o->name) : default_name(o);
	p->version = o->version ? xstrdup(o->version) : NULL;
	p->description = o->description ? xstrdup(o->description) : NULL;
	p->author = o->author ? xstrdup(o->author) : NULL;
	for (size_t i = 0; o->cves && o->cves[i]; i++)
		strvec_push(&p->cves, o->cves[i]);
	for (size_t i = 0; o->patches[i]; i++) {
		uint8_t *text;
		size_t n;

		strvec_push(&p->sources, path_base(o->patches[i]));
		if (o->cves && o->cves[0])
			continue;
		find_cves(&p->cves, path_base(o->patches[i]));
		/* Only the description in front of the diff: code that mentions a CVE fixes none. */
		if (read_file(o->patches[i], &text, &n) == 0) {
			char *end = strstr((char *)text, "\n--- ");

			if (end)
				*end = '\0';
			find_cves(&p->cves, (char *)text);
			free(text);
		}
	}
	return p;
}

char *build_compiler_of(const struct elf_obj *o)
{
	const struct elf_sec *c = elf_obj_sec(o, ".comment");

	/* An object's comment begins with an empty string. */
	for (size_t k = 0; c && c->data && k < c->size; k++)
		if (c->data[k] && memchr(c->data + k, 0, c->size - k))
			return xstrdup((const char *)c->data + k);
	return NULL;
}
