// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A prepared kernel tree.
 *
 * The problem: a unit of the kernel cannot be compiled by its command alone. Generated headers have to be
 * there, the flags come from some fifty makefiles, and behind the compiler come objtool, recordmcount and
 * others that rewrite the object. So kbuild itself compiles it: `make O=OUT fs/proc/cmdline.o` in a tree that was
 * prepared by `make olddefconfig modules_prepare`. Nothing else of the kernel is built.
 *
 * The plan: CACHE/kernel/KEY/ holds
 *
 *	src/	a copy of the source, made of hard links: files are replaced there and never written to
 *	out/	what kbuild makes (proof/ is the same with other flags, see build/proofs.c; keys/ with jump labels that
 *		read their keys, see keys.c)
 *	first.h	what the target has each unit include
 *	units	all objects that the configuration makes: the makefiles are walked once, by make
 *	saved/	originals of what is patched just now (swap.h)
 *	ready	the digest of source, configuration and compiler that all this is made of
 *
 * Both versions of a unit are compiled at the same path: absolute paths in commands, objects and dependencies
 * are equal then, and kbuild sees itself what has changed. That is why one process at a time uses a tree.
 *
 * A configuration that the tools at hand cannot take over is refused: CONFIG_DEBUG_INFO_BTF without pahole
 * changes the layout of struct module.
 */
#include "kernel/tree.h"
#include "base/log.h"
#include "build/capture.h"
#include "build/jobs.h"
#include "kernel/modtree.h"
#include "kernel/swap.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_HEADER "first.h"

/* PORT: what kbuild calls the architecture */
static const struct {
	uint16_t machine;
	const char *arch;
} archs[] = {{EM_X86_64, "x86_64"}, {EM_AARCH64, "arm64"}, {EM_ARM, "arm"}, {EM_PPC64, "powerpc"}};

static const char *arch_of(uint16_t machine)
{
	for (size_t i = 0; i < ARRAY_SIZE(archs); i++)
		if (archs[i].machine == machine)
			return archs[i].arch;
	return NULL;
}

static bool on_path(const char *name)
{
	const char *path = getenv("PATH");
	char *dirs = xstrdup(path ? path : "/usr/bin:/bin"), *save = NULL;
	bool found = strchr(name, '/') && !access(name, X_OK);

	for (char *d = strtok_r(dirs, ":", &save); d && !found && !strchr(name, '/'); d = strtok_r(NULL, ":", &save)) {
		char *p = path_join(d, name);

		found = !access(p, X_OK);
		free(p);
	}
	free(dirs);
	return found;
}

/* --- what the source and the configuration say --- */

static char *make_word(const char *text, const char *name)
{
	for (const char *l = text; l; l = (l = strchr(l, '\n')) ? l + 1 : NULL)
		if (str_starts(l, name) && !strncmp(l + strlen(name), " =", 2)) {
			const char *v = l + strlen(name) + 2;

			v += strspn(v, " \t");
			return xstrndup(v, strcspn(v, " \t\n"));
		}
	return xstrdup("");
}

char *ktree_version(const char *dir, struct sut_err *err)
{
	char *path = path_join(dir, "Makefile"), *kconfig = path_join(dir, "Kconfig"), *r = NULL, *v, *p, *s;
	uint8_t *text;
	size_t n;

	if (file_exists(kconfig) && read_file(path, &text, &n) == 0) {
		v = make_word((char *)text, "VERSION");
		p = make_word((char *)text, "PATCHLEVEL");
		s = make_word((char *)text, "SUBLEVEL");
		if (*v && *p && *s)
			r = xasprintf("%s.%s.%s", v, p, s);
		free(v);
		free(p);
		free(s);
		free(text);
	}
	if (!r)
		sut_fail(err, SUT_K_SOURCE, dir, "it has no Makefile of Linux");
	free(path);
	free(kconfig);
	return r;
}

static void config_lines(const char *text, struct strvec *ret)
{
	char *copy = xstrdup(text), *save = NULL;

	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (str_starts(l, "CONFIG_") && strchr(l, '='))
			strvec_push(ret, l);
	free(copy);
}

static const char *config_get(const struct strvec *lines, const char *name, size_t len)
{
	for (size_t i = 0; i < lines->n; i++)
		if (!strncmp(lines->v[i], name, len) && lines->v[i][len] == '=')
			return lines->v[i] + len + 1;
	return NULL;
}

const char *ktree_config(const struct ktree *t, const char *name)
{
	char *full = xasprintf("CONFIG_%s", name);
	const char *v = config_get(&t->config, full, strlen(full));

	free(full);
	return v;
}

/* Describes the tools, not the kernel; or is for signing what we do not sign. */
static bool may_differ(const char *line)
{
	static const char *const names[] = {"CONFIG_CC_VERSION_TEXT", "CONFIG_GCC_VERSION", "CONFIG_AS_VERSION",
					    "CONFIG_LD_VERSION", "CONFIG_PAHOLE_VERSION", "CONFIG_BUILD_SALT",
					    "CONFIG_SYSTEM_TRUSTED_KEYS", "CONFIG_MODULE_SIG_KEY",
					    "CONFIG_MODULE_SIG_ALL", "CONFIG_RUSTC_VERSION_TEXT",
					    "CONFIG_BINDGEN_VERSION_TEXT", "CONFIG_LLD_VERSION",
					    "CONFIG_CLANG_VERSION", "CONFIG_RUSTC_VERSION",
					    "CONFIG_RUSTC_LLVM_VERSION", "CONFIG_AS_IS_GNU", "CONFIG_HAVE_RUST"};
	size_t len = strcspn(line, "=");

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == len && !strncmp(line, names[i], len))
			return true;
	/* What the tools can do changes nothing unless something asks for it, which then differs. */
	return str_starts(line, "CONFIG_CC_HAS_") || str_starts(line, "CONFIG_CC_CAN_") ||
	       str_starts(line, "CONFIG_AS_HAS_") || str_starts(line, "CONFIG_TOOLS_SUPPORT_") ||
	       str_starts(line, "CONFIG_PAHOLE_HAS_") || str_starts(line, "CONFIG_LD_HAS_") ||
	       str_starts(line, "CONFIG_CC_IMPLICIT_");
}

static int compare_config(const struct ktree *t, const char *path, const char *wanted, struct sut_err *err)
{
	struct strvec want = {0};
	size_t n = 0;

	config_lines(wanted, &want);
	for (size_t i = 0; i < want.n; i++) {
		const char *l = want.v[i];
		const char *have = config_get(&t->config, l, strcspn(l, "="));

		if ((have && !strcmp(have, strchr(l, '=') + 1)) || may_differ(l))
			continue;
		if (++n > 8)
			continue;
		sut_fail(err, SUT_K_CONFIG, path, "it has %s, which becomes %s here", l, have ? have : "unset");
		if (str_starts(l, "CONFIG_DEBUG_INFO_BTF"))
			sut_fail_remedy(err, "install pahole (package dwarves or pahole)");
		if (strstr(l, "COMPAT_VDSO"))
			sut_fail_remedy(err, "install gcc-arm-linux-gnueabihf");
	}
	if (n > 8)
		sut_fail(err, SUT_K_CONFIG, path, "and %zu more options differ", n - 8);
	strvec_free(&want);
	return n ? -1 : 0;
}

/* --- make --- */

/*
 * What is proved apart has to be what the archive's compiler makes. What is compared and carried has not: it takes
 * the compiler at hand, of the same name, and not one under emulation.
 */
const char *ktree_cc(const struct ktree *t, const char *out)
{
	return t->own_cc && t->proof_out && strcmp(out, t->proof_out) != 0 ? t->own_cc : t->cc;
}

int ktree_make(const struct ktree *t, const char *out, const char *const *flags, char *const *more,
	       const struct ktree_watch *watch, char **ret_output)
{
	struct strvec argv = {0}, env = {0};
	struct buf kcflags = {0};
	struct run_opts o = {.ret_output = ret_output, .cancel = t->cancel};
	extern char **environ;
	char *ignored = NULL;
	const char *cc = ktree_cc(t, out);
	int r;

	if (!ret_output)
		o.ret_output = &ignored;
	for (size_t i = 0; flags[i]; i++)
		buf_addf(&kcflags, "%s%s", i ? " " : "", flags[i]);
	if (flags == t->flags && t->target->kernel_header)
		buf_addf(&kcflags, " -include %s/" FIRST_HEADER, t->dir);
	if (t->make) {
		strvec_push(&argv, "sh");
		strvec_push(&argv, "-c");
		strvec_pushf(&argv, "%s \"$@\"", t->make);
	}
	strvec_push(&argv, "make");
	if (watch) {
		o.on_output = watch->on_output;
		o.ctx = watch->ctx;
	}
	strvec_push(&argv, watch ? "--no-print-directory" : "-s");
	strvec_push(&argv, "-k");
	strvec_pushf(&argv, "-j%d", t->jobs > 0 ? t->jobs : jobs_cpus());
	strvec_push(&argv, "-C");
	strvec_push(&argv, t->headers ? t->headers : t->src);
	if (t->headers)
		modtree_add_args(t, out, &argv, &kcflags);
	else
		strvec_pushf(&argv, "O=%s", out);
	strvec_pushf(&argv, "ARCH=%s", t->arch);
	if (t->cross)
		strvec_pushf(&argv, "CROSS_COMPILE=%s", t->cross);
	if (cc)
		strvec_pushf(&argv, "CC=%s", cc);
	/* Where a variable is at each instruction nobody asks; to find out takes a fifth of the time, and changes no code. */
	if (!cc || !strstr(cc, "clang"))
		buf_addf(&kcflags, " -fno-var-tracking");
	/* Paths of messages are those of the tree, wherever its copy lies. */
	buf_addf(&kcflags, " -fdebug-prefix-map=%s/=%s", t->headers ? out : t->src, t->headers ? "./" : "");
	strvec_pushf(&argv, "KCFLAGS=%s", (char *)kcflags.p);
	/* arm64 kernels carry a vDSO for 32-bit programs. */
	if (t->target->machine == EM_AARCH64 && on_path("arm-linux-gnueabihf-gcc"))
		strvec_push(&argv, "CROSS_COMPILE_COMPAT=arm-linux-gnueabihf-");
	/* Strings of the kernel name it; packages call their kernels otherwise than the source does. */
	if (t->release && !t->headers)
		strvec_pushf(&argv, "KERNELRELEASE=%s", t->release);
	strvec_push(&argv, KTREE_NO_DELAY);
	strvec_push(&argv, KTREE_OBJTOOL);
	for (size_t i = 0; more && more[i]; i++)
		strvec_push(&argv, t->headers ? modtree_goal(t, more[i]) : more[i]);
	/* A make around us, or options for kernels of the user's own, must not reach this one. */
	for (char **e = environ; *e; e++)
		if (!str_starts(*e, "MAKE") &&
		    (!str_starts(*e, "KBUILD_") || (t->headers && str_starts(*e, "KBUILD_EXTRA_SYMBOLS="))) &&
		    !str_starts(*e, "KCFLAGS") && !str_starts(*e, "KCPPFLAGS") && !str_starts(*e, "LC_ALL=") && !str_starts(*e, "ARCH=") &&
		    !str_starts(*e, "CROSS_COMPILE=") && !str_starts(*e, "LLVM") && !str_starts(*e, "GREP_"))
			strvec_push(&env, *e);
	strvec_push(&env, "LC_ALL=C");
	/* For what is given to make by the user and names the module's folder. */
	if (t->headers)
		strvec_pushf(&env, "SUTURE_SOURCE=%s", out);
	o.env = env.v;
	r = run_command(argv.v, &o);
	free(ignored);
	strvec_free(&argv);
	strvec_free(&env);
	buf_free(&kcflags);
	return r;
}

int ktree_prepare_failed(const struct ktree *t, const char *said, struct sut_err *err)
{
	size_t n = said ? strlen(said) : 0, lines = 0;
	const char *p = said ? said + n : "";

	while (p > said && lines < 12)
		lines += *--p == '\n';
	return sut_fail(err, SUT_K_PREPARE, t->source, "make failed:\n%s", p);
}

static int make_ready(const struct ktree *t, const char *out, const char *const *flags, const char *goal,
		      struct sut_err *err)
{
	char *said = NULL;
	int r = 0;

	if (ktree_make(t, out, flags, (char *[]){(char *)goal, NULL}, NULL, &said))
		r = ktree_prepare_failed(t, said, err);
	free(said);
	return r;
}

static int put_first_header(const struct ktree *t, struct sut_err *err)
{
	char *first = path_join(t->dir, FIRST_HEADER);
	const char *text = t->target->kernel_header;
	int r = 0;

	if (text && write_file(first, text, strlen(text)) < 0)
		r = sut_fail(err, SUT_E_IO, first, "%s", strerror(errno));
	free(first);
	return r;
}

static int prepare_out(const struct ktree *t, const char *config, struct sut_err *err)
{
	char *path = path_join(t->out, ".config");
	int r = 0;

	if (mkdir_p(t->out) < 0 || write_file(path, config, strlen(config)) < 0)
		r = sut_fail(err, SUT_E_IO, path, "%s", strerror(errno));
	free(path);
	/* One after the other: the second needs the configuration as it has become. */
	if (r < 0 || make_ready(t, t->out, t->flags, "olddefconfig", err) < 0)
		return -1;
	return make_ready(t, t->out, t->flags, "modules_prepare", err);
}

/* Paths in what was prepared are relative to it: in a copy, make finds only that other flags are asked for. */
static int prepare_proof(const struct ktree *t, struct sut_err *err)
{
	if (tree_copy(t->out, t->proof_out, err) < 0)
		return -1;
	return make_ready(t, t->proof_out, t->target->proof_flags, "modules_prepare", err);
}

/* --- the copy --- */

/* A tree that somebody has built in: kbuild refuses it for O=. */
static void clean_copy(const struct ktree *t)
{
	static const char *const names[] = {".config", "include/config", "include/generated",
					    "arch/x86/include/generated", "arch/arm64/include/generated",
					    "arch/arm/include/generated", "arch/powerpc/include/generated"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *p = path_join(t->src, names[i]);

		remove_tree(p);
		free(p);
	}
}

static int copy_source(const struct ktree *t, struct sut_err *err)
{
	struct sut_err ignored = {0};
	int r = tree_copy_linked(t->source, t->src, &ignored);

	sut_err_free(&ignored);
	/* Another file system, or files of another owner: links are not possible or not allowed. */
	if (r < 0) {
		remove_tree(t->src);
		r = tree_copy(t->source, t->src, err);
	}
	if (!r)
		clean_copy(t);
	return r;
}

/* --- opening --- */

static char *first_line_of(const char *cc)
{
	char *out = NULL, *nl;
	struct run_opts o = {.ret_output = &out};

	if (run_command((char *[]){(char *)cc, (char *)"--version", NULL}, &o) != 0) {
		free(out);
		return NULL;
	}
	nl = strchr(out, '\n');
	if (nl)
		*nl = '\0';
	return out;
}

/* The compiler by the name that built the kernel, where it is here. */
static void choose_compiler(struct ktree *t, const struct ktree_opts *o, const char *config)
{
	const char *text = strstr(config, "\nCONFIG_CC_VERSION_TEXT=\"");
	char *var = xasprintf("SUTURE_CROSS_%s", t->target->debian), *name, *base;
	const char *own = getenv(var);
	bool native = str_starts(t->target->multiarch, SUTURE_ARCH);

	free(var);
	if (o->cross)
		t->cross = xstrdup(o->cross);
	else if (!native)
		t->cross = xasprintf("%s-", t->target->multiarch);
	if (o->cc) {
		t->cc = xstrdup(o->cc);
		t->own_cc = xstrdup(o->cc);
		return;
	}
	if (own && t->cross)
		t->cc = xasprintf("%s/%sgcc", own, t->cross);
	if (!text)
		return;
	text += strlen("\nCONFIG_CC_VERSION_TEXT=\"");
	name = xstrndup(text, strcspn(text, " \""));
	/* "x86_64-linux-gnu-gcc-12" or "gcc-12" */
	base = strstr(name, "gcc");
	if (!base)
		base = strstr(name, "clang");
	if (base) {
		char *cc = xasprintf("%s%s", t->cross ? t->cross : "", base);

		if (on_path(cc)) {
			t->own_cc = xstrdup(cc);
			t->cc = t->cc ? t->cc : xstrdup(cc);
		}
		free(cc);
	}
	free(name);
}

/*
 * What is compared is compiled with the whole of debug information, whatever the configuration says of it: nothing
 * else tells that a type's layout changes. It changes no code.
 */
static void choose_flags(struct ktree *t, const char *config)
{
	static const struct {
		const char *option;
		bool wanted;
		const char *flag;
	} more[] = {{"CONFIG_DEBUG_INFO=", false, "-g"},
		    {"CONFIG_DEBUG_INFO_REDUCED=", true, "-femit-struct-debug-detailed=any"},
		    {"CONFIG_DEBUG_INFO_SPLIT=", true, "-gno-split-dwarf"},
		    {"CONFIG_DEBUG_INFO_COMPRESSED", true, "-gz=none"}};
	const char *const *own = t->target->kernel_flags ? t->target->kernel_flags : t->target->compile_flags;
	struct strvec lines = {0};

	while (*own)
		strvec_push(&t->flag_words, *own++);
	config_lines(config, &lines);
	for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
		bool has = false;

		for (size_t k = 0; k < lines.n; k++)
			has |= str_starts(lines.v[k], more[i].option) && !str_ends(lines.v[k], "_NONE=y");
		if (has == more[i].wanted)
			strvec_push(&t->flag_words, more[i].flag);
	}
	strvec_free(&lines);
	t->flags = (const char *const *)t->flag_words.v;
}

static int lock(struct ktree *t, struct sut_err *err)
{
	char *path = path_join(t->dir, "lock");
	bool told = false;
	int r = 0;

	/* Not closed on exec: a make that outlives us still has the lock, and nobody is in its way. */
	t->lock = open(path, O_RDWR | O_CREAT, 0666);
	if (t->lock < 0)
		r = sut_fail(err, SUT_E_IO, path, "%s", strerror(errno));
	while (!r && flock(t->lock, LOCK_EX | LOCK_NB) < 0) {
		if (t->cancel && *t->cancel)
			r = sut_fail(err, SUT_B_BUSY, t->dir, "another build has the tree");
		if (!told)
			log_info("waiting for another build that uses %s", t->dir);
		told = true;
		usleep(50000);
	}
	free(path);
	return r;
}

static char *digest(const struct ktree *t, const char *config, const char *compiler, struct sut_err *err)
{
	char *stamp = tree_stamp(t->source, err);
	struct buf b = {0};
	uint8_t sum[SHA256_SIZE];

	if (!stamp)
		return NULL;
	buf_addf(&b, "7 %s %s %s %s %s %s ", stamp, t->release ? t->release : "", t->cross ? t->cross : "",
		 t->cc ? t->cc : "", t->own_cc ? t->own_cc : "", compiler);
	for (const char *const *f = t->flags; *f; f++)
		buf_addf(&b, "%s ", *f);
	for (const char *const *f = t->target->proof_flags; f && *f; f++)
		buf_addf(&b, "%s ", *f);
	buf_addf(&b, "%s", t->target->kernel_header ? t->target->kernel_header : "");
	if (t->headers)
		modtree_add_key(t, &b);
	buf_addf(&b, "%s%s", ktree_list_mk, config);
	sha256(b.p, b.n, sum);
	buf_free(&b);
	free(stamp);
	return hex_encode(sum, SHA256_SIZE);
}

static int read_ready(struct ktree *t, const char *want)
{
	char *ready = path_join(t->dir, "ready"), *units = path_join(t->dir, "units"), *save = NULL;
	uint8_t *text;
	size_t n;
	int r = -1;

	if (read_file(ready, &text, &n) == 0) {
		r = strcmp((char *)text, want) ? -1 : 0;
		free(text);
	}
	if (!r && read_file(units, &text, &n) == 0) {
		for (char *l = strtok_r((char *)text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
			strvec_push(str_ends(l, ".ko") ? &t->modules : &t->units, l);
		free(text);
		ktree_settle_units(t);
	}
	free(ready);
	free(units);
	return t->units.n ? r : -1;
}

static int load_config(struct ktree *t, const char *given, struct sut_err *err)
{
	char *path = t->headers ? xstrdup(given) : path_join(t->out, ".config");
	uint8_t *text;
	size_t n;
	int r = 0;

	if (read_file(path, &text, &n) < 0) {
		r = sut_fail(err, SUT_E_IO, path, "%s", strerror(errno));
	} else {
		config_lines((char *)text, &t->config);
		free(text);
	}
	free(path);
	return r;
}

static int prepare_kernel(struct ktree *t, const char *config_path, const char *config, struct sut_err *err)
{
	log_info("preparing Linux %s for %s (once; half a minute or more)", t->version, t->arch);
	if (copy_source(t, err) < 0 ||
	    prepare_out(t, config, err) < 0 || load_config(t, config_path, err) < 0 ||
	    compare_config(t, config_path, config, err) < 0 || (t->proof_out && prepare_proof(t, err) < 0))
		return -1;
	return 0;
}

static int prepare(struct ktree *t, const char *config_path, const char *config, const char *key,
		   struct sut_err *err)
{
	static const char *const old[] = {"ready", "units", "src", "out", "proof", "keys", "patched", "saved", "backup", "new",
					 "includes", "built-at"};
	char *ready = path_join(t->dir, "ready");
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(old); i++) {
		char *p = path_join(t->dir, old[i]);

		remove_tree(p);
		free(p);
	}
	if (put_first_header(t, err) < 0 ||
	    (t->headers ? modtree_prepare(t, err) || load_config(t, config_path, err) :
			  prepare_kernel(t, config_path, config, err)) ||
	    ktree_list_units(t, err) < 0)
		r = -1;
	if (!r && write_file(ready, key, strlen(key)) < 0)
		r = sut_fail(err, SUT_E_IO, ready, "%s", strerror(errno));
	free(ready);
	return r;
}

static int open_tree(struct ktree *t, const struct ktree_opts *o, const char *config, struct sut_err *err)
{
	char *cache = o->work ? xstrdup(o->work) : capture_cache_dir(), *work = path_join(cache, "kernel");
	char *real, *compiler, *name, *key = NULL;
	const char *cc;
	char *plain = xasprintf("%sgcc", t->cross ? t->cross : "");
	uint8_t sum[SHA256_SIZE];
	int r = -1;

	if (mkdir_p(work) < 0 || !(real = realpath(work, NULL))) {
		sut_fail(err, SUT_E_IO, work, "%s", strerror(errno));
		free(plain);
		free(cache);
		free(work);
		return -1;
	}
	free(cache);
	free(work);
	cc = t->cc ? t->cc : plain;
	compiler = first_line_of(cc);
	if (!compiler) {
		sut_fail(err, SUT_E_TOOL, cc, "it cannot be run");
		goto out;
	}
	name = xasprintf("%s\n%s\n%s\n%s%s%s", t->source, o->config, t->arch, cc, t->headers ? "\n" : "",
			 t->headers ? t->headers : "");
	sha256(name, strlen(name), sum);
	free(name);
	name = hex_encode(sum, 8);
	/* make sees real paths, and some get into objects. */
	t->dir = path_join(real, name);
	free(name);
	t->src = path_join(t->dir, "src");
	t->out = path_join(t->dir, t->headers ? "src" : "out");
	t->keys_out = path_join(t->dir, "keys");
	if (t->target->proof_flags)
		t->proof_out = path_join(t->dir, "proof");
	if (mkdir_p(t->dir) < 0) {
		sut_fail(err, SUT_E_IO, t->dir, "%s", strerror(errno));
		goto out;
	}
	if (lock(t, err) < 0 || !(key = digest(t, config, compiler, err)))
		goto out;
	if (swap_out(t, err) == 0 && read_ready(t, key) == 0 && load_config(t, o->config, err) == 0)
		t->reused = true;
	r = t->reused ? 0 : prepare(t, o->config, config, key, err);
out:
	free(plain);
	free(key);
	free(compiler);
	free(real);
	return r;
}

struct ktree *ktree_open(const struct ktree_opts *o, struct sut_err *err)
{
	struct ktree *t = xcalloc(1, sizeof(*t));
	uint8_t *config = NULL;
	size_t n;
	int r = -1;

	t->lock = -1;
	t->jobs = o->jobs;
	t->release = o->release ? xstrdup(o->release) : NULL;
	t->cancel = o->cancel;
	t->target = target_find(o->machine);
	t->source = realpath(o->source, NULL);
	t->make = o->make ? xstrdup(o->make) : NULL;
	if (!t->source) {
		sut_fail(err, SUT_E_IO, o->source, "%s", strerror(errno));
		goto out;
	}
	if (o->headers && modtree_open(t, o->headers, err) < 0)
		goto out;
	if (!t->target || !arch_of(o->machine)) {
		sut_fail(err, SUT_E_ARCH, o->source, "the kernel's ELF machine is %u", o->machine);
		goto out;
	}
	t->arch = xstrdup(arch_of(o->machine));
	t->version = t->headers ? xstrdup(o->release) : ktree_version(t->source, err);
	if (!t->version)
		goto out;
	if (read_file(o->config, &config, &n) < 0) {
		sut_fail(err, SUT_K_CONFIG, o->config, "%s", strerror(errno));
		goto out;
	}
	choose_compiler(t, o, (char *)config);
	choose_flags(t, (char *)config);
	r = open_tree(t, o, (char *)config, err);
out:
	free(config);
	if (!r)
		return t;
	ktree_free(t);
	return NULL;
}

void ktree_free(struct ktree *t)
{
	if (!t)
		return;
	if (t->lock >= 0)
		close(t->lock);
	free(t->source);
	free(t->dir);
	free(t->src);
	free(t->out);
	free(t->proof_out);
	free(t->keys_out);
	free(t->arch);
	free(t->version);
	free(t->cross);
	free(t->cc);
	free(t->own_cc);
	free(t->release);
	strvec_free(&t->flag_words);
	strvec_free(&t->config);
	strvec_free(&t->units);
	strvec_free(&t->goals);
	free(t->headers);
	free(t->make);
	free(t->sub);
	free(t->built_at);
	strvec_free(&t->modules);
	free(t);
}
