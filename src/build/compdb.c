// SPDX-License-Identifier: GPL-2.0-or-later
/* compile_commands.json, and the make rules in which compilers tell what a source includes. */
#include "build/command.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/*
 * The colon that ends the targets of a rule: followed by white space or the end. "C:" of paths on
 * other systems does not occur here; a colon inside a file name is followed by more of the name.
 */
static const char *rule_colon(const char *s)
{
	for (; *s && *s != '\n'; s++) {
		if (*s == '\\' && s[1])
			s++;
		else if (*s == ':' && (isspace((unsigned char)s[1]) || !s[1]))
			return s;
	}
	return NULL;
}

void command_parse_deps(const char *text, const char *cwd, struct strvec *ret)
{
	char *w = xmalloc(strlen(text) + 1);

	while (*text) {
		const char *colon;

		while (isspace((unsigned char)*text))
			text++;
		colon = rule_colon(text);
		if (!colon)
			break;
		for (text = colon + 1;;) {
			size_t n = 0;

			while (*text == ' ' || *text == '\t' || *text == '\r' ||
			       (*text == '\\' && (text[1] == '\n' || text[1] == '\r')))
				text += *text == '\\' && text[1] == '\r' && text[2] == '\n' ? 3 :
					*text == '\\' ? 2 : 1;
			while (*text && !isspace((unsigned char)*text)) {
				if (*text == '\\' && (text[1] == '\n' || text[1] == '\r'))
					break;
				if ((*text == '\\' && (text[1] == ' ' || text[1] == '#' ||
						       text[1] == '\\')) ||
				    (*text == '$' && text[1] == '$'))
					text++;
				w[n++] = *text++;
			}
			w[n] = '\0';
			if (n) {
				char *p = path_normal(cwd, w);

				if (!strvec_has(ret, p))
					strvec_push(ret, p);
				free(p);
			}
			if (!n || *text == '\n' || !*text)
				break;
		}
		while (*text && *text != '\n')
			text++;
	}
	free(w);
}

static int read_entry(const char *path, size_t i, json_t *e, struct unit_vec *ret,
		      struct sut_err *err)
{
	const char *dir = json_string_value(json_object_get(e, "directory"));
	const char *file = json_string_value(json_object_get(e, "file"));
	const char *line = json_string_value(json_object_get(e, "command"));
	const char *output = json_string_value(json_object_get(e, "output"));
	json_t *args = json_object_get(e, "arguments"), *a;
	struct strvec argv = {0};
	size_t first = ret->n, k;
	struct command c;
	char *want;

	json_array_foreach(args, k, a)
		if (json_is_string(a))
			strvec_push(&argv, json_string_value(a));
	if (!argv.n && line)
		command_split(line, &argv);
	if (!dir || !file || !argv.n) {
		strvec_free(&argv);
		return sut_fail(err, SUT_B_COMPDB, path, "entry %zu has no %s", i,
				!dir ? "directory" : !file ? "file" : "command");
	}
	/* "ccache gcc ...": the launcher changes nothing in what is compiled. */
	while (argv.n > 1 && !command_is_compiler_name(path_base(argv.v[0])) &&
	       command_is_compiler_name(path_base(argv.v[1]))) {
		free(argv.v[0]);
		memmove(argv.v, argv.v + 1, argv.n * sizeof(*argv.v));
		argv.n--;
	}
	command_parse(dir, argv.v, &c);
	command_units(&c, c.compiler, NULL, ret);
	/* A command may name more sources than its entry is for; each has an entry of its own. */
	want = path_normal(dir, file);
	for (size_t n = ret->n; n-- > first;) {
		struct unit *u = &ret->v[n];

		if (strcmp(u->source_path, want) != 0) {
			unit_free(u);
			memmove(u, u + 1, (ret->n - n - 1) * sizeof(*u));
			ret->n--;
		} else if (!u->output && output) {
			u->output = path_normal(dir, output);
		}
	}
	free(want);
	command_free(&c);
	strvec_free(&argv);
	return 0;
}

int compdb_read(const char *path, struct unit_vec *ret, struct sut_err *err)
{
	json_error_t je;
	uint8_t *text;
	json_t *root, *e;
	size_t n, i;
	int r = 0;

	if (read_file(path, &text, &n) < 0)
		return sut_fail(err, SUT_E_IO, path, "%s", strerror(errno));
	root = json_loadb((char *)text, n, 0, &je);
	free(text);
	if (!root) {
		sut_fail(err, SUT_B_COMPDB, path, "%s", je.text);
		return sut_fail_where(err, path, je.line);
	}
	if (!json_is_array(root))
		r = sut_fail(err, SUT_B_COMPDB, path, "it is not a list of commands");
	json_array_foreach(root, i, e)
		if (r == 0)
			r = read_entry(path, i, e, ret, err);
	json_decref(root);
	return r;
}
