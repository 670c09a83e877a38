// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A compiler's command line.
 *
 * The problem: from what a build once ran, make a command that compiles one source to an object of
 * our own, with the same code in it. So every option is of one kind:
 *
 *   - it names an input, an output or a dependency file, or asks for a stage: it is taken out and
 *     given again by us;
 *   - it speaks to the linker: it is taken out (clang complains about unused ones);
 *   - it writes something beside the object (-save-temps, -gsplit-dwarf): it is taken out;
 *   - everything else may change code and is kept, in order, with its argument.
 *
 * The only thing to know about an option that is kept is whether its argument is the next word:
 * otherwise that word would be taken for a source. The table below has these; it is the union of
 * gcc's and clang's. Unknown options are one word.
 *
 * Not supported: -o with several outputs, precompiled headers as inputs, languages other than C,
 * C++ and assembly (they are recorded as LANG_OTHER and never affected).
 *
 * References: gcc(1), "Option Summary"; clang --help-hidden; gcc/gcc.cc (SWITCH_TAKES_ARG).
 */
#include "build/command.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum opt_kind {
	OPT_KEEP,		/* keep it and its argument */
	OPT_LINK,		/* for the linker: leave out */
	OPT_DROP,		/* leave out */
	OPT_DEP_FILE,		/* -MF */
	OPT_OUTPUT,
	OPT_LANG,
};

/* Options whose argument is the next word when nothing follows directly. */
static const struct {
	const char *name;
	enum opt_kind kind;
	bool exact;		/* the argument is always the next word */
} arg_opts[] = {
	{"-o", OPT_OUTPUT, false},
	{"-x", OPT_LANG, false},
	{"-MF", OPT_DEP_FILE, false},
	{"-MT", OPT_DROP, false},
	{"-MQ", OPT_DROP, false},
	{"-MJ", OPT_DROP, false},
	{"-D", OPT_KEEP, false},
	{"-U", OPT_KEEP, false},
	{"-include", OPT_KEEP, true},
	{"-include-pch", OPT_KEEP, true},
	{"-imacros", OPT_KEEP, true},
	{"-isystem", OPT_KEEP, false},
	{"-iquote", OPT_KEEP, false},
	{"-idirafter", OPT_KEEP, false},
	{"-iprefix", OPT_KEEP, false},
	{"-iwithprefixbefore", OPT_KEEP, false},
	{"-iwithprefix", OPT_KEEP, false},
	{"-isysroot", OPT_KEEP, false},
	{"-imultilib", OPT_KEEP, true},
	{"-I", OPT_KEEP, false},
	{"-A", OPT_KEEP, false},
	{"-B", OPT_KEEP, false},
	{"-Xpreprocessor", OPT_KEEP, true},
	{"-Xassembler", OPT_KEEP, true},
	{"-Xclang", OPT_KEEP, true},
	{"-mllvm", OPT_KEEP, true},
	{"-target", OPT_KEEP, true},
	{"--target", OPT_KEEP, true},
	{"--param", OPT_KEEP, true},
	{"-param", OPT_KEEP, true},
	{"--sysroot", OPT_KEEP, true},
	{"-gcc-toolchain", OPT_KEEP, true},
	{"-arch", OPT_KEEP, true},
	{"-specs", OPT_KEEP, true},
	{"-wrapper", OPT_DROP, true},
	{"-aux-info", OPT_DROP, true},
	{"-dumpbase", OPT_DROP, true},
	{"-dumpbase-ext", OPT_DROP, true},
	{"-dumpdir", OPT_DROP, true},
	{"-Xlinker", OPT_LINK, true},
	{"-T", OPT_LINK, true},
	{"-e", OPT_LINK, true},
	{"-u", OPT_LINK, true},
	{"-z", OPT_LINK, true},
	{"-framework", OPT_LINK, true},
	{"-L", OPT_LINK, false},
	{"-l", OPT_LINK, false},
};

static const struct {
	const char *name;
	bool prefix;
} link_words[] = {
	{"-Wl,", true},		{"-shared", false},	{"-static", false},
	{"-static-pie", false}, {"-pie", false},	{"-no-pie", false},
	{"-nopie", false},	{"-rdynamic", false},	{"-s", false},
	{"-nostdlib", false},	{"-nodefaultlibs", false}, {"-nostartfiles", false},
	{"-static-libgcc", false}, {"-shared-libgcc", false}, {"-static-libstdc++", false},
	{"-r", false},		{"-fuse-ld=", true},	{"-symbolic", false},
	{"-fuse-linker-plugin", false}, {"-flinker-output=", true},
}, drop_words[] = {
	{"-c", false},		{"-MP", false},		{"-MG", false},
	{"-save-temps", true},	{"--save-temps", true}, {"-gsplit-dwarf", true},
	{"-fdump-", true},	{"-v", false},		{"-H", false},
	{"-ftime-report", false}, {"-fdiagnostics-color", true}, {"-###", false},
	{"-fstack-usage", false}, {"-fcallgraph-info", true}, {"-time", true},
	{"-fdirectives-only", false}, {"-ftime-trace", true},
};

static const struct {
	const char *ext;
	enum unit_lang lang;
} langs[] = {
	{"c", LANG_C},	  {"i", LANG_C},     {"cc", LANG_CXX}, {"cp", LANG_CXX},
	{"cxx", LANG_CXX}, {"cpp", LANG_CXX}, {"CPP", LANG_CXX}, {"c++", LANG_CXX},
	{"C", LANG_CXX},  {"ii", LANG_CXX},  {"s", LANG_ASM},  {"S", LANG_ASM_CPP},
	{"sx", LANG_ASM_CPP}, {"m", LANG_OTHER}, {"mm", LANG_OTHER}, {"f", LANG_OTHER},
	{"F", LANG_OTHER}, {"f90", LANG_OTHER}, {"F90", LANG_OTHER}, {"ada", LANG_OTHER},
	{"adb", LANG_OTHER}, {"d", LANG_OTHER}, {"go", LANG_OTHER}, {"ll", LANG_OTHER},
	{"cu", LANG_OTHER},
}, lang_names[] = {
	{"c", LANG_C},	{"cpp-output", LANG_C},	{"c++", LANG_CXX},
	{"c++-cpp-output", LANG_CXX}, {"assembler", LANG_ASM},
	{"assembler-with-cpp", LANG_ASM_CPP}, {"none", LANG_NONE},
};

static enum unit_lang lang_of_name(const char *path)
{
	const char *dot = strrchr(path_base(path), '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(langs); i++)
		if (!strcmp(dot + 1, langs[i].ext))
			return langs[i].lang;
	return LANG_NONE;
}

static enum unit_lang lang_of_option(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(lang_names); i++)
		if (!strcmp(name, lang_names[i].ext))
			return lang_names[i].lang;
	return LANG_OTHER;
}

#define WORD_IN(table, word) word_in((const void *)(table), ARRAY_SIZE(table), (word))
static bool word_in(const void *table, size_t n, const char *word)
{
	const __typeof__(link_words[0]) *t = table;

	for (size_t i = 0; i < n; i++)
		if (t[i].prefix ? str_starts(word, t[i].name) : !strcmp(word, t[i].name))
			return true;
	return false;
}

void command_split(const char *s, struct strvec *ret)
{
	char *w = xmalloc(strlen(s) + 1);

	for (;;) {
		size_t n = 0;

		while (*s && isspace((unsigned char)*s))
			s++;
		if (!*s)
			break;
		for (char quote = 0; *s && (quote || !isspace((unsigned char)*s)); s++) {
			if (quote != '\'' && *s == '\\' && s[1]) {
				/* Inside double quotes only these lose their backslash. */
				if (quote && !strchr("\"\\$`\n", s[1]))
					w[n++] = *s;
				w[n++] = *++s;
			} else if (quote ? *s == quote : (*s == '"' || *s == '\'')) {
				quote = quote ? 0 : *s;
			} else {
				w[n++] = *s;
			}
		}
		w[n] = '\0';
		strvec_push(ret, w);
	}
	free(w);
}

static void expand(const char *cwd, char *const *argv, int depth, struct strvec *ret)
{
	for (; *argv; argv++) {
		struct strvec words = {0};
		uint8_t *text;
		size_t n;
		char *path;

		/* As the compilers do: what is no readable file stays a word. */
		if ((*argv)[0] != '@' || depth > 16) {
			strvec_push(ret, *argv);
			continue;
		}
		path = path_join(cwd, *argv + 1);
		if (read_file(path, &text, &n) < 0) {
			strvec_push(ret, *argv);
		} else {
			command_split((char *)text, &words);
			if (words.n)
				expand(cwd, words.v, depth + 1, ret);
			strvec_free(&words);
			free(text);
		}
		free(path);
	}
}

void command_expand(const char *cwd, char *const *argv, struct strvec *ret)
{
	expand(cwd, argv, 0, ret);
}

bool command_is_compiler_name(const char *name)
{
	static const char *const names[] = {"cc", "gcc", "clang", "c99", "c89", "c++", "g++",
					    "clang++"};
	size_t n = strlen(name), end = n;

	/* A version: "-12", "-4.9.2". */
	while (end && (isdigit((unsigned char)name[end - 1]) || name[end - 1] == '.'))
		end--;
	if (end == n || !end || name[end - 1] != '-')
		end = n;
	else
		end--;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t m = strlen(names[i]);

		if (end >= m && !strncmp(name + end - m, names[i], m) &&
		    (end == m || name[end - m - 1] == '-'))
			return true;
	}
	return false;
}

bool command_is_clang(const char *compiler)
{
	return strstr(path_base(compiler), "clang") != NULL;
}

/* Where option @w has its argument: its kind and the argument's text, or NULL for the next word. */
static bool find_arg_opt(const char *w, enum opt_kind *kind, const char **arg)
{
	for (size_t i = 0; i < ARRAY_SIZE(arg_opts); i++) {
		size_t m = strlen(arg_opts[i].name);

		if (strncmp(w, arg_opts[i].name, m) || (w[m] && arg_opts[i].exact))
			continue;
		/* "-l" must not swallow what is another option; no two here clash but these. */
		if (w[m] && !strcmp(arg_opts[i].name, "-I") && w[m] == '-')
			continue;
		*kind = arg_opts[i].kind;
		*arg = w[m] ? w + m : NULL;
		return true;
	}
	return false;
}

/* "-Wp,-MD,file": what the kernel's build uses. Other words of -Wp are kept. */
static void parse_wp(struct command *c, const char *w)
{
	struct strvec parts = {0};
	char *copy = xstrdup(w), *save, *s;
	bool deps = false;

	for (s = strtok_r(copy, ",", &save); s; s = strtok_r(NULL, ",", &save))
		strvec_push(&parts, s);
	for (size_t i = 1; i < parts.n; i++) {
		if (!strcmp(parts.v[i], "-MD") || !strcmp(parts.v[i], "-MMD")) {
			deps = c->writes_deps = true;
			c->deps_partial |= !strcmp(parts.v[i], "-MMD");
			if (i + 1 < parts.n && parts.v[i + 1][0] != '-') {
				free(c->dep_file);
				c->dep_file = xstrdup(parts.v[i + 1]);
			}
		} else if (!strcmp(parts.v[i], "-MT") || !strcmp(parts.v[i], "-MF") ||
			   !strcmp(parts.v[i], "-MP") || !strcmp(parts.v[i], "-MQ")) {
			deps = true;
		}
	}
	if (!deps)
		strvec_push(&c->flags, w);
	strvec_free(&parts);
	free(copy);
}

/* Words for the linker, with commas between. Of interest is only whether it makes one of equal functions. */
static void parse_linker(struct command *c, const char *words)
{
	char *copy = xstrdup(words), *save, *s;

	for (s = strtok_r(copy, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		const char *w = s + strspn(s, "-");

		if (w == s || strncmp(w, "icf", 3) || (w[3] && w[3] != '='))
			continue;
		/* "--icf all" is two words. The second may be anywhere. */
		free(c->icf);
		c->icf = strcmp(w, "icf=none") ? xstrdup(w[3] ? w + 4 : "all") : NULL;
	}
	free(copy);
}

struct parse {
	enum unit_lang lang;	/* -x in force; LANG_NONE: by name */
	bool forced;		/* -x is in force */
	bool stops;		/* -E, -S, -M...: no object is made */
	bool only_objects;	/* -c */
	bool asks;		/* --version and such: no input is compiled */
};

static void parse_input(struct command *c, struct parse *p, const char *w)
{
	enum unit_lang lang = p->forced ? p->lang : lang_of_name(w);

	/* Standard input cannot be compiled a second time. */
	if (lang == LANG_NONE || !strcmp(w, "-")) {
		strvec_push(&c->inputs, w);
		return;
	}
	strvec_push(&c->sources, w);
	c->langs = xrealloc(c->langs, c->sources.n * sizeof(*c->langs));
	c->langs[c->sources.n - 1] = lang;
}

/* Handles the option at *pw, which may take the next word too. */
static void parse_option(struct command *c, struct parse *p, char *const **pw)
{
	const char *w = **pw, *arg;
	enum opt_kind kind;

	if (!strcmp(w, "-E") || !strcmp(w, "-S") || !strcmp(w, "-M") || !strcmp(w, "-MM") ||
	    !strcmp(w, "-fsyntax-only") || !strcmp(w, "-emit-llvm") || !strcmp(w, "-###")) {
		p->stops = true;
	} else if (!strcmp(w, "--version") || !strcmp(w, "-dumpversion") || !strcmp(w, "--help") ||
		   !strcmp(w, "-dumpmachine") || str_starts(w, "-print-") ||
		   str_starts(w, "--print-") || !strcmp(w, "-dumpfullversion") ||
		   !strcmp(w, "-dumpspecs")) {
		p->asks = true;
	} else if (!strcmp(w, "-MD") || !strcmp(w, "-MMD")) {
		c->writes_deps = true;
		c->deps_partial |= !strcmp(w, "-MMD");
	} else if (str_starts(w, "-Wp,")) {
		parse_wp(c, w);
	} else if (WORD_IN(drop_words, w)) {
		p->only_objects |= !strcmp(w, "-c");
	} else if (WORD_IN(link_words, w)) {
		if (str_starts(w, "-Wl,"))
			parse_linker(c, w + strlen("-Wl,"));
	} else if (find_arg_opt(w, &kind, &arg)) {
		bool next = !arg && (*pw)[1];

		if (next)
			arg = *++*pw;
		if (kind == OPT_OUTPUT && arg) {
			free(c->output);
			c->output = xstrdup(arg);
		} else if (kind == OPT_DEP_FILE && arg) {
			free(c->dep_file);
			c->dep_file = xstrdup(arg);
		} else if (kind == OPT_LANG && arg) {
			p->lang = lang_of_option(arg);
			p->forced = strcmp(arg, "none") != 0;
		} else if (kind == OPT_KEEP) {
			strvec_push(&c->flags, w);
			if (next)
				strvec_push(&c->flags, arg);
		} else if (kind == OPT_LINK && w[1] == 'l') {
			strvec_pushf(&c->inputs, "-l%s", arg ? arg : "");
		} else if (!strcmp(w, "-Xlinker") && arg) {
			parse_linker(c, arg);
		}
	} else {
		if (str_starts(w, "-flto"))
			c->is_lto = true;
		else if (!strcmp(w, "-fno-lto"))
			c->is_lto = false;
		strvec_push(&c->flags, w);
	}
}

void command_parse(const char *cwd, char *const *argv, struct command *ret)
{
	struct strvec words = {0};
	struct parse p = {0};

	memset(ret, 0, sizeof(*ret));
	ret->cwd = xstrdup(cwd);
	ret->compiler = xstrdup(argv[0]);
	command_expand(cwd, argv + 1, &words);
	for (char *const *w = words.v; w && *w; w++) {
		if ((*w)[0] == '-' && (*w)[1])
			parse_option(ret, &p, &w);
		else
			parse_input(ret, &p, *w);
	}
	strvec_free(&words);
	if (p.stops || p.asks)
		return;
	ret->compiles = ret->sources.n > 0;
	ret->links = !p.only_objects && (ret->sources.n || ret->inputs.n);
}

void command_free(struct command *c)
{
	free(c->cwd);
	free(c->compiler);
	free(c->output);
	free(c->dep_file);
	free(c->icf);
	free(c->langs);
	strvec_free(&c->flags);
	strvec_free(&c->sources);
	strvec_free(&c->inputs);
	memset(c, 0, sizeof(*c));
}

char *path_normal(const char *cwd, const char *path)
{
	char *full = path_join(cwd, path), *out = xmalloc(strlen(full) + 2), *save, *s;
	size_t n = 0;

	for (s = strtok_r(full, "/", &save); s; s = strtok_r(NULL, "/", &save)) {
		if (!strcmp(s, "."))
			continue;
		if (!strcmp(s, "..")) {
			while (n && out[--n] != '/')
				;
			continue;
		}
		out[n++] = '/';
		memcpy(out + n, s, strlen(s));
		n += strlen(s);
	}
	if (!n)
		out[n++] = '/';
	out[n] = '\0';
	free(full);
	return out;
}

bool path_is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && (!path[n] || path[n] == '/' || (n && dir[n - 1] == '/'));
}

void unit_set_id(struct unit *u)
{
	uint8_t sum[SHA256_SIZE];
	struct strvec all = {0};
	size_t n = 0;
	char *text, *hex;

	strvec_push(&all, u->cwd);
	strvec_push(&all, u->compiler);
	strvec_push(&all, u->source);
	strvec_pushf(&all, "%d", u->lang);
	for (size_t i = 0; i < u->args.n; i++)
		strvec_push(&all, u->args.v[i]);
	strvec_push(&all, "\n");
	for (size_t i = 0; i < u->env.n; i++)
		strvec_push(&all, u->env.v[i]);
	for (size_t i = 0; i < all.n; i++)
		n += strlen(all.v[i]) + 1;
	text = xmalloc(n);
	n = 0;
	for (size_t i = 0; i < all.n; i++) {
		size_t m = strlen(all.v[i]) + 1;

		memcpy(text + n, all.v[i], m);
		n += m;
	}
	sha256(text, n, sum);
	hex = hex_encode(sum, 8);
	free(u->id);
	u->id = xasprintf("%s-%s", path_base(u->source), hex);
	free(hex);
	free(text);
	strvec_free(&all);
}

void command_units(const struct command *c, const char *compiler, const struct strvec *env,
		   struct unit_vec *ret)
{
	for (size_t i = 0; c->compiles && i < c->sources.n; i++) {
		struct unit *u = VEC_PUSH(ret->v, ret->n, ret->cap);

		u->cwd = xstrdup(c->cwd);
		u->compiler = xstrdup(compiler);
		u->source = xstrdup(c->sources.v[i]);
		u->source_path = path_normal(c->cwd, u->source);
		u->lang = c->langs[i];
		u->is_asm = u->lang == LANG_ASM || u->lang == LANG_ASM_CPP;
		u->is_lto = c->is_lto && !u->is_asm;
		for (size_t k = 0; k < c->flags.n; k++)
			strvec_push(&u->args, c->flags.v[k]);
		for (size_t k = 0; env && k < env->n; k++)
			strvec_push(&u->env, env->v[k]);
		if (c->output && !c->links) {
			u->output = path_normal(c->cwd, c->output);
		} else if (!c->links) {
			const char *base = path_base(u->source), *dot = strrchr(base, '.');
			char *name = xasprintf("%.*s.o",
					       (int)(dot ? dot - base : (int)strlen(base)), base);

			u->output = path_normal(c->cwd, name);
			free(name);
		}
		unit_set_id(u);
	}
}

void unit_free(struct unit *u)
{
	free(u->cwd);
	free(u->compiler);
	free(u->source);
	free(u->source_path);
	free(u->output);
	free(u->id);
	strvec_free(&u->args);
	strvec_free(&u->env);
	strvec_free(&u->deps);
	memset(u, 0, sizeof(*u));
}

void unit_vec_free(struct unit_vec *uv)
{
	for (size_t i = 0; i < uv->n; i++)
		unit_free(&uv->v[i]);
	free(uv->v);
	memset(uv, 0, sizeof(*uv));
}
