// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symvers.h"
#include "kernel/kmod.h"

#include <stdlib.h>

struct symvers {
	char *text;
	struct export *v;
	size_t n, cap;
};

static int cmp_export(const void *a, const void *b)
{
	return strcmp(((const struct export *)a)->name, ((const struct export *)b)->name);
}

struct symvers *symvers_read(const char *dir)
{
	struct symvers *s = xcalloc(1, sizeof(*s));
	char *path = dir ? path_join(dir, "Module.symvers") : NULL, *lines = NULL;
	uint8_t *text;
	size_t n;

	if (path && read_file(path, &text, &n) == 0) {
		s->text = (char *)text;
		for (char *l = strtok_r(s->text, "\n", &lines); l; l = strtok_r(NULL, "\n", &lines)) {
			/* checksum, name, object, kind, and perhaps a namespace */
			char *f[5] = {l}, *p = l;
			size_t k = 1;

			while (k < 5 && (p = strchr(p, '\t'))) {
				*p++ = '\0';
				f[k++] = p;
			}
			/* A namespace of that kind names the modules that may use it, and cannot be imported. */
			if (k < 4 || (k == 5 && str_starts(f[4], "module:")))
				continue;
			*VEC_PUSH(s->v, s->n, s->cap) =
				(struct export){.name = f[1], .object = kmod_name(f[2]),
						.ns = k == 5 && *f[4] ? f[4] : NULL,
						.gpl = !strcmp(f[3], "EXPORT_SYMBOL_GPL")};
		}
		qsort(s->v, s->n, sizeof(*s->v), cmp_export);
	}
	free(path);
	return s;
}

void symvers_free(struct symvers *s)
{
	if (!s)
		return;
	free(s->v);
	free(s->text);
	free(s);
}

const struct export *symvers_find(const struct symvers *s, const char *name)
{
	struct export key = {.name = name};

	return s->n ? bsearch(&key, s->v, s->n, sizeof(*s->v), cmp_export) : NULL;
}
