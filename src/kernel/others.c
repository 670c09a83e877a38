// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a module takes from other modules that are not part of the kernel either.
 *
 * The headers' list of symbols has none of these. Who builds such a module gives modpost the other one's list,
 * by KBUILD_EXTRA_SYMBOLS; and who runs it has the other module's file, as the module says by its name which ones
 * it needs. Both are taken, the list first. Either may be of another build of the other module than the one
 * that this module was built with: the checksums in its file tell.
 */
#include "kernel/others.h"
#include "base/log.h"
#include "kernel/layout.h"
#include "kernel/symvers.h"
#include "target/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Does a unit use something that neither the kernel nor its own module has? */
static bool has_unknown(const struct kbuild *kb)
{
	for (size_t i = 0; i < kb->n_units; i++) {
		const struct kbuild_unit *u = &kb->units[i];

		for (uint32_t k = 1; u->new && k < u->new->n_syms; k++) {
			const struct elf_sym *y = &u->new->syms[k];

			if (!y->shndx && *y->name && y->bind != STB_LOCAL && !kbuild_knows(kb, u, y->name))
				return true;
		}
	}
	return false;
}

static int add_lists(struct kbuild *kb, struct sut_err *err)
{
	struct strvec paths = {0};
	int r = ktree_extra_symbols(kb->tree, &paths, err);

	for (size_t i = 0; i < paths.n; i++)
		if (symvers_add(kb->symvers, paths.v[i]) < 0)
			log_warn("KBUILD_EXTRA_SYMBOLS names %s: %s", paths.v[i], strerror(errno));
		else
			log_debug("symbols of other modules: %s", paths.v[i]);
	strvec_free(&paths);
	return r;
}

static void add_module(struct kbuild *kb, const char *name)
{
	char *path = kbuild_module_file(kb, name);
	struct sut_err ignored = {0};
	struct elf_obj *o;
	size_t n;
	uint8_t *p = path ? kimage_read_module(path, &n, &ignored) : NULL;

	o = p ? target_obj_open_mem(path, p, n, &ignored) : NULL;
	if (o) {
		log_debug("symbols of other modules: %s", path);
		symvers_add_module(kb->symvers, path, name, o);
	}
	sut_err_free(&ignored);
	elf_obj_free(o);
	free(path);
}

static void add_modules(struct kbuild *kb)
{
	struct strvec names = {0};

	for (size_t i = 1; i < kb->n_objects; i++) {
		const struct strvec *depends = &kb->objects[i].image->depends;

		for (size_t k = 0; k < depends->n; k++)
			if (!strvec_has(&names, depends->v[k]))
				strvec_push(&names, depends->v[k]);
	}
	for (size_t i = 0; i < names.n; i++)
		add_module(kb, names.v[i]);
	strvec_free(&names);
}

/* By what the module takes from there already. */
static void check_builds(const struct kbuild *kb, struct sut_err *err)
{
	for (size_t i = 1; i < kb->n_objects; i++) {
		const struct kbuild_object *ob = &kb->objects[i];

		for (size_t k = 0; k < ob->image->n_imports; k++) {
			const struct kimage_import *m = &ob->image->imports[k];
			const struct export *e = symvers_find(kb->symvers, m->name);

			if (!e || !e->from || e->crc == m->crc)
				continue;
			sut_fail(err, SUT_K_REFERENCE, m->name, "%s has its checksum as 0x%08x, and '%s' was built with 0x%08x: "
				 "that is another build of '%s'", e->from, e->crc, ob->name, m->crc, e->object);
			break;
		}
	}
}

int others_read(struct kbuild *kb, struct sut_err *err)
{
	size_t before = err->n;

	if (!has_unknown(kb))
		return 0;
	if (add_lists(kb, err) < 0)
		return -1;
	if (has_unknown(kb))
		add_modules(kb);
	check_builds(kb, err);
	return err->n > before ? -1 : 0;
}
