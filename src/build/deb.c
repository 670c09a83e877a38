// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Debian source packages.
 *
 * The problem: a host runs a stock binary; its source, its exact build and the binary itself are
 * in the archive. apt knows how to get all three (apt.c).
 *
 * The plan: CACHE/deb/SOURCE_VERSION holds the source package, its unpacked tree, the binary packages
 * of that source version and their unpacked files. A binary may have been built again without a source
 * change (+b1): apt's Source field tells which source version it is of.
 *
 * NAME:ARCH asks for another architecture's binaries. The build that is watched stays the host's; its
 * commands are then turned to the cross compiler (foreign.c).
 *
 * The build is the build step of dpkg-buildpackage -b: the same environment (architecture
 * variables, SOURCE_DATE_EPOCH of the changelog), debian/rules build-arch, no tests, no packaging.
 * Documentation (build-indep) is nothing that runs, and needs packages of its own.
 */
#include "build/deb.h"

#include "base/log.h"
#include "build/apt.h"
#include "build/foreign.h"
#include "build/jobs.h"
#include "build/load.h"

#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* --- names and versions --- */

/* Source package and version of a binary stanza: "Source: redis (5:7.0.15-1)", or its own. */
static void source_of(const char *stanza, char **ret_name, char **ret_version)
{
	char *src = apt_field(stanza, "Source"), *open = src ? strchr(src, '(') : NULL;

	*ret_version = open ? xstrndup(open + 1, strcspn(open + 1, ")")) : apt_field(stanza, "Version");
	if (src)
		*ret_name = xstrndup(src, strcspn(src, " ("));
	else
		*ret_name = apt_field(stanza, "Package");
	free(src);
}

static char *installed_version(const struct apt *a, const char *name)
{
	struct sut_err ignored = {0};
	char *out = NULL;

	/* Not installed is an ordinary answer here. */
	apt_tool(a, NULL, ARGV(W("dpkg-query"), W("-W"), W("-f${Version}"), W(name)),
	     SUT_B_DEB_NAME, &out, &ignored);
	sut_err_free(&ignored);
	if (out && !*out) {
		free(out);
		out = NULL;
	}
	return out;
}

static int resolve(const char *spec, const struct apt *a, struct deb *d, struct sut_err *err)
{
	const char *eq = strchr(spec, '=');
	char *name = eq ? xstrndup(spec, (size_t)(eq - spec)) : xstrdup(spec), *out;
	char *colon = strchr(name, ':'), *want;

	if (colon) {
		*colon = '\0';
		d->arch = xstrdup(colon + 1);
	}
	want = eq ? xstrdup(eq + 1) : d->arch ? NULL : installed_version(a, name);

	out = apt_show(a, "show", name);
	for (const char *s = out; s && !d->source; s = apt_next_stanza(s)) {
		char *pkg = apt_field(s, "Package"), *ver = apt_field(s, "Version"), *src, *srcver;

		source_of(s, &src, &srcver);
		if (pkg && ver && src && srcver && !strcmp(pkg, name) &&
		    (!want || !strcmp(ver, want) || !strcmp(srcver, want))) {
			d->source = xstrdup(src);
			d->version = xstrdup(srcver);
		}
		free(pkg);
		free(ver);
		free(src);
		free(srcver);
	}
	free(out);
	/* A source package need not have a binary of its own name. */
	out = d->source ? NULL : apt_show(a, "showsrc", name);
	for (const char *s = out; s && !d->source; s = apt_next_stanza(s)) {
		char *pkg = apt_field(s, "Package"), *ver = apt_field(s, "Version");

		if (pkg && ver && (!want || !strcmp(ver, want))) {
			d->source = xstrdup(pkg);
			d->version = xstrdup(ver);
		}
		free(pkg);
		free(ver);
	}
	free(out);
	if (!d->source)
		sut_fail(err, SUT_B_DEB_NAME, spec, "the archives have no package '%s'%s%s", name,
			 want ? " in version " : "", want ? want : "");
	free(want);
	free(name);
	return d->source ? 0 : -1;
}

/* --- source and binaries --- */

static int only_dsc(const struct dirent *de)
{
	return str_ends(de->d_name, ".dsc");
}

static int fetch_source(const struct apt *a, struct deb *d, struct sut_err *err)
{
	char *spec = xasprintf("%s=%s", d->source, d->version), *temp, *dsc = NULL;
	struct dirent **names;
	int n, r = 0;

	if (file_exists(d->tree)) {
		free(spec);
		return 0;
	}
	log_info("downloading the source of %s %s", d->source, d->version);
	r = apt_tool(a, d->dir,
		 ARGV(W("apt-get"), W("-q"), W("source"), W("--download-only"), spec),
		 SUT_B_DEB_FETCH, NULL, err);
	free(spec);
	if (r < 0)
		return -1;
	n = scandir(d->dir, &names, only_dsc, alphasort);
	for (int i = 0; i < n; i++) {
		free(dsc);
		dsc = path_join(d->dir, names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	if (!dsc)
		return sut_fail(err, SUT_B_DEB_FETCH, d->source, "apt-get left no .dsc file");
	/* Unpacked under another name first: a tree that is there is whole. */
	temp = xasprintf("%s.tmp", d->tree);
	if (remove_tree(temp) < 0)
		r = sut_fail(err, SUT_E_IO, temp, "%s", strerror(errno));
	if (r == 0)
		r = apt_tool(a, d->dir, ARGV(W("dpkg-source"), W("--no-check"), W("-x"), dsc, temp),
			 SUT_B_DEB_FETCH, NULL, err);
	if (r == 0 && rename(temp, d->tree) < 0)
		r = sut_fail(err, SUT_E_IO, d->tree, "%s", strerror(errno));
	free(temp);
	free(dsc);
	return r;
}

/* Fills @ret with "package=version" for each binary of this source version and architecture. */
static int list_binaries(const struct apt *a, const struct deb *d, struct strvec *ret,
			 struct sut_err *err)
{
	char *spec = xasprintf("%s=%s", d->source, d->version);
	char *src = apt_show(a, "showsrc", d->source), *binary = NULL, *save, *name;

	for (const char *s = src; s && !binary; s = apt_next_stanza(s)) {
		char *ver = apt_field(s, "Version");

		if (ver && !strcmp(ver, d->version))
			binary = apt_field(s, "Binary");
		free(ver);
	}
	for (name = binary ? strtok_r(binary, ", ", &save) : NULL; name;
	     name = strtok_r(NULL, ", ", &save)) {
		char *out = apt_show(a, "show", name);

		for (const char *s = out; s; s = apt_next_stanza(s)) {
			char *sname, *sver, *arch = apt_field(s, "Architecture");
			char *ver = apt_field(s, "Version"), *item = NULL;

			source_of(s, &sname, &sver);
			if (arch && ver && sname && sver && strcmp(arch, "all") != 0 &&
			    !strcmp(sname, d->source) && !strcmp(sver, d->version))
				item = xasprintf("%s=%s", name, ver);
			if (item && !strvec_has(ret, item))
				strvec_push(ret, item);
			free(item);
			free(sname);
			free(sver);
			free(arch);
			free(ver);
		}
		free(out);
	}
	free(binary);
	free(src);
	if (!ret->n)
		sut_fail(err, SUT_B_DEB_NAME, spec,
			 "the archives have no binary package of this version for %s",
			 d->arch ? d->arch : "this machine");
	free(spec);
	return ret->n ? 0 : -1;
}

static int only_deb(const struct dirent *de)
{
	return str_ends(de->d_name, ".deb");
}

static char *debs_folder(const struct deb *d)
{
	return xasprintf("%s/debs%s%s", d->dir, d->arch ? "-" : "", d->arch ? d->arch : "");
}

static int fetch_binaries(const struct apt *a, struct deb *d, struct sut_err *err)
{
	char *temp = xasprintf("%s.tmp", d->root), *debs = debs_folder(d);
	struct strvec items = {0};
	struct dirent **names;
	int n, r = 0;

	if (file_exists(d->root))
		goto out;
	r = list_binaries(a, d, &items, err);
	if (r == 0 && (remove_tree(temp) < 0 || mkdir_p(temp) < 0 || mkdir_p(debs) < 0))
		r = sut_fail(err, SUT_E_IO, temp, "%s", strerror(errno));
	for (size_t i = 0; r == 0 && i < items.n; i++) {
		log_info("downloading %s", items.v[i]);
		r = apt_tool(a, debs, ARGV(W("apt-get"), W("-q"), W("download"), items.v[i]),
			 SUT_B_DEB_FETCH, NULL, err);
	}
	n = r == 0 ? scandir(debs, &names, only_deb, alphasort) : -1;
	for (int i = 0; i < n; i++) {
		char *f = path_join(debs, names[i]->d_name);

		if (r == 0)
			r = apt_tool(a, NULL, ARGV(W("dpkg-deb"), W("-x"), f, temp),
				 SUT_B_DEB_FETCH, NULL, err);
		free(f);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	if (r == 0 && rename(temp, d->root) < 0)
		r = sut_fail(err, SUT_E_IO, d->root, "%s", strerror(errno));
out:
	strvec_free(&items);
	free(temp);
	free(debs);
	return r;
}

static void find_elf(void *ctx, const char *dir, const char *rel)
{
	struct deb *d = ctx;
	char *p = path_join(dir, rel);
	uint8_t head[18] = {0};
	FILE *f = fopen(p, "re");
	unsigned int type;

	if (f) {
		if (fread(head, 1, sizeof(head), f) != sizeof(head))
			head[0] = 0;
		fclose(f);
	}
	type = head[EI_DATA] == ELFDATA2MSB ? head[17] : head[16];
	if (!memcmp(head, ELFMAG, SELFMAG) && (type == ET_EXEC || type == ET_DYN))
		strvec_push(&d->objects, p);
	free(p);
}

int deb_prepare(const char *spec, const char *cache, const volatile int *cancel, struct deb *ret,
		struct sut_err *err)
{
	char *own = cache ? xstrdup(cache) : capture_cache_dir(), *full = NULL, *name;
	struct apt foreign = {0};
	int r = -1;

	memset(ret, 0, sizeof(*ret));
	if (mkdir_p(own) < 0 || !(full = realpath(own, NULL))) {
		sut_fail(err, SUT_E_IO, own, "%s", strerror(errno));
		goto out;
	}
	if (apt_open(&ret->apt, full, NULL, cancel, err) < 0 || resolve(spec, &ret->apt, ret, err) < 0)
		goto out;
	if (ret->arch && foreign_check(ret->arch, err) < 0)
		goto out;
	if (ret->arch && apt_open(&foreign, full, ret->arch, cancel, err) < 0)
		goto out;
	/* A colon would split PATH-like variables that a build makes of its folder. */
	name = xasprintf("%s_%s", ret->source, ret->version);
	for (char *p = name; *p; p++)
		if (*p == ':')
			*p = '_';
	ret->dir = xasprintf("%s/deb/%s", full, name);
	free(name);
	ret->tree = path_join(ret->dir, "source");
	ret->root = xasprintf("%s/binary%s%s", ret->dir, ret->arch ? "-" : "",
			      ret->arch ? ret->arch : "");
	ret->work = path_join(ret->dir, "work");
	if (mkdir_p(ret->dir) < 0) {
		sut_fail(err, SUT_E_IO, ret->dir, "%s", strerror(errno));
		goto out;
	}
	if (fetch_source(&ret->apt, ret, err) < 0 ||
	    fetch_binaries(ret->arch ? &foreign : &ret->apt, ret, err) < 0)
		goto out;
	tree_walk(ret->root, find_elf, ret);
	ret->make = xstrdup("eval \"$(dpkg-architecture -s)\" && "
			    "SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -STimestamp) && "
			    "export SOURCE_DATE_EPOCH && "
			    "debian/rules build-arch");
	strvec_pushf(&ret->env, "DEB_BUILD_OPTIONS=nocheck parallel=%d", jobs_cpus());
	strvec_push(&ret->env, "DEB_RULES_REQUIRES_ROOT=no");
	r = 0;
out:
	apt_close(&foreign);
	free(own);
	free(full);
	return r;
}

/* Do the files or links at @a and @b lead to one program? Absolute links are meant below d->root. */
static bool same_program(const struct deb *d, const char *a, const char *b)
{
	char link[PATH_MAX], *to;
	ssize_t n = readlink(a, link, sizeof(link) - 1);
	struct stat x, y;
	bool same;

	if (n > 0 && link[0] == '/') {
		link[n] = '\0';
		to = xasprintf("%s%s", d->root, link);
	} else {
		to = xstrdup(a);
	}
	same = !stat(to, &x) && !stat(b, &y) && S_ISREG(x.st_mode) && x.st_size == y.st_size &&
	       ((x.st_dev == y.st_dev && x.st_ino == y.st_ino) || files_equal(to, b));
	free(to);
	return same;
}

static bool has_package(const struct deb *d, const char *name)
{
	char *dir = debs_folder(d);
	size_t len = strlen(name);
	struct dirent **names;
	int n = scandir(dir, &names, only_deb, alphasort);
	bool has = false;

	for (int i = 0; i < n; i++) {
		has |= !strncmp(names[i]->d_name, name, len) && names[i]->d_name[len] == '_';
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	free(dir);
	return has;
}

static bool better_name(const struct deb *d, const char *a, const char *b)
{
	int x = !strcmp(a, d->source) ? 0 : has_package(d, a) ? 1 : 2;
	int y = !strcmp(b, d->source) ? 0 : has_package(d, b) ? 1 : 2;

	if (x != y)
		return x < y;
	if (strlen(a) != strlen(b))
		return strlen(a) < strlen(b);
	return strcmp(a, b) < 0;
}

char *deb_program_name(const struct deb *d, const char *path)
{
	static const char *const dirs[] = {"usr/bin", "usr/sbin", "bin", "sbin", "usr/games"};
	char *best = xstrdup(path_base(path));

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		char *dir = path_join(d->root, dirs[i]);
		struct dirent **names;
		int n = scandir(dir, &names, NULL, alphasort);

		for (int k = 0; k < n; k++) {
			char *other = path_join(dir, names[k]->d_name);

			if (same_program(d, other, path) && better_name(d, names[k]->d_name, best)) {
				free(best);
				best = xstrdup(names[k]->d_name);
			}
			free(other);
			free(names[k]);
		}
		if (n >= 0)
			free(names);
		free(dir);
	}
	return best;
}

int deb_build_deps(const struct deb *d, struct sut_err *err)
{
	char *spec = xasprintf("%s=%s", d->source, d->version);
	const struct apt *a = &d->apt;
	struct sut_err missing = {0};
	int r = 0;

	if (apt_tool(a, d->tree, ARGV(W("dpkg-checkbuilddeps"), W("-B")), SUT_B_DEB_DEPS, NULL,
		 &missing) < 0) {
		if (sut_err_has(&missing, SUT_E_INTERRUPTED)) {
			sut_err_move(err, &missing);
			r = -1;
		} else if (geteuid() != 0) {
			sut_fail(err, SUT_B_DEB_DEPS, spec, "%s", missing.v[0].cause);
			r = sut_fail_remedy(err, "run as root: APT_CONFIG=%s/apt.conf apt-get "
					    "--arch-only build-dep %s", a->dir, spec);
		} else {
			log_info("installing the build dependencies of %s", spec);
			r = apt_tool(a, NULL,
				 ARGV(W("apt-get"), W("-qy"), W("--no-install-recommends"),
				      W("--arch-only"), W("build-dep"), spec),
				 SUT_B_DEB_FETCH, NULL, err);
		}
	}
	sut_err_free(&missing);
	free(spec);
	return r;
}

int deb_capture(const struct deb *d, const char *exe, const struct patch_set *patches,
		struct capture *ret, struct sut_err *err)
{
	struct capture_opts o = {.source = d->tree, .make = d->make, .work = d->work, .exe = exe,
				 .patches = patches, .env = d->env.v, .cancel = d->apt.cancel};
	char *state = path_join(d->work, "state.json");
	bool built = file_exists(state);

	memset(ret, 0, sizeof(*ret));
	free(state);
	/* A capture that is there already needs nothing to be installed to be reused. */
	if (!built && deb_build_deps(d, err) < 0)
		return -1;
	if (capture_run(&o, ret, err) < 0)
		return -1;
	return d->arch ? foreign_retarget(ret, d, err) : 0;
}

void deb_free(struct deb *d)
{
	apt_close(&d->apt);
	free(d->arch);
	free(d->source);
	free(d->version);
	free(d->dir);
	free(d->tree);
	free(d->root);
	free(d->make);
	free(d->work);
	strvec_free(&d->objects);
	strvec_free(&d->env);
	memset(d, 0, sizeof(*d));
}
