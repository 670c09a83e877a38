// SPDX-License-Identifier: GPL-2.0-or-later
/* All objects that a prepared tree's configuration makes: the makefiles are walked once, by make. */
#include "base/log.h"
#include "build/command.h"
#include "kernel/kmod.h"
#include "kernel/modtree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * A makefile in place of scripts/Makefile.build: reads a folder's own makefile as that does, writes down what
 * it makes, and goes on to the folders below. kbuild's top makefile calls it for the folders it prepares, too:
 * there it does nothing.
 */
const char ktree_list_mk[] =
	".PHONY: __list\n"
	"__list:\n"
	"ifneq ($(need-builtin)$(SUTURE_SUB),)\n"
	"build-mk := $(srctree)/scripts/Makefile.build\n"
	"ifneq ($(shell grep '^real-obj-y' $(build-mk)),)\n"
	/* Newer ones work out there what is to be built. */
	"include $(build-mk)\n"
	"else\n"
	/* "$(obj)", or since 6.10 the folder in the source */
	"$(eval $(shell grep '^src :=' $(build-mk)))\n"
	"include include/config/auto.conf\n"
	"include $(srctree)/scripts/Kbuild.include\n"
	"kbuild-dir := $(if $(filter /%,$(src)),$(src),$(srctree)/$(src))\n"
	"kbuild-file := $(or $(wildcard $(kbuild-dir)/Kbuild),$(wildcard $(kbuild-dir)/Makefile))\n"
	"include $(kbuild-file)\n"
	"include $(srctree)/scripts/Makefile.lib\n"
	"endif\n"
	"more := $(subdir-ym:%=__in/%)\n"
	"$(file >$(SUTURE_OUT)/=$(subst /,!,$(obj)),$(filter %.o,$(real-obj-y) $(real-obj-m) $(lib-y) $(extra-y)))\n"
	"__list: $(more)\n"
	"\t@:\n"
	"ifneq ($(more),)\n"
	".PHONY: $(more)\n"
	"$(more): __in/%:\n"
	"\t@$(MAKE) -f $(SUTURE_LIST) SUTURE_SUB=1 obj=$*\n"
	"endif\n"
	"endif\n"
	"ifneq ($(need-builtin),)\n"
	"$(patsubst ./%,%,$(MAKECMDGOALS)): __list\n"
	"\t@:\n"
	"endif\n"
	"%: ; @:\n";

/* What make lists of a module has the folder's place in front, or is relative to the folder with the makefile. */
static void add_unit(struct ktree *t, const char *word)
{
	size_t n = strlen(t->src);

	if (!t->headers)
		strvec_push(&t->units, word);
	else if (!strncmp(word, t->src, n) && word[n] == '/')
		strvec_push(&t->units, word + n + 1);
	else
		strvec_pushf(&t->units, "%s%s", t->sub, word);
}

static void add_list(void *ctx, const char *dir, const char *rel)
{
	struct ktree *t = ctx;
	char *path = path_join(dir, rel), *save = NULL;
	uint8_t *text;
	size_t n;

	if ((rel[0] == '=' || rel[0] == '+') && read_file(path, &text, &n) == 0) {
		for (char *w = strtok_r((char *)text, " \n", &save); w; w = strtok_r(NULL, " \n", &save))
			if (rel[0] == '=')
				add_unit(t, str_starts(w, "./") ? w + 2 : w);
			else
				strvec_push(&t->modules, kmod_name(w));
		free(text);
	}
	free(path);
}

static int cmp_str(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/*
 * A makefile may take units out of a folder that has none of its own ($(KVM)/kvm_main.o). Patches name the file as it
 * is; make knows it by the way that leads there.
 */
void ktree_settle_units(struct ktree *t)
{
	for (size_t i = 0; i < t->units.n; i++) {
		char *full;

		if (!strstr(t->units.v[i], "../"))
			continue;
		full = path_normal("/", t->units.v[i]);
		strvec_push(&t->goals, t->units.v[i]);
		free(t->units.v[i]);
		t->units.v[i] = xstrdup(full + 1);
		free(full);
	}
	qsort(t->units.v, t->units.n, sizeof(*t->units.v), cmp_str);
}

char *ktree_goal(const struct ktree *t, const char *path)
{
	char *own = xasprintf("%.*s.o", (int)strlen(path) - 2, path);

	for (size_t i = 0; i < t->goals.n; i++) {
		char *full = path_normal("/", t->goals.v[i]);
		bool same = !strcmp(full + 1, own);

		free(full);
		if (!same)
			continue;
		free(own);
		return xstrdup(t->goals.v[i]);
	}
	return own;
}

/* What make lists is then in files in @lists. */
static int walk_makefiles(const struct ktree *t, const char *lists, char **ret_said, struct sut_err *err)
{
	char *mk = path_join(t->dir, "list.mk"), *own_mk = path_join(t->dir, "module.mk");
	char *own = t->headers ? modtree_list_mk(mk) : NULL;
	const char *first = own ? own_mk : mk;
	struct strvec more = {0};
	int r = 0;

	remove_tree(lists);
	if (mkdir_p(lists) < 0 || write_file(mk, ktree_list_mk, strlen(ktree_list_mk)) < 0 ||
	    (own && write_file(own_mk, own, strlen(own)) < 0)) {
		r = sut_fail(err, SUT_E_IO, lists, "%s", strerror(errno));
		goto out;
	}
	strvec_pushf(&more, "build=-f %s obj", first);
	strvec_pushf(&more, "SUTURE_LIST=%s", first);
	strvec_pushf(&more, "SUTURE_OUT=%s", lists);
	strvec_push(&more, "suture.o");
	if (ktree_make(t, t->out, t->flags, more.v, NULL, ret_said))
		log_debug("walking the makefiles: %s", *ret_said ? *ret_said : "");
out:
	strvec_free(&more);
	free(own_mk);
	free(own);
	free(mk);
	return r;
}

int ktree_list_units(struct ktree *t, struct sut_err *err)
{
	char *lists = path_join(t->dir, "lists"), *said = NULL, *cache = path_join(t->dir, "units");
	struct buf b = {0};
	int r = walk_makefiles(t, lists, &said, err);

	if (r < 0)
		goto out;
	tree_walk(lists, add_list, t);
	qsort(t->units.v, t->units.n, sizeof(*t->units.v), cmp_str);
	if (!t->units.n) {
		r = ktree_prepare_failed(t, said, err);
		goto out;
	}
	for (size_t i = 0; i < t->units.n; i++)
		buf_addf(&b, "%s\n", t->units.v[i]);
	for (size_t i = 0; i < t->modules.n; i++)
		buf_addf(&b, "%s\n", t->modules.v[i]);
	if (write_file(cache, b.p, b.n) < 0)
		r = sut_fail(err, SUT_E_IO, cache, "%s", strerror(errno));
	ktree_settle_units(t);
out:
	remove_tree(lists);
	free(said);
	buf_free(&b);
	free(cache);
	free(lists);
	return r;
}

struct found_paths {
	const struct ktree *t;
	struct strvec *ret;
};

static void add_path(void *ctx, const char *dir, const char *rel)
{
	struct found_paths *f = ctx;
	char *path = path_join(dir, rel), *save = NULL, *full;
	uint8_t *text;
	size_t n;

	if (rel[0] == ':' && read_file(path, &text, &n) == 0) {
		for (char *w = strtok_r((char *)text, " \n", &save); w; w = strtok_r(NULL, " \n", &save)) {
			full = modtree_path(f->t, w);
			if (!strvec_has(f->ret, full))
				strvec_push(f->ret, full);
			free(full);
		}
		free(text);
	}
	free(path);
}

int ktree_extra_symbols(const struct ktree *t, struct strvec *ret, struct sut_err *err)
{
	char *lists = path_join(t->dir, "lists"), *said = NULL;
	int r = walk_makefiles(t, lists, &said, err);

	if (!r)
		tree_walk(lists, add_path, &(struct found_paths){t, ret});
	remove_tree(lists);
	free(said);
	free(lists);
	return r;
}

bool ktree_has_unit(const struct ktree *t, const char *path)
{
	size_t len = strlen(path);
	char *o = len > 2 ? xasprintf("%.*s.o", (int)(len - 2), path) : NULL;
	bool has = o && t->units.n && bsearch(&o, t->units.v, t->units.n, sizeof(*t->units.v), cmp_str);

	free(o);
	return has;
}
