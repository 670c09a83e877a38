// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symvers.h"
#include "elf/elfobj.h"
#include "kernel/kmod.h"

#include <stdlib.h>

struct entry {
	struct export e;
	size_t rank;		/* which of several counts: the first by it */
};

struct symvers {
	struct strvec kept;	/* names and paths of what was added */
	char **texts;		/* of files, with names in them */
	size_t n_texts, cap_texts;
	struct entry *v;
	size_t n, cap, n_files;
};

static int cmp_export(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int r = strcmp(x->e.name, y->e.name);

	return r ? r : x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* As modpost has it: an outside module may export what one of the kernel's does, too, but not what vmlinux does. */
static void add(struct symvers *s, const struct export *e)
{
	size_t rank = strcmp(e->object, "vmlinux") ? SIZE_MAX - s->n_files : 0;

	*VEC_PUSH(s->v, s->n, s->cap) = (struct entry){*e, rank};
}

static void sort(struct symvers *s)
{
	qsort(s->v, s->n, sizeof(*s->v), cmp_export);
	s->n_files++;
}

static const char *keep(struct symvers *s, const char *text)
{
	strvec_push(&s->kept, text);
	return s->kept.v[s->kept.n - 1];
}

static int read_lines(struct symvers *s, const char *path, const char *from)
{
	char *lines = NULL;
	uint8_t *text;
	size_t n;

	if (read_file(path, &text, &n) < 0)
		return -1;
	*VEC_PUSH(s->texts, s->n_texts, s->cap_texts) = (char *)text;
	for (char *l = strtok_r((char *)text, "\n", &lines); l; l = strtok_r(NULL, "\n", &lines)) {
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
		add(s, &(struct export){.name = f[1], .object = kmod_name(f[2]), .ns = k == 5 && *f[4] ? f[4] : NULL,
					.from = from, .crc = (uint32_t)strtoul(f[0], NULL, 16),
					.gpl = !strcmp(f[3], "EXPORT_SYMBOL_GPL")});
	}
	sort(s);
	return 0;
}

struct symvers *symvers_read(const char *dir)
{
	struct symvers *s = xcalloc(1, sizeof(*s));
	char *path = dir ? path_join(dir, "Module.symvers") : NULL;

	if (path)
		read_lines(s, path, NULL);
	free(path);
	return s;
}

int symvers_add(struct symvers *s, const char *path)
{
	return read_lines(s, path, keep(s, path));
}

/* The checksum that a module has of its export @name. */
static uint32_t crc_in(const struct elf_obj *ko, const char *name)
{
	static const char start[] = "__crc_";

	for (size_t i = 1; i < ko->n_syms; i++) {
		const struct elf_sym *y = &ko->syms[i];
		const struct elf_sec *sec = y->shndx && y->shndx < ko->n_secs ? &ko->secs[y->shndx] : NULL;

		if (sec && sec->data && str_starts(y->name, start) && !strcmp(y->name + strlen(start), name) &&
		    y->value + 4 <= sec->size)
			return get32(sec->data + y->value);
	}
	return 0;
}

void symvers_add_module(struct symvers *s, const char *path, const char *module, const struct elf_obj *ko)
{
	static const char start[] = "__ksymtab_";
	const char *from = keep(s, path), *object = keep(s, module);

	for (size_t i = 1; i < ko->n_syms; i++) {
		const struct elf_sym *y = &ko->syms[i];
		const char *name;

		if (!str_starts(y->name, start) || !y->shndx || y->shndx >= ko->n_secs)
			continue;
		name = keep(s, y->name + strlen(start));
		add(s, &(struct export){.name = name, .object = object, .from = from, .crc = crc_in(ko, name),
					.gpl = strstr(ko->secs[y->shndx].name, "_gpl") != NULL});
	}
	sort(s);
}

void symvers_free(struct symvers *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_texts; i++)
		free(s->texts[i]);
	free(s->texts);
	strvec_free(&s->kept);
	free(s->v);
	free(s);
}

const struct export *symvers_find(const struct symvers *s, const char *name)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (strcmp(s->v[mid].e.name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->n && !strcmp(s->v[lo].e.name, name) ? &s->v[lo].e : NULL;
}
