// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/imports.h"
#include "elf/dynamic.h"

#include <stdlib.h>
#include <string.h>

/* %s: the multiarch name; /usr/%s/lib is where Debian's cross compilers have their libraries. */
static const char *const system_dirs[] = {
	"/lib/%s", "/usr/lib/%s", "/usr/%s/lib", "/lib64", "/usr/lib64", "/lib", "/usr/lib",
	"/usr/local/lib",
};

static bool load_file(struct imports *im, const char *path, uint16_t machine)
{
	struct sut_err err = {0};
	struct elf_obj *o = file_exists(path) ? target_obj_open(path, &err) : NULL;
	struct object_dyn *d = o && o->machine == machine ? object_dyn_read(o, &err) : NULL;

	sut_err_free(&err);
	if (!d) {
		elf_obj_free(o);
		return false;
	}
	*VEC_PUSH(im->libs, im->n, im->cap) = (struct import_lib){o, d};
	return true;
}

/* @dir may begin with $ORIGIN, the folder of the object itself. */
static bool load_from(struct imports *im, const char *dir, const char *origin, const char *soname,
		      uint16_t machine)
{
	char *full, *path;
	bool good;

	if (str_starts(dir, "$ORIGIN"))
		full = xasprintf("%s%s", origin, dir + strlen("$ORIGIN"));
	else
		full = xstrdup(dir);
	path = path_join(full, soname);
	good = load_file(im, path, machine);
	free(path);
	free(full);
	return good;
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");
}

static char *system_dir(const char *root, const char *dir, const char *multiarch)
{
	const char *at = strstr(dir, "%s");

	if (!at)
		return xasprintf("%s%s", root, dir);
	return xasprintf("%s%.*s%s%s", root, (int)(at - dir), dir, multiarch, at + 2);
}

static bool load_soname(struct imports *im, const char *soname, const char *user, const char *runpath,
			uint16_t machine)
{
	char *origin = folder_of(user), *list = xstrdup(runpath ? runpath : ""), *save = NULL;
	const char *usr = strstr(user, "/usr/");
	const struct target *t = target_find(machine);
	bool good = false;

	for (char *d = strtok_r(list, ":", &save); d && !good; d = strtok_r(NULL, ":", &save))
		good = load_from(im, d, origin, soname, machine);
	/* A package unpacked somewhere: its own libraries before the system's. */
	for (int pass = usr ? 0 : 1; pass < 2; pass++)
		for (size_t i = 0; i < ARRAY_SIZE(system_dirs) && !good; i++) {
			char *root = pass ? xstrdup("") : xstrndup(user, (size_t)(usr - user));
			char *dir = system_dir(root, system_dirs[i], t->multiarch);

			good = (pass || *root) && load_from(im, dir, origin, soname, machine);
			free(dir);
			free(root);
		}
	free(list);
	free(origin);
	return good;
}

static bool is_loaded(const struct imports *im, const char *soname)
{
	for (size_t i = 0; i < im->n; i++) {
		char *name = elf_obj_soname(im->libs[i].o);
		bool same = !strcmp(name, soname);

		free(name);
		if (same)
			return true;
	}
	return false;
}

static void load_needed(struct imports *im, const struct object_dyn *dyn, const char *user,
			uint16_t machine, struct prove_object *const *peers, size_t n_peers)
{
	for (size_t i = 0; i < dyn->needed.n; i++) {
		const char *soname = dyn->needed.v[i];
		bool good = is_loaded(im, soname);

		for (size_t k = 0; k < n_peers && !good; k++)
			if (!strcmp(peers[k]->name, soname))
				good = load_file(im, peers[k]->o->path, machine);
		if (!good && !load_soname(im, soname, user, dyn->runpath, machine))
			im->incomplete = true;
	}
}

void imports_load(struct imports *im, const struct prove_object *po, struct prove_object *const *peers,
		  size_t n_peers)
{
	if (im->loaded)
		return;
	im->loaded = true;
	/* A library may also use what the program defines, and that is not known here. */
	im->incomplete = !po->is_exec;
	load_needed(im, po->dyn, po->o->path, po->o->machine, peers, n_peers);
	for (size_t i = 0; i < im->n; i++)
		load_needed(im, im->libs[i].dyn, im->libs[i].o->path, po->o->machine, peers, n_peers);
}

void imports_free(struct imports *im)
{
	for (size_t i = 0; i < im->n; i++) {
		object_dyn_free(im->libs[i].dyn);
		elf_obj_free(im->libs[i].o);
	}
	free(im->libs);
	memset(im, 0, sizeof(*im));
}

int imports_find(const struct imports *im, const char *name, const char **ret_version)
{
	for (size_t i = 0; i < im->n; i++) {
		const struct object_dyn *d = im->libs[i].dyn;

		for (size_t s = 1; s < d->n_syms; s++)
			if (d->syms[s].shndx != SHN_UNDEF && !d->syms[s].hidden &&
			    !strcmp(d->syms[s].name, name)) {
				*ret_version = d->syms[s].version;
				return 1;
			}
	}
	return im->incomplete ? -1 : 0;
}
