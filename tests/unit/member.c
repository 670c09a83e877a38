// SPDX-License-Identifier: GPL-2.0-or-later
/* Builds that compile more than what runs: flavours of one source, tests, templates. */
#include "build/build.h"
#include "build/wrapper.h"
#include "tap.h"

#include <stdlib.h>
#include <unistd.h>

static char top[] = "/tmp/suture-member-XXXXXX";
static char *tree, *work, *diff, *object;

static void put(const char *dir, const char *name, const char *text)
{
	char *p = path_join(dir, name);

	if (write_file(p, text, strlen(text)) < 0)
		tap_ok(false, "cannot write %s", p);
	free(p);
}

static const char lib_c[] =
	"#include \"lib.h\"\n"
	"int hidden(int x) { return x * 7 + LIB; }\n"
	"int visible(int x)\n{\n\tfor (int i = 0; i < x; i++)\n\t\tx += hidden(i);\n"
	"\treturn x + inner(x);\n}\n"
	"#ifdef EXTRA\nint extra(int x) { return counter += x ^ 11; }\n#else\n"
	"int other(int x) { return x ^ 12; }\n#endif\n";

static void make_tree(void)
{
	put(tree, "lib.h", "#define LIB 1\nextern int counter;\n"
	    "static inline int inner(int x)\n{\n\treturn x / 3;\n}\nint visible(int);\n");
	put(tree, "lib.c", lib_c);
	put(tree, "data.c", "int counter = 5;\n");
	put(tree, "check.c", "#include \"lib.h\"\n"
	    "__attribute__((noinline)) int wrong(int x)\n{\n\treturn x % 5 ? x * x : inner(x);\n}\n"
	    "int sum = 3;\nint main(void)\n{\n\treturn wrong(visible(3)) + inner(8) + sum;\n}\n");
	/* The flavours differ like libtool's: PIC or not, and by an option. */
	put(tree, "Makefile",
	    "CC = gcc\nCFLAGS = -O2\nall: libx.so libx.a check\n"
	    "libx.so: a/lib.o a/data.o\n\t$(CC) -shared -Wl,--build-id -o $@ $^\n"
	    "libx.a: b/lib.o c/lib.o\n\tar rc $@ $^\n"
	    "check: check.o libx.so\n\t$(CC) -o $@ check.o ./libx.so\n"
	    "a/%.o: %.c\n\tmkdir -p a && $(CC) $(CFLAGS) -fPIC -DEXTRA -c -o $@ $<\n"
	    "b/%.o: %.c\n\tmkdir -p b && $(CC) $(CFLAGS) -fno-pic -DEXTRA -c -o $@ $<\n"
	    "c/%.o: %.c\n\tmkdir -p c/copy && cp $< c/copy && "
	    "$(CC) $(CFLAGS) -I. -fPIC -c -o $@ c/copy/$<\n");
	put(top, "lib.patch", "--- a/lib.c\n+++ b/lib.c\n@@ -1,5 +1,5 @@\n #include \"lib.h\"\n"
	    "-int hidden(int x) { return x * 7 + LIB; }\n"
	    "+int hidden(int x) { return x * 9 + LIB; }\n int visible(int x)\n {\n"
	    " \tfor (int i = 0; i < x; i++)\n");
	put(top, "header.patch", "--- a/lib.h\n+++ b/lib.h\n@@ -2,5 +2,5 @@\n extern int counter;\n"
	    " static inline int inner(int x)\n {\n-\treturn x / 3;\n+\treturn x / 4;\n }\n");
	put(top, "check.patch", "--- a/check.c\n+++ b/check.c\n@@ -1,9 +1,9 @@\n #include \"lib.h\"\n"
	    " __attribute__((noinline)) int wrong(int x)\n {\n"
	    "-\treturn x % 5 ? x * x : inner(x);\n+\treturn x % 6 ? x * x : inner(x);\n }\n"
	    "-int sum = 3;\n+int sum = 4;\n int main(void)\n {\n"
	    " \treturn wrong(visible(3)) + inner(8) + sum;\n");
	put(top, "data.patch", "--- a/data.c\n+++ b/data.c\n@@ -1 +1 @@\n-int counter = 5;\n"
	    "+int counter = 6;\n");
}

static bool build(const char *patch, struct build *b, struct sut_err *err)
{
	char *p = path_join(top, patch);
	const char *const patches[] = {p, NULL}, *const objects[] = {object, NULL};
	struct build_opts o = {.source = tree, .make = "make", .objects = objects,
			       .patches = patches, .work = work, .name = "t"};
	bool good = build_run(b, &o, err) == 0;

	for (size_t i = 0; i < err->n; i++)
		printf("# %s: %s: %s\n", sut_code_info(err->v[i].code)->text, err->v[i].subject,
		       err->v[i].cause);
	free(p);
	return good;
}

static void release(struct build *b, struct sut_err *err)
{
	build_free(b);
	sut_err_free(err);
	memset(b, 0, sizeof(*b));
}

static size_t count(const struct build *b, enum unit_place place)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n_units; i++)
		n += b->units[i].place == place;
	return n;
}

int main(int argc, char **argv)
{
	char *make[] = {(char *)"make", (char *)"-s", NULL}, *out = NULL;
	struct run_opts o = {.ret_output = &out};
	struct sut_err err = {0};
	struct build b = {0};

	if (wrapper_is_wanted(argv[0]))
		return wrapper_main(argc, argv);
	if (!mkdtemp(top))
		return 1;
	tree = path_join(top, "tree");
	work = path_join(top, "work");
	object = path_join(top, "libx.so");
	if (mkdir_p(tree) < 0)
		return 1;
	make_tree();
	o.cwd = tree;
	tap_ok(run_command(make, &o) == 0, "the program is built");
	free(out);
	out = path_join(tree, "libx.so");
	if (rename(out, object) < 0)
		return 1;
	free(out);

	tap_ok(build("lib.patch", &b, &err), "a source that is compiled in three ways");
	tap_eq_u64(b.n_units, 3, "all are affected");
	tap_eq_u64(count(&b, UNIT_MEMBER), 1, "one is part of the library");
	tap_eq_u64(count(&b, UNIT_VARIANT), 2, "the others are variants");
	tap_eq_u64(b.n_proved, b.n_functions, "and all of its functions match");
	tap_ok(b.patch && b.patch->n_objects == 1, "a patch is made");
	release(&b, &err);

	tap_ok(build("header.patch", &b, &err), "a header that a test program includes too");
	tap_eq_u64(count(&b, UNIT_MEMBER), 1, "one unit is part of the library");
	tap_eq_u64(count(&b, UNIT_ELSEWHERE), 1, "the test is elsewhere");
	tap_ok(b.elsewhere.n == 1 && !strcmp(b.elsewhere.v[0], "check.c (in check)"),
	       "it is told where");
	release(&b, &err);

	put(top, "CVE-2026-0992-01-4af2.patch", "Fix CVE-2025-12345: CVE-2026 and CVE-2026-12-3\n"
	    "--- a/lib.c\n+++ b/lib.c\n@@ -2 +2 @@\n"
	    "-int hidden(int x) { return x * 7 + LIB; }\n"
	    "+int hidden(int x) { return x * 9 + LIB; }\n");
	tap_ok(build("CVE-2026-0992-01-4af2.patch", &b, &err), "a patch named after a CVE");
	tap_ok(b.patch && b.patch->cves.n == 2 && !strcmp(b.patch->cves.v[0], "CVE-2026-0992") &&
	       !strcmp(b.patch->cves.v[1], "CVE-2025-12345"), "its labels are CVE numbers alone");
	release(&b, &err);

	put(top, "other.patch", "--- a/lib.c\n+++ b/lib.c\n@@ -12 +12 @@\n"
	    "-int other(int x) { return x ^ 12; }\n+int other(int x) { return x ^ 13; }\n");
	tap_ok(build("other.patch", &b, &err) && !b.patch,
	       "a change in a flavour that is not the library's is not needed");
	release(&b, &err);

	tap_ok(build("check.patch", &b, &err) && !b.patch,
	       "what the test would be refused for does not matter");
	tap_eq_u64(b.elsewhere.n, 1, "it is told that it is not patched");
	release(&b, &err);

	tap_ok(!build("data.patch", &b, &err) && sut_err_has(&err, SUT_B_DATA_VALUE),
	       "a unit of data alone keeps its refusals");
	release(&b, &err);

	remove_tree(top);
	free(tree);
	free(work);
	free(diff);
	free(object);
	return tap_done();
}
