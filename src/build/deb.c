// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Debian source packages.
 *
 * The problem: a host runs a stock binary; its source, its exact build and the binary itself are
 * in the archive. apt knows how to get all three, but the host's own apt may have no deb-src line
 * and old lists, and must not be changed for our sake.
 *
 * The plan: a private apt. CACHE/apt has a configuration with its own lists, caches and sources;
 * the sources are the host's (both formats), Debian entries only, each as deb and deb-src, with
 * its options (Signed-By) kept. The status file is the host's, so that build-dep sees what is
 * installed. Lists are fetched once a day.
 *
 * CACHE/deb/SOURCE_VERSION then holds the source package, its unpacked tree, the binary packages of
 * that source version and their unpacked files. A binary may have been built again without a source
 * change (+b1): apt's Source field tells which source version it is of.
 *
 * The build is the build step of dpkg-buildpackage -b: the same environment (architecture
 * variables, SOURCE_DATE_EPOCH of the changelog), debian/rules build, no tests, no packaging. Where
 * the source has a folder of that name, make would take it for the result: build-arch then.
 */
#include "build/deb.h"

#include "base/buf.h"
#include "base/log.h"
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

#define LISTS_MAX_AGE (24 * 60 * 60)

extern char **environ;

/* --- the private apt --- */

static bool is_debian_uri(const char *s)
{
	return strstr(s, "debian") || strstr(s, "ubuntu") || strstr(s, "devuan");
}

/* sources.list: "deb [options] URI suite component..." */
static void add_list(const char *text, struct buf *out)
{
	char *copy = xstrdup(text), *save, *s;

	for (s = strtok_r(copy, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		size_t skip;

		while (isspace((unsigned char)*s))
			s++;
		if (!str_starts(s, "deb ") && !str_starts(s, "deb\t") && !str_starts(s, "deb-src"))
			continue;
		skip = str_starts(s, "deb-src") ? 7 : 3;
		if (is_debian_uri(s))
			buf_addf(out, "deb%s\ndeb-src%s\n", s + skip, s + skip);
	}
	free(copy);
}

/* Writes one stanza of a .sources file with both types; its other fields as they are. */
static void add_stanza(const char *s, size_t n, struct buf *out)
{
	char *copy = xstrndup(s, n), *save, *line;
	bool enabled = true, debian = false;
	struct buf b = {0};

	buf_addf(&b, "Types: deb deb-src\n");
	for (line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (*line == '#')
			continue;
		if (!strncasecmp(line, "Types:", 6))
			continue;
		if (!strncasecmp(line, "Enabled:", 8) && strcasestr(line + 8, "no"))
			enabled = false;
		if (!strncasecmp(line, "URIs:", 5))
			debian = is_debian_uri(line);
		buf_addf(&b, "%s\n", line);
	}
	if (enabled && debian)
		buf_addf(out, "%s\n", (char *)b.p);
	buf_free(&b);
	free(copy);
}

static void add_deb822(const char *text, struct buf *out)
{
	while (*text) {
		const char *end = strstr(text, "\n\n");
		size_t n = end ? (size_t)(end - text) : strlen(text);

		add_stanza(text, n, out);
		text += n;
		while (*text == '\n')
			text++;
	}
}

static void add_source_file(const char *path, struct buf *list, struct buf *deb822)
{
	uint8_t *text;
	size_t n;

	/* A file that is not there or not readable is one source less, as for apt. */
	if (read_file(path, &text, &n) < 0)
		return;
	if (str_ends(path, ".list"))
		add_list((char *)text, list);
	else if (str_ends(path, ".sources"))
		add_deb822((char *)text, deb822);
	free(text);
}

static int apt_setup(const char *apt, struct sut_err *err)
{
	static const char *const folders[] = {"state/lists/partial", "cache/archives/partial",
					      "parts"};
	struct buf list = {0}, deb822 = {0}, conf = {0};
	char *p[3] = {path_join(apt, "sources.list"), path_join(apt, "parts/host.sources"),
		      path_join(apt, "apt.conf")};
	struct dirent **names;
	int n, r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		char *f = path_join(apt, folders[i]);

		r |= mkdir_p(f);
		free(f);
	}
	add_source_file("/etc/apt/sources.list", &list, &deb822);
	n = scandir("/etc/apt/sources.list.d", &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char *f = path_join("/etc/apt/sources.list.d", names[i]->d_name);

		add_source_file(f, &list, &deb822);
		free(f);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	buf_addf(&conf,
		 "Dir::State \"%s/state\";\nDir::State::status \"/var/lib/dpkg/status\";\n"
		 "Dir::Cache \"%s/cache\";\nDir::Etc::sourcelist \"%s/sources.list\";\n"
		 "Dir::Etc::sourceparts \"%s/parts\";\nAPT::Sandbox::User \"root\";\n"
		 "Acquire::Languages \"none\";\n", apt, apt, apt, apt);
	if (r < 0 || write_file(p[0], list.p, list.n) < 0 ||
	    write_file(p[1], deb822.p, deb822.n) < 0 || write_file(p[2], conf.p, conf.n) < 0)
		r = sut_fail(err, SUT_E_IO, apt, "%s", strerror(errno));
	buf_free(&list);
	buf_free(&deb822);
	buf_free(&conf);
	for (int i = 0; i < 3; i++)
		free(p[i]);
	return r;
}

/*
 * Runs a command of apt's or dpkg's family in @cwd with the private configuration. @ret_out takes
 * its output (caller frees). -1 with @code.
 */
static int tool(const char *cache, const char *cwd, char *const argv[], enum sut_code code,
		char **ret_out, struct sut_err *err)
{
	char *conf = xasprintf("%s/apt/apt.conf", cache), *out = NULL;
	struct run_opts o = {.cwd = cwd, .ret_output = &out};
	struct strvec env = {0};
	int status;

	for (char **e = environ; *e; e++)
		if (!str_starts(*e, "LC_") && !str_starts(*e, "LANG"))
			strvec_push(&env, *e);
	strvec_pushf(&env, "APT_CONFIG=%s", conf);
	strvec_push(&env, "LC_ALL=C.UTF-8");
	strvec_push(&env, "DEBIAN_FRONTEND=noninteractive");
	o.env = env.v;
	o.keep_stderr = false;
	status = run_command(argv, &o);
	strvec_free(&env);
	free(conf);
	if (status != 0) {
		if (status < 0 || status == 127)
			sut_fail(err, SUT_E_TOOL, argv[0], "it cannot be run");
		else
			sut_fail(err, code, argv[0], "%s %s ended with status %d:\n%s", argv[0],
				 argv[1], status, out ? out : "");
		free(out);
		return -1;
	}
	if (ret_out)
		*ret_out = out;
	else
		free(out);
	return 0;
}

#define ARGV(...) ((char *const[]){__VA_ARGS__, NULL})
#define W(s) ((char *)(s))

static int apt_update(const char *cache, struct sut_err *err)
{
	char *apt = path_join(cache, "apt"), *mark = path_join(apt, "updated");
	bool have = file_exists(mark);
	struct sut_err why = {0};
	struct stat st;
	int r = 0;

	if (stat(mark, &st) < 0 || time(NULL) - st.st_mtime > LISTS_MAX_AGE) {
		log_info("fetching the package lists");
		r = apt_setup(apt, &why);
		if (r == 0)
			r = tool(cache, NULL, ARGV(W("apt-get"), W("-q"), W("update")),
				 SUT_B_DEB_FETCH, NULL, &why);
		/* Old lists are better than none: what is there already needs no network. */
		if (r < 0 && have) {
			log_warn("the package lists could not be fetched; old ones are used");
			sut_err_free(&why);
			r = 0;
		} else if (r < 0) {
			sut_err_move(err, &why);
		} else if (write_file(mark, "", 0) < 0) {
			r = sut_fail(err, SUT_E_IO, mark, "%s", strerror(errno));
		}
	}
	sut_err_free(&why);
	free(mark);
	free(apt);
	return r;
}

/* --- names and versions --- */

/* The value of "Field: value" in the stanza at @s; NULL when it has none. Caller frees. */
static char *field(const char *s, const char *name)
{
	size_t n = strlen(name);

	while (*s && *s != '\n') {
		const char *nl = strchr(s, '\n');
		size_t len = nl ? (size_t)(nl - s) : strlen(s);

		if (!strncmp(s, name, n) && s[n] == ':') {
			s += n + 1;
			len -= n + 1;
			while (len && *s == ' ') {
				s++;
				len--;
			}
			return xstrndup(s, len);
		}
		s += len + (nl != NULL);
	}
	return NULL;
}

static const char *next_stanza(const char *s)
{
	s = strstr(s, "\n\n");
	return s ? s + 2 : NULL;
}

/* Source package and version of a binary stanza: "Source: redis (5:7.0.15-1)", or its own. */
static void source_of(const char *stanza, char **ret_name, char **ret_version)
{
	char *src = field(stanza, "Source"), *open = src ? strchr(src, '(') : NULL;

	*ret_version = open ? xstrndup(open + 1, strcspn(open + 1, ")")) : field(stanza, "Version");
	if (src)
		*ret_name = xstrndup(src, strcspn(src, " ("));
	else
		*ret_name = field(stanza, "Package");
	free(src);
}

static char *installed_version(const char *cache, const char *name)
{
	struct sut_err ignored = {0};
	char *out = NULL;

	/* Not installed is an ordinary answer here. */
	tool(cache, NULL, ARGV(W("dpkg-query"), W("-W"), W("-f${Version}"), W(name)),
	     SUT_B_DEB_NAME, &out, &ignored);
	sut_err_free(&ignored);
	if (out && !*out) {
		free(out);
		out = NULL;
	}
	return out;
}

/* apt-cache @verb for a package; NULL where it knows none. */
static char *show(const char *cache, const char *verb, const char *spec)
{
	struct sut_err ignored = {0};
	char *out = NULL;

	tool(cache, NULL, ARGV(W("apt-cache"), W("-q"), W(verb), W(spec)), SUT_B_DEB_NAME, &out,
	     &ignored);
	sut_err_free(&ignored);
	return out;
}

static int resolve(const char *spec, const char *cache, struct deb *d, struct sut_err *err)
{
	const char *eq = strchr(spec, '=');
	char *name = eq ? xstrndup(spec, (size_t)(eq - spec)) : xstrdup(spec), *out;
	char *want = eq ? xstrdup(eq + 1) : installed_version(cache, name);

	out = show(cache, "show", name);
	for (const char *s = out; s && !d->source; s = next_stanza(s)) {
		char *pkg = field(s, "Package"), *ver = field(s, "Version"), *src, *srcver;

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
	out = d->source ? NULL : show(cache, "showsrc", name);
	for (const char *s = out; s && !d->source; s = next_stanza(s)) {
		char *pkg = field(s, "Package"), *ver = field(s, "Version");

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

static int fetch_source(const char *cache, struct deb *d, struct sut_err *err)
{
	char *spec = xasprintf("%s=%s", d->source, d->version), *temp, *dsc = NULL;
	struct dirent **names;
	int n, r = 0;

	if (file_exists(d->tree)) {
		free(spec);
		return 0;
	}
	log_info("downloading the source of %s %s", d->source, d->version);
	r = tool(cache, d->dir,
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
		r = tool(cache, d->dir, ARGV(W("dpkg-source"), W("--no-check"), W("-x"), dsc, temp),
			 SUT_B_DEB_FETCH, NULL, err);
	if (r == 0 && rename(temp, d->tree) < 0)
		r = sut_fail(err, SUT_E_IO, d->tree, "%s", strerror(errno));
	free(temp);
	free(dsc);
	return r;
}

/* Fills @ret with "package=version" for each binary of this source version and architecture. */
static int list_binaries(const char *cache, const struct deb *d, struct strvec *ret,
			 struct sut_err *err)
{
	char *spec = xasprintf("%s=%s", d->source, d->version);
	char *src = show(cache, "showsrc", d->source), *binary = NULL, *save, *name;

	for (const char *s = src; s && !binary; s = next_stanza(s)) {
		char *ver = field(s, "Version");

		if (ver && !strcmp(ver, d->version))
			binary = field(s, "Binary");
		free(ver);
	}
	for (name = binary ? strtok_r(binary, ", ", &save) : NULL; name;
	     name = strtok_r(NULL, ", ", &save)) {
		char *out = show(cache, "show", name);

		for (const char *s = out; s; s = next_stanza(s)) {
			char *sname, *sver, *arch = field(s, "Architecture");
			char *ver = field(s, "Version"), *item = NULL;

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
			 "the archives have no binary package of this version for this machine");
	free(spec);
	return ret->n ? 0 : -1;
}

static int only_deb(const struct dirent *de)
{
	return str_ends(de->d_name, ".deb");
}

static int fetch_binaries(const char *cache, struct deb *d, struct sut_err *err)
{
	char *temp = xasprintf("%s.tmp", d->root), *debs = path_join(d->dir, "debs");
	struct strvec items = {0};
	struct dirent **names;
	int n, r = 0;

	if (file_exists(d->root))
		goto out;
	r = list_binaries(cache, d, &items, err);
	if (r == 0 && (remove_tree(temp) < 0 || mkdir_p(temp) < 0 || mkdir_p(debs) < 0))
		r = sut_fail(err, SUT_E_IO, temp, "%s", strerror(errno));
	for (size_t i = 0; r == 0 && i < items.n; i++) {
		log_info("downloading %s", items.v[i]);
		r = tool(cache, debs, ARGV(W("apt-get"), W("-q"), W("download"), items.v[i]),
			 SUT_B_DEB_FETCH, NULL, err);
	}
	n = r == 0 ? scandir(debs, &names, only_deb, alphasort) : -1;
	for (int i = 0; i < n; i++) {
		char *f = path_join(debs, names[i]->d_name);

		if (r == 0)
			r = tool(cache, NULL, ARGV(W("dpkg-deb"), W("-x"), f, temp),
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

int deb_prepare(const char *spec, const char *cache, struct deb *ret, struct sut_err *err)
{
	char *own = cache ? xstrdup(cache) : capture_cache_dir(), *full = NULL, *name;
	int r = -1;

	memset(ret, 0, sizeof(*ret));
	if (mkdir_p(own) < 0 || !(full = realpath(own, NULL))) {
		sut_fail(err, SUT_E_IO, own, "%s", strerror(errno));
		goto out;
	}
	if (apt_update(full, err) < 0 || resolve(spec, full, ret, err) < 0)
		goto out;
	/* A colon would split PATH-like variables that a build makes of its folder. */
	name = xasprintf("%s_%s", ret->source, ret->version);
	for (char *p = name; *p; p++)
		if (*p == ':')
			*p = '_';
	ret->dir = xasprintf("%s/deb/%s", full, name);
	free(name);
	ret->tree = path_join(ret->dir, "source");
	ret->root = path_join(ret->dir, "binary");
	ret->work = path_join(ret->dir, "work");
	if (mkdir_p(ret->dir) < 0) {
		sut_fail(err, SUT_E_IO, ret->dir, "%s", strerror(errno));
		goto out;
	}
	if (fetch_source(full, ret, err) < 0 || fetch_binaries(full, ret, err) < 0)
		goto out;
	tree_walk(ret->root, find_elf, ret);
	ret->make = xstrdup("eval \"$(dpkg-architecture -s)\" && "
			    "SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -STimestamp) && "
			    "export SOURCE_DATE_EPOCH && "
			    "if [ -e build ]; then debian/rules build-arch; "
			    "else debian/rules build; fi");
	strvec_pushf(&ret->env, "DEB_BUILD_OPTIONS=nocheck parallel=%d", jobs_cpus());
	strvec_push(&ret->env, "DEB_RULES_REQUIRES_ROOT=no");
	r = 0;
out:
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
	char *dir = path_join(d->dir, "debs");
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
	char *cache = path_normal(d->dir, "../.."),
	     *spec = xasprintf("%s=%s", d->source, d->version);
	struct sut_err missing = {0};
	int r = 0;

	if (tool(cache, d->tree, ARGV(W("dpkg-checkbuilddeps"), W("-B")), SUT_B_DEB_DEPS, NULL,
		 &missing) < 0) {
		if (geteuid() != 0) {
			sut_fail(err, SUT_B_DEB_DEPS, spec, "%s", missing.v[0].cause);
			r = sut_fail_remedy(err, "run as root: APT_CONFIG=%s/apt/apt.conf apt-get "
					    "build-dep %s", cache, spec);
		} else {
			log_info("installing the build dependencies of %s", spec);
			r = tool(cache, NULL,
				 ARGV(W("apt-get"), W("-qy"), W("--no-install-recommends"),
				      W("build-dep"), spec),
				 SUT_B_DEB_FETCH, NULL, err);
		}
	}
	sut_err_free(&missing);
	free(spec);
	free(cache);
	return r;
}

int deb_capture(const struct deb *d, const char *exe, const struct patch_set *patches,
		struct capture *ret, struct sut_err *err)
{
	struct capture_opts o = {.source = d->tree, .make = d->make, .work = d->work, .exe = exe,
				 .patches = patches, .env = d->env.v};
	char *state = path_join(d->work, "state.json");
	bool built = file_exists(state);

	memset(ret, 0, sizeof(*ret));
	free(state);
	/* A capture that is there already needs nothing to be installed to be reused. */
	if (!built && deb_build_deps(d, err) < 0)
		return -1;
	return capture_run(&o, ret, err);
}

void deb_free(struct deb *d)
{
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
