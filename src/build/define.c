// SPDX-License-Identifier: GPL-2.0-or-later
/* Which unit defines a symbol: asked by those who prove functions of units that did not change. */
#include "build/compile.h"

#include "elf/elfobj.h"
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

static bool defines(const struct elf_obj *o, const char *name)
{
	for (size_t i = 1; i < o->n_syms; i++)
		if (o->syms[i].bind != STB_LOCAL && o->syms[i].shndx != SHN_UNDEF &&
		    !strcmp(o->syms[i].name, name))
			return true;
	return false;
}

/* The object that the build itself made of unit @i, opened once; NULL where there is none. */
static struct elf_obj *build_object(struct capture *c, size_t i)
{
	const struct unit *u = &c->units.v[i];
	struct sut_err ignored = {0};

	if (!c->objs)
		c->objs = xcalloc(c->units.n, sizeof(struct elf_obj *));
	/* Without an object the caller has another way, so the reason is of no interest. */
	if (!c->objs[i] && u->output && file_exists(u->output))
		c->objs[i] = target_obj_open(u->output, &ignored);
	sut_err_free(&ignored);
	return c->objs[i];
}

static bool text_has(const char *path, const char *name)
{
	uint8_t *text;
	bool has;
	size_t n;

	if (read_file(path, &text, &n) < 0)
		return false;
	has = memmem(text, n, name, strlen(name)) != NULL;
	free(text);
	return has;
}

const struct unit *unit_find_defining(struct capture *c, const char *name)
{
	for (size_t i = 0; i < c->units.n; i++) {
		struct elf_obj *o = build_object(c, i);

		if (o && defines(o, name))
			return &c->units.v[i];
	}
	for (size_t i = 0; i < c->units.n; i++) {
		const struct unit *u = &c->units.v[i];
		struct sut_err ignored = {0};
		char **path = NULL;

		if (build_object(c, i) || !text_has(u->source_path, name))
			continue;
		/* A candidate that does not compile cannot be the one that the build linked. */
		if (compile_originals(c, &u, 1, NULL, &path, &ignored) == 0) {
			c->objs[i] = target_obj_open(path[0], &ignored);
			free(path[0]);
		}
		sut_err_free(&ignored);
		free(path);
		if (c->objs[i] && defines(c->objs[i], name))
			return u;
	}
	return NULL;
}
