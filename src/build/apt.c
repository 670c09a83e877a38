// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The private apt.
 *
 * The host's own apt may have no deb-src line and old lists, and must not be changed for our sake. So
 * CACHE/apt has a configuration with its own lists, caches and sources; the sources are the host's
 * (both formats), Debian entries only, each as deb and deb-src, with its options (Signed-By) kept. The
 * status file is the host's, so that build-dep sees what is installed. Lists are fetched once a day.
 *
 * Another architecture has a configuration of its own, CACHE/apt-ARCH: the host's lists stay small, and
 * lists that an archive lacks for that architecture are no reason to fail.
 */
#include "build/apt.h"

#include "base/buf.h"
#include "base/log.h"
#include "build/load.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#define LISTS_MAX_AGE (24 * 60 * 60)

extern char **environ;

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

static int apt_setup(const char *apt, const char *arch, struct sut_err *err)
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
		 "Dir::State \"%s/state\";\nDir::State::status \"%s%s\";\n"
		 "Dir::Cache \"%s/cache\";\nDir::Etc::sourcelist \"%s/sources.list\";\n"
		 "Dir::Etc::sourceparts \"%s/parts\";\nAPT::Sandbox::User \"root\";\n"
		 "Acquire::Languages \"none\";\n", apt, arch ? apt : "",
		 arch ? "/status" : "/var/lib/dpkg/status", apt, apt, apt);
	if (arch)
		buf_addf(&conf, "APT::Architecture \"%s\";\nAPT::Architectures { \"%s\"; };\n", arch, arch);
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

int apt_tool(const struct apt *a, const char *cwd, char *const argv[], enum sut_code code,
		char **ret_out, struct sut_err *err)
{
	char *conf = path_join(a->dir, "apt.conf"), *out = NULL;
	struct run_opts o = {.cwd = cwd, .ret_output = &out, .cancel = a->cancel};
	struct strvec env = {0};
	int status;

	if (a->cancel && *a->cancel) {
		free(conf);
		return sut_fail(err, SUT_E_INTERRUPTED, argv[0], "it was not run");
	}
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
	if (a->cancel && *a->cancel) {
		free(out);
		return sut_fail(err, SUT_E_INTERRUPTED, argv[0], "it was ended");
	}
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

int apt_open(struct apt *a, const char *cache, const char *arch, const volatile int *cancel,
	     struct sut_err *err)
{
	char *mark;
	struct sut_err why = {0};
	struct stat st;
	bool have;
	int r = 0;

	a->cancel = cancel;
	a->arch = arch ? xstrdup(arch) : NULL;
	a->dir = arch ? xasprintf("%s/apt-%s", cache, arch) : path_join(cache, "apt");
	mark = path_join(a->dir, "updated");
	have = file_exists(mark);
	if (stat(mark, &st) < 0 || time(NULL) - st.st_mtime > LISTS_MAX_AGE) {
		log_info("fetching the package lists%s%s", arch ? " for " : "", arch ? arch : "");
		r = apt_setup(a->dir, arch, &why);
		if (r == 0)
			r = apt_tool(a, NULL, ARGV(W("apt-get"), W("-q"), W("update")),
				     SUT_B_DEB_FETCH, NULL, &why);
		/* Old lists are better than none: what is there already needs no network. Some archives
		 * lack the lists of some architectures: what came is what there is. */
		if (r < 0 && !sut_err_has(&why, SUT_E_INTERRUPTED) &&
		    (have || (arch && sut_err_has(&why, SUT_B_DEB_FETCH)))) {
			log_warn("not all package lists could be fetched");
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
	return r;
}

void apt_close(struct apt *a)
{
	free(a->dir);
	free(a->arch);
	memset(a, 0, sizeof(*a));
}

char *apt_field(const char *s, const char *name)
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

const char *apt_next_stanza(const char *s)
{
	s = strstr(s, "\n\n");
	return s ? s + 2 : NULL;
}

char *apt_show(const struct apt *a, const char *verb, const char *spec)
{
	struct sut_err ignored = {0};
	char *out = NULL;

	apt_tool(a, NULL, ARGV(W("apt-cache"), W("-q"), W(verb), W(spec)), SUT_B_DEB_NAME, &out,
	     &ignored);
	sut_err_free(&ignored);
	return out;
}
