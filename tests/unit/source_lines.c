// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/lines.h"
#include "tap.h"

#include <stdlib.h>
#include <unistd.h>

static void check(const char *old, const char *new, const char *want, const char *name)
{
	struct buf out = {0};

	lines_preserve(old, strlen(old), new, strlen(new), &out);
	tap_eq_str(out.p ? (char *)out.p : "", want, name);
	buf_free(&out);
}

static void test_regions(void)
{
	check("a\nb\nc\n", "a\nb\nc\n", "a\nb\nc\n", "no change");
	check("a\nb\nc\n", "a\nB\nc\n", "a\nB\nc\n", "a changed line moves nothing");
	check("a\nb\nc\n", "a\nx\nb\nc\n", "a\nx\n#line 2\nb\nc\n", "an added line");
	check("a\nb\nc\nd\n", "a\nd\n", "a\n#line 4\nd\n", "removed lines");
	check("a\nb\nc\nd\ne\n", "x\na\nb\nc\ny\nd\ne\n", "x\n#line 1\na\nb\nc\ny\n#line 4\nd\ne\n",
	      "two regions");
	check("a\nb\n", "a\nb\nc\nd\n", "a\nb\nc\nd\n", "a change at the end of the file");
	check("a\nb", "a\nx\nb", "a\nx\n#line 2\nb", "no line end at the end");
	check("a\r\nb\r\n", "a\r\nx\r\nb\r\n", "a\r\nx\r\n#line 2\r\nb\r\n", "CRLF");
	check("a\nb\n", "a\r\nb\r\n", "a\r\nb\r\n", "only line ends differ");
	check("", "a\n", "a\n", "an empty original");
}

static void test_unsafe(void)
{
	check("f(1,\n 2,\n 3);\ng;\n", "f(1,\n x,\n 2,\n 3);\ng;\n",
	      "f(1,\n x,\n 2,\n 3);\n#line 4\ng;\n", "not inside parentheses");
	check("/* a\n b\n c */\ng;\n", "/* a\n x\n b\n c */\ng;\n",
	      "/* a\n x\n b\n c */\n#line 4\ng;\n", "not inside a comment");
	check("#define A \\\n b \\\n c\ng;\n", "#define A \\\n x \\\n b \\\n c\ng;\n",
	      "#define A \\\n x \\\n b \\\n c\n#line 4\ng;\n", "not inside a macro's continuation");
	check("s = \"a\\\nb\\\nc\";\ng;\n", "s = \"a\\\nx\\\nb\\\nc\";\ng;\n",
	      "s = \"a\\\nx\\\nb\\\nc\";\n#line 4\ng;\n", "not inside a continued string");
	check("s = \"/*(\";\nc = '(';\ng;\n", "n;\ns = \"/*(\";\nc = '(';\ng;\n",
	      "n;\n#line 1\ns = \"/*(\";\nc = '(';\ng;\n", "comments and parentheses in strings");
	check("s = \"//\";\na;\nb;\n", "s = \"//\";\nx;\na;\nb;\n",
	      "s = \"//\";\nx;\n#line 2\na;\nb;\n", "a string with //");
	check("// it's (\na;\n", "// it's (\nx;\na;\n", "// it's (\nx;\n#line 2\na;\n",
	      "an apostrophe and a parenthesis in a line comment");
	check("FOO\n(a)\nb;\n", "x;\nFOO2\n(a)\nb;\n", "x;\nFOO2\n(a)\n#line 3\nb;\n",
	      "not before a parenthesis");
	check("s = R\"q(\n(\n)q\";\nb;\n", "s = R\"q(\n(\n(\n)q\";\nb;\n",
	      "s = R\"q(\n(\n(\n)q\";\n#line 4\nb;\n", "not inside a raw string");
	check("#define X ( /* y\n z */ (\na;\n", "#define X ( /* y\n z */ (\nn;\na;\n",
	      "#define X ( /* y\n z */ (\nn;\n#line 3\na;\n",
	      "parentheses of a macro do not count");
}

static void test_conditionals(void)
{
	check("#if A\na\n#else\nb\n#endif\nc\n", "#if A\nx\na\n#else\nb\n#endif\nc\n",
	      "#if A\nx\n#line 2\na\n#else\n#line 4\nb\n#endif\n#line 6\nc\n",
	      "given again behind each branch");
	check("#if A\nif (x &&\n#else\nif (y &&\n#endif\n  z)\na;\nb;\n",
	      "#if A\nif (x &&\n#else\nif (y &&\n#endif\n  z)\nn;\na;\nb;\n",
	      "#if A\nif (x &&\n#else\nif (y &&\n#endif\n  z)\nn;\n#line 7\na;\nb;\n",
	      "a parenthesis that each branch opens");
	check("#if 0\ndon't\n#endif\na\n", "#if 0\ndon't\n#endif\nx\na\n",
	      "#if 0\ndon't\n#endif\nx\n#line 4\na\n", "an apostrophe in skipped text");
	check("a\n#line 50 \"y.y\"\nb\nc\n", "a\n#line 50 \"y.y\"\nb\nx\nc\n",
	      "a\n#line 50 \"y.y\"\nb\nx\n#line 51\nc\n", "the source's own #line");
}

static char dir[] = "/tmp/suture-lines-XXXXXX";

/* Every "keep = __LINE__" must come out the same through the real preprocessor. */
static char *preprocess(const char *text, size_t n, const char *define)
{
	char *path = path_join(dir, "x.c"), *out = NULL;
	char *argv[] = {(char *)"cc", (char *)"-E", (char *)"-P", (char *)define, path, NULL};
	struct run_opts o = {.ret_output = &out};

	if (write_file(path, text, n) < 0 || run_command(argv, &o) != 0)
		tap_ok(false, "the preprocessor runs: %s", out ? out : "");
	unlink(path);
	free(path);
	return out;
}

static void test_preprocessor(void)
{
	static const char old[] =
		"int k1 = __LINE__;\n#ifdef X\nint k2 = __LINE__;\n#else\nint k3 = "
		"__LINE__;\n#endif\n"
		"int k4 = __LINE__;\n#define M(a) \\\n\ta + \\\n\t1\nint k5 = M(__LINE__);\n";
	static const char new[] = "int k1 = __LINE__;\n#ifdef X\n\n\n\nint k2 = "
				  "__LINE__;\n#else\nint k3 = __LINE__;\n"
				  "#endif\nint k4 = __LINE__;\n\n#define M(a) \\\n\ta + "
				  "\\\n\t1\nint k5 = M(__LINE__);\n";
	static const char *const defines[] = {"-DX", "-DY"};
	struct buf out = {0};

	tap_ok(lines_preserve(old, sizeof(old) - 1, new, sizeof(new) - 1, &out) > 0,
	       "directives were needed");
	for (size_t i = 0; i < ARRAY_SIZE(defines); i++) {
		char *a = preprocess(old, sizeof(old) - 1, defines[i]);
		char *b = preprocess((char *)out.p, out.n, defines[i]);

		tap_eq_str(b, a, defines[i]);
		free(a);
		free(b);
	}
	buf_free(&out);
}

/* Pseudo-random edits: whatever they are, kept lines of plain code keep their numbers. */
static void test_random(void)
{
	unsigned int seed = 1;

	for (int round = 0; round < 200; round++) {
		struct buf old = {0}, new = {0}, out = {0};
		unsigned long line = 1;
		char *copy, *save, *s;
		bool good = true;

		for (unsigned int i = 1; i <= 60; i++) {
			seed = seed * 1103515245u + 12345u;
			buf_addf(&old, "k%u\n", i);
			if (seed >> 16 & 3)
				buf_addf(&new, "k%u\n", i);
			if (!(seed >> 20 & 7))
				buf_addf(&new, "n%u\n", seed);
		}
		lines_preserve((char *)old.p, old.n, (char *)new.p, new.n, &out);
		copy = xstrdup((char *)out.p);
		for (s = strtok_r(copy, "\n", &save); s; s = strtok_r(NULL, "\n", &save), line++) {
			if (str_starts(s, "#line "))
				line = strtoul(s + 6, NULL, 10) - 1;
			else if (*s == 'k')
				good &= strtoul(s + 1, NULL, 10) == line;
		}
		if (!good || round == 199)
			tap_ok(good, "random edits, round %d", round);
		free(copy);
		buf_free(&old);
		buf_free(&new);
		buf_free(&out);
	}
}

int main(void)
{
	test_regions();
	test_unsafe();
	test_conditionals();
	if (!mkdtemp(dir))
		return 1;
	test_preprocessor();
	test_random();
	rmdir(dir);
	return tap_done();
}
