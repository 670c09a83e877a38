// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Another architecture's package.
 *
 * The problem: a patch for a stock arm64 binary is to be made on an amd64 host. A cross build of the
 * whole package would need all its libraries for arm64, and many packages do not cross-build. But only
 * the affected units have to be compiled, none has to be linked, and all that is guessed here is proved
 * afterwards against the binary itself.
 *
 * The plan: the host's own build is watched as ever. Then each command is turned:
 *
 *	- the compiler becomes TRIPLET-gcc (SUTURE_CROSS_arm64=DIR names a folder with another one of that
 *	  name: Debian's cross compiler is not always the one that built the archive);
 *	- flags that dpkg-buildflags gives for the host only go, those for the other only come;
 *	- headers that differ between architectures lie in /usr/include/MULTIARCH. The packages that own
 *	  such files here are fetched for the other architecture and unpacked beside the binaries. libc's
 *	  and the kernel's come with the cross compiler.
 *
 * Not supported: sources that a configure script has written for the host and that differ between the
 * two. They make other code, and the proof refuses it.
 */
#include "build/foreign.h"

#include "base/log.h"
#include "target/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct target *target_of(const char *arch)
{
	const struct target *t;

	for (size_t i = 0; (t = target_nth(i)); i++)
		if (!strcmp(t->debian, arch))
			return t;
	return NULL;
}

/* A program on PATH, or in the folder that the environment names for @arch. Fresh path or NULL. */
static char *find_tool(const char *arch, const char *name)
{
	char *var = xasprintf("SUTURE_CROSS_%s", arch), *dirs, *save = NULL, *hit = NULL;
	const char *own = getenv(var), *path = getenv("PATH");

	dirs = xasprintf("%s%s%s", own ? own : "", own ? ":" : "", path ? path : "/usr/bin:/bin");
	for (char *d = strtok_r(dirs, ":", &save); d && !hit; d = strtok_r(NULL, ":", &save)) {
		hit = path_join(d, name);
		if (access(hit, X_OK)) {
			free(hit);
			hit = NULL;
		}
	}
	free(dirs);
	free(var);
	return hit;
}

int foreign_check(const char *arch, struct sut_err *err)
{
	const struct target *t = target_of(arch);
	char *gcc, *path;
	int r = 0;

	if (!t)
		return sut_fail(err, SUT_B_DEB_NAME, arch, "patches cannot be made for this architecture");
	gcc = xasprintf("%s-gcc", t->multiarch);
	path = find_tool(arch, gcc);
	if (!path) {
		char *pkg = xasprintf("gcc-%s", t->multiarch);

		for (char *p = pkg; *p; p++)
			if (*p == '_')
				*p = '-';
		sut_fail(err, SUT_E_TOOL, gcc, "it is not installed");
		r = sut_fail_remedy(err, "apt-get install %s", pkg);
		free(pkg);
	}
	free(path);
	free(gcc);
	return r;
}

/* "/usr/bin/x86_64-linux-gnu-gcc-12", "cc", "clang": the word behind the triplet. */
static const char *plain_name(const char *compiler, const char *host)
{
	const char *base = path_base(compiler);

	if (str_starts(base, host) && base[strlen(host)] == '-')
		base += strlen(host) + 1;
	if (!strcmp(base, "cc") || !strcmp(base, "c99") || !strcmp(base, "c89"))
		return "gcc";
	return strcmp(base, "c++") ? base : "g++";
}

static int turn_compiler(struct unit *u, const struct target *t, const char *host, struct sut_err *err)
{
	const char *plain = plain_name(u->compiler, host);
	char *name, *path;

	if (command_is_clang(u->compiler)) {
		char *flag = xasprintf("--target=%s", t->multiarch);

		strvec_push(&u->args, flag);
		free(flag);
		return 0;
	}
	name = xasprintf("%s-%s", t->multiarch, plain);
	path = find_tool(t->debian, name);
	if (!path) {
		sut_fail(err, SUT_E_TOOL, name, "it is not installed, and '%s' was compiled with '%s'",
			 u->source, u->compiler);
		free(name);
		return -1;
	}
	free(name);
	free(u->compiler);
	u->compiler = path;
	return 0;
}

/* dpkg-buildflags of one architecture as words. */
static int build_flags(const struct deb *d, const char *arch, struct strvec *ret, struct sut_err *err)
{
	static const char *const vars[] = {"CFLAGS", "CPPFLAGS", "CXXFLAGS"};

	for (size_t i = 0; i < ARRAY_SIZE(vars); i++) {
		char *var = xasprintf("DEB_HOST_ARCH=%s", arch), *out = NULL;

		if (apt_tool(&d->apt, d->tree,
			     ARGV(W("env"), var, W("dpkg-buildflags"), W("--get"), W(vars[i])),
			     SUT_B_DEB_FETCH, &out, err) < 0) {
			free(var);
			return -1;
		}
		out[strcspn(out, "\n")] = '\0';
		command_split(out, ret);
		free(out);
		free(var);
	}
	return 0;
}

/* The first line that a command prints. Fresh; NULL with a reason. */
static char *ask(const struct deb *d, char *const argv[], struct sut_err *err)
{
	char *out = NULL;

	if (apt_tool(&d->apt, NULL, argv, SUT_B_DEB_FETCH, &out, err) < 0)
		return NULL;
	out[strcspn(out, "\n")] = '\0';
	return out;
}

/* Packages that own headers below /usr/include/MULTIARCH of the host, without libc and the kernel. */
static void header_packages(const struct deb *d, const char *host, struct strvec *ret)
{
	char *pattern = xasprintf("/usr/include/%s/*", host), *out = NULL, *save = NULL;
	struct sut_err ignored = {0};

	apt_tool(&d->apt, NULL, ARGV(W("dpkg-query"), W("-S"), pattern), SUT_B_DEB_FETCH, &out, &ignored);
	for (char *l = out ? strtok_r(out, "\n", &save) : NULL; l; l = strtok_r(NULL, "\n", &save)) {
		char *end = strstr(l, ": /"), *in = NULL;

		if (!end)
			continue;
		*end = '\0';
		for (char *p = strtok_r(l, ", ", &in); p; p = strtok_r(NULL, ", ", &in)) {
			p[strcspn(p, ":")] = '\0';
			if (!strvec_has(ret, p) && strcmp(p, "libc6-dev") && strcmp(p, "linux-libc-dev"))
				strvec_push(ret, p);
		}
	}
	sut_err_free(&ignored);
	free(out);
	free(pattern);
}

static void unpack(const struct apt *a, const char *name, const char *debs, const char *to)
{
	char *script = xasprintf("rm -f %s_*.deb && apt-get -q download %s && dpkg-deb -x %s_*.deb '%s'", name,
				 name, name, to);
	struct sut_err why = {0};

	/* What it lacks, a unit that needs it will say when it is compiled. */
	if (apt_tool(a, debs, ARGV(W("sh"), W("-c"), script), SUT_B_DEB_FETCH, NULL, &why) < 0)
		log_debug("no headers of %s: %s", name, why.n ? why.v[0].cause : "");
	sut_err_free(&why);
	free(script);
}

/* Fetches them once; the folder that they lie in goes to @ret. */
static int headers(const struct deb *d, const char *host, char **ret, struct sut_err *err)
{
	char *root = xasprintf("%s/headers-%s", d->dir, d->arch), *temp = xasprintf("%s.tmp", root);
	char *cache = path_normal(d->dir, "../.."), *debs = xasprintf("%s/debs-%s", d->dir, d->arch);
	struct strvec packages = {0};
	struct apt a = {0};
	int r = 0;

	*ret = root;
	if (file_exists(root))
		goto out;
	header_packages(d, host, &packages);
	r = apt_open(&a, cache, d->arch, d->apt.cancel, err);
	if (r == 0 && (remove_tree(temp) < 0 || mkdir_p(temp) < 0 || mkdir_p(debs) < 0))
		r = sut_fail(err, SUT_E_IO, temp, "cannot be made");
	if (r == 0)
		log_info("downloading headers of %zu packages for %s", packages.n, d->arch);
	for (size_t i = 0; i < packages.n && r == 0; i++)
		unpack(&a, packages.v[i], debs, temp);
	if (r == 0 && rename(temp, root) < 0)
		r = sut_fail(err, SUT_E_IO, root, "cannot be made");
	apt_close(&a);
out:
	strvec_free(&packages);
	free(temp);
	free(cache);
	free(debs);
	return r;
}

static void turn_flags(struct unit *u, const struct strvec *host, const struct strvec *other)
{
	struct strvec args = {0};
	bool ours = false;

	for (size_t i = 0; i < u->args.n; i++) {
		bool known = strvec_has(host, u->args.v[i]);

		ours |= known;
		if (!known || strvec_has(other, u->args.v[i]))
			strvec_push(&args, u->args.v[i]);
	}
	/* A unit that took none of the host's flags takes none of the others either. */
	for (size_t i = 0; i < other->n && ours; i++)
		if (!strvec_has(host, other->v[i]) && !strvec_has(&args, other->v[i]))
			strvec_push(&args, other->v[i]);
	strvec_free(&u->args);
	u->args = args;
}

int foreign_retarget(struct capture *c, const struct deb *d, struct sut_err *err)
{
	const struct target *t = target_of(d->arch);
	struct strvec host_flags = {0}, other_flags = {0};
	char *host_arch = ask(d, ARGV(W("dpkg"), W("--print-architecture")), err), *host = NULL;
	char *root = NULL, *include = NULL;
	int r = -1;

	if (host_arch)
		host = ask(d, ARGV(W("dpkg-architecture"), W("-qDEB_HOST_MULTIARCH")), err);
	if (!host || headers(d, host, &root, err) < 0 ||
	    build_flags(d, host_arch, &host_flags, err) < 0 ||
	    build_flags(d, d->arch, &other_flags, err) < 0)
		goto out;
	include = xasprintf("%s/usr/include/%s", root, t->multiarch);
	r = 0;
	for (size_t i = 0; i < c->units.n && r == 0; i++) {
		struct unit *u = &c->units.v[i];

		if (u->lang == LANG_NONE || u->lang == LANG_OTHER)
			continue;
		turn_flags(u, &host_flags, &other_flags);
		r = turn_compiler(u, t, host, err);
		strvec_push(&u->args, "-idirafter");
		strvec_push(&u->args, include);
		unit_set_id(u);
	}
out:
	strvec_free(&host_flags);
	strvec_free(&other_flags);
	free(include);
	free(root);
	free(host);
	free(host_arch);
	return r;
}
