// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The compiler wrapper.
 *
 * The problem: builds are programs; nobody can tell from a Makefile what will be compiled how. So
 * the build is run once and the compilers are watched. For that this program lies under their
 * names in a folder that is first on PATH. Called so, it writes one record and then becomes the
 * real compiler.
 *
 * The build must not notice: output, exit status, signals, inherited descriptors (make's
 * jobserver) are the real compiler's, since the process turns into it. Only where the build itself
 * lets the compiler write a dependency file, a parent stays, to copy that file before the build
 * moves it (automake renames it at once).
 *
 * The real compiler sees a PATH without the folder and no capture variables: a launcher such as
 * ccache would otherwise find the wrapper again, and a command would be recorded twice.
 *
 * Absolute paths (CC=/usr/bin/gcc-12) are rewritten to BIN/root/usr/bin/gcc-12, which is this
 * program too; the real path is what follows BIN/root.
 *
 * Records have a name of their own (time, process), are written under a temporary name and
 * renamed, so any number of wrappers can run at once. Where writing fails, the build goes on, and
 * the complaint in its log tells the capture not to trust what it has.
 */
#include "build/wrapper.h"

#include "build/command.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

extern char **environ;

/* Variables that change what a compiler makes: gcc(1), "Environment Variables". */
static const char *const env_names[] = {
	"SOURCE_DATE_EPOCH", "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LANG", "LC_ALL",
	"LC_CTYPE", "LC_MESSAGES", "COMPILER_PATH", "GCC_EXEC_PREFIX", "LIBRARY_PATH",
	"BUILD_PATH_PREFIX_MAP", "CCC_OVERRIDE_OPTIONS",
};

bool wrapper_is_wanted(const char *argv0)
{
	return argv0 && getenv(WRAPPER_ENV_RECORDS) && getenv(WRAPPER_ENV_BIN) &&
	       command_is_compiler_name(path_base(argv0));
}

static void complain(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s: %s\n", WRAPPER_COMPLAINT, what, why);
}

/* PATH without the folder of wrappers; caller frees. */
static char *path_without(const char *bin)
{
	char *copy = xstrdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin"), *save, *s;
	char *out = xcalloc(1, strlen(copy) + 2);
	struct stat a, b;
	bool have = stat(bin, &a) == 0;

	for (s = strtok_r(copy, ":", &save); s; s = strtok_r(NULL, ":", &save)) {
		if (have && stat(s, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
			continue;
		if (*out)
			strcat(out, ":");
		strcat(out, s);
	}
	free(copy);
	return out;
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static char *find_real(const char *argv0, const char *bin, const char *path)
{
	char *root = xasprintf("%s/root/", bin), *copy, *save, *s, *found = NULL;

	if (str_starts(argv0, root)) {
		found = xstrdup(argv0 + strlen(root) - 1);
		free(root);
		return found;
	}
	free(root);
	copy = xstrdup(path);
	for (s = strtok_r(copy, ":", &save); s && !found; s = strtok_r(NULL, ":", &save)) {
		found = path_join(s, path_base(argv0));
		if (!is_program(found)) {
			free(found);
			found = NULL;
		}
	}
	free(copy);
	return found;
}

static json_t *json_strings(char *const *v)
{
	json_t *a = json_array();

	/* Arguments are bytes; they are not checked here, json_dumps refuses what is no UTF-8. */
	for (; v && *v; v++)
		json_array_append_new(a, json_string_nocheck(*v));
	return a;
}

/* Writes the record; @stem is its path without the ending. */
static void record(const char *stem, const char *cwd, const char *real, char *const *argv,
		   const char *dep)
{
	json_t *root = json_object(), *env = json_array();
	struct strvec words = {0};
	char *text, *path = xasprintf("%s.json", stem);

	/* Response files are often removed when the compiler is done: their words are kept. */
	command_expand(cwd, argv, &words);
	for (size_t i = 0; i < ARRAY_SIZE(env_names); i++) {
		const char *val = getenv(env_names[i]);
		char *s;

		if (!val)
			continue;
		s = xasprintf("%s=%s", env_names[i], val);
		json_array_append_new(env, json_string_nocheck(s));
		free(s);
	}
	json_object_set_new(root, "cwd", json_string_nocheck(cwd));
	json_object_set_new(root, "compiler", json_string_nocheck(real));
	json_object_set_new(root, "argv", json_strings(words.v));
	json_object_set_new(root, "env", env);
	if (dep)
		json_object_set_new(root, "deps", json_string_nocheck(dep));
	text = json_dumps(root, JSON_INDENT(1));
	if (!text)
		complain(path, "the command is not text");
	else if (write_file(path, text, strlen(text)) < 0)
		complain(path, strerror(errno));
	free(text);
	free(path);
	strvec_free(&words);
	json_decref(root);
}

static volatile sig_atomic_t child;

static void forward(int sig)
{
	if (child > 0)
		kill((pid_t)child, sig);
}

/* Runs the compiler as a child and copies the dependency file that it wrote. */
static int run_and_copy(const char *real, char **argv, const char *from, const char *to)
{
	static const int sigs[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction sa = {.sa_handler = forward, .sa_flags = SA_RESTART};
	struct sigaction old[ARRAY_SIZE(sigs)];
	sigset_t block, before;
	uint8_t *text;
	int status;
	size_t n;

	/* Blocked until the child's pid is known: a signal in between would be lost. */
	sigfillset(&block);
	sigprocmask(SIG_BLOCK, &block, &before);
	for (size_t i = 0; i < ARRAY_SIZE(sigs); i++) {
		sigaction(sigs[i], NULL, &old[i]);
		if (old[i].sa_handler != SIG_IGN)
			sigaction(sigs[i], &sa, NULL);
	}
	child = fork();
	if (child == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(sigs); i++)
			sigaction(sigs[i], &old[i], NULL);
		sigprocmask(SIG_SETMASK, &before, NULL);
		execv(real, argv);
		complain(real, strerror(errno));
		_exit(127);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (child < 0) {
		complain(real, strerror(errno));
		return 127;
	}
	while (waitpid((pid_t)child, &status, 0) < 0)
		if (errno != EINTR)
			return 127;
	if (WIFSIGNALED(status)) {
		/* Die as the compiler died, so that make sees the same. */
		signal(WTERMSIG(status), SIG_DFL);
		sigprocmask(SIG_UNBLOCK, &block, NULL);
		raise(WTERMSIG(status));
		return 128 + WTERMSIG(status);
	}
	if (WEXITSTATUS(status) == 0 && read_file(from, &text, &n) == 0) {
		if (write_file(to, text, n) < 0)
			complain(to, strerror(errno));
		free(text);
	}
	return WEXITSTATUS(status);
}

/* Where a command with -MD but no -MF leaves its dependencies; caller frees. */
static char *default_dep_file(const struct command *c)
{
	const char *name = c->output && !c->links ? c->output : path_base(c->sources.v[0]);
	const char *base = path_base(name), *dot = strrchr(base, '.');

	return xasprintf("%.*s.d", (int)((dot ? dot : base + strlen(base)) - name), name);
}

int wrapper_main(int argc, char **argv)
{
	const char *records = getenv(WRAPPER_ENV_RECORDS), *bin = getenv(WRAPPER_ENV_BIN);
	char *path = path_without(bin), *real = find_real(argv[0], bin, path), *cwd, *stem, *dep;
	char *from = NULL, **full;
	struct command c;
	int n = 0, status;

	if (!real) {
		fprintf(stderr, "%s: command not found\n", path_base(argv[0]));
		return 127;
	}
	cwd = getcwd(NULL, 0);
	stem = xasprintf("%s/%020llu-%d", records, (unsigned long long)now_ns(), (int)getpid());
	dep = xasprintf("%s.d", stem);
	full = xcalloc((size_t)argc + 4, sizeof(*full));
	full[n++] = real;
	command_parse(cwd ? cwd : "/", argv, &c);
	if (c.compiles && c.sources.n == 1 && c.langs[0] != LANG_ASM) {
		if (c.writes_deps) {
			from = c.dep_file ? xstrdup(c.dep_file) : default_dep_file(&c);
		} else {
			full[n++] = (char *)"-MD";
			full[n++] = (char *)"-MF";
			full[n++] = dep;
		}
	}
	memcpy(full + n, argv + 1, (size_t)argc * sizeof(*full));
	if (!cwd)
		complain("the current folder", strerror(errno));
	else if (c.compiles || c.links)
		record(stem, cwd, real, argv, c.compiles && c.sources.n == 1 ? dep : NULL);
	setenv("PATH", path, 1);
	unsetenv(WRAPPER_ENV_RECORDS);
	unsetenv(WRAPPER_ENV_BIN);
	if (from) {
		status = run_and_copy(real, full, from, dep);
	} else {
		execv(real, full);
		fprintf(stderr, "%s: %s\n", real, strerror(errno));
		status = 127;
	}
	command_free(&c);
	free(from);
	free(full);
	free(dep);
	free(stem);
	free(cwd);
	free(real);
	free(path);
	return status;
}

static int link_to(const char *path, const char *exe)
{
	return symlink(exe, path) < 0 && errno != EEXIST ? -1 : 0;
}

int wrapper_dir_create(const char *dir, const char *exe, struct sut_err *err)
{
	char *path, *save, *s;
	int r = 0;

	if (mkdir_p(dir) < 0)
		return sut_fail(err, SUT_E_IO, dir, "%s", strerror(errno));
	path = path_without(dir);
	for (s = strtok_r(path, ":", &save); s; s = strtok_r(NULL, ":", &save)) {
		DIR *d = opendir(s);
		struct dirent *de;

		while (d && (de = readdir(d))) {
			char *real, *name;

			if (!command_is_compiler_name(de->d_name))
				continue;
			real = path_join(s, de->d_name);
			name = path_join(dir, de->d_name);
			if (is_program(real) && link_to(name, exe) < 0)
				r = sut_fail(err, SUT_E_IO, name, "%s", strerror(errno));
			free(real);
			free(name);
		}
		if (d)
			closedir(d);
	}
	free(path);
	return r;
}

/* True where the word that ends just before @at is an assignment to the host's compiler. */
static bool is_host_variable(const char *words, const char *at)
{
	static const char *const names[] = {"HOSTCC", "HOSTCXX", "BUILD_CC", "CC_FOR_BUILD",
					    "CXX_FOR_BUILD"};
	const char *end, *w;

	while (at > words && (at[-1] == '"' || at[-1] == '\''))
		at--;
	if (at == words || at[-1] != '=')
		return false;
	end = --at;
	for (w = end; w > words && !strchr(" \t\n;'\"", w[-1]);)
		w--;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if ((size_t)(end - w) == strlen(names[i]) &&
		    !strncmp(w, names[i], (size_t)(end - w)))
			return true;
	return false;
}

char *wrapper_rewrite(const char *dir, const char *exe, const char *words)
{
	size_t cap = strlen(words) + 1, n = 0;
	char *out = xmalloc(cap);

	for (const char *s = words; *s;) {
		bool starts = *s == '/' && (s == words || strchr(" \t\n='\"(;&|", s[-1]));
		size_t len = starts ? strcspn(s, " \t\n'\";&|)") : 1;
		char *path = xstrndup(s, len), *to = NULL, *folder;

		if (starts && command_is_compiler_name(path_base(path)) && is_program(path) &&
		    !is_host_variable(words, s)) {
			to = xasprintf("%s/root%s", dir, path);
			folder = xstrndup(to, (size_t)(path_base(to) - to));
			/* Where no wrapper can be made the path stays: the build must go on. */
			if (mkdir_p(folder) < 0 || link_to(to, exe) < 0) {
				free(to);
				to = NULL;
			}
			free(folder);
		}
		if (n + len + (to ? strlen(to) : 0) + 1 > cap) {
			cap = (n + len + (to ? strlen(to) : 0) + 1) * 2;
			out = xrealloc(out, cap);
		}
		memcpy(out + n, to ? to : path, to ? strlen(to) : len);
		n += to ? strlen(to) : len;
		s += len;
		free(to);
		free(path);
	}
	/* The copies above keep one byte of room for this. */
	out[n] = '\0';
	return out;
}
