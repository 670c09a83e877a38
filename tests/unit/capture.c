// SPDX-License-Identifier: GPL-2.0-or-later
/* A small project in a temporary folder: captured, patched, compiled. It wraps itself. */
#include "build/compile.h"
#include "build/wrapper.h"
#include "tap.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[] = "/tmp/suture-capture-XXXXXX";
static char *tree, *work, *diff;

static void put(const char *dir, const char *name, const char *text)
{
	char *p = path_join(dir, name);

	if (write_file(p, text, strlen(text)) < 0)
		tap_ok(false, "cannot write %s", p);
	free(p);
}

static void make_tree(void)
{
	put(tree, "Makefile",
	    "CC = gcc\nprog: a.o b.o c.o\n\t$(CC) -o $@ a.o b.o c.o\n"
	    "%.o: %.c\n\t$(CC) -O2 -I$(CURDIR) -c -o $@ $<\n");
	put(tree, "h.h",
	    "static inline int twice(int x) { return 2 * x; }\nint b(int);\nint c(int);\n");
	put(tree, "a.c", "#include <h.h>\nint line_a(void)\n{\n\treturn __LINE__;\n}\n"
	    "const char *file_a(void)\n{\n\treturn __FILE__;\n}\n"
	    "int main(void)\n{\n\treturn b(1) + c(2);\n}\n");
	put(tree, "b.c", "#include \"h.h\"\nint b(int x)\n{\n\treturn twice(x);\n}\n");
	put(tree, "c.c", "int c(int x)\n{\n\treturn x;\n}\n");
	put(tree, "README", "text\n");
	put(top, "a.patch",
	    "--- a/a.c\n+++ b/a.c\n@@ -1,3 +1,5 @@\n #include <h.h>\n+\n+int added = 3;\n"
	    " int line_a(void)\n {\n--- a/README\n+++ b/README\n@@ -1 +1,2 @@\n text\n+more\n");
	put(top, "h.patch", "diff --git a/h.h b/h.h\n--- a/h.h\n+++ b/h.h\n@@ -1,3 +1,3 @@\n"
	    "-static inline int twice(int x) { return 2 * x; }\n"
	    "+static inline int twice(int x) { return 3 * x; }\n int b(int);\n int c(int);\n");
	put(top, "new-header.patch",
	    "--- a/c.c\n+++ b/c.c\n@@ -1,4 +1,5 @@\n+#include \"n.h\"\n int c(int x)\n {\n"
	    " \treturn x;\n }\n--- /dev/null\n+++ b/n.h\n@@ -0,0 +1 @@\n+int fresh = 1;\n");
	put(top, "bad.patch",
	    "--- a/b.c\n+++ b/b.c\n@@ -2,3 +2,3 @@\n int b(int x)\n {\n-\treturn 7;\n"
	    "+\treturn 8;\n");
	put(top, "broken.patch",
	    "--- a/c.c\n+++ b/c.c\n@@ -1,4 +1,4 @@\n int c(int x)\n {\n-\treturn x;\n"
	    "+\treturn y;\n }\n");
}

static bool read_set(const char *name, struct patch_set *ps, struct sut_err *err)
{
	free(diff);
	diff = path_join(top, name);
	return patch_set_read(&diff, 1, tree, ps, err) == 0;
}

static bool object_has(const char *path, const char *text)
{
	uint8_t *p;
	size_t n;
	bool has;

	if (!path || read_file(path, &p, &n) < 0)
		return false;
	has = memmem(p, n, text, strlen(text)) != NULL;
	free(p);
	return has;
}

/* Captures with @make and compiles with the patch @name; prints reasons where it fails. */
static bool build(const char *make, const char *name, struct capture *c, struct patch_set *ps,
		  struct compile_result *res, struct sut_err *err)
{
	struct capture_opts o = {.source = tree, .make = make, .work = work, .patches = ps};
	bool good;

	memset(res, 0, sizeof(*res));
	memset(c, 0, sizeof(*c));
	good = read_set(name, ps, err) && capture_run(&o, c, err) == 0 &&
	       compile_units(c, ps, NULL, res, err) == 0;
	for (size_t i = 0; i < err->n; i++)
		printf("# %s: %s: %s\n", sut_code_info(err->v[i].code)->text, err->v[i].subject,
		       err->v[i].cause);
	return good;
}

static void release(struct capture *c, struct patch_set *ps, struct compile_result *res,
		    struct sut_err *err)
{
	compile_result_free(res);
	capture_free(c);
	patch_set_free(ps);
	sut_err_free(err);
}

static void test_fresh(void)
{
	struct compile_result res;
	struct sut_err err = {0};
	struct patch_set ps;
	struct capture c;
	const struct unit *u;

	tap_ok(build("make -j2", "a.patch", &c, &ps, &res, &err), "a fresh tree is built");
	tap_eq_u64(c.units.n, 3, "three units");
	tap_ok(c.complete && !c.reused, "all were seen");
	tap_eq_u64(c.n_links, 1, "one link");
	tap_eq_u64(res.n, 1, "one unit is affected");
	tap_ok(res.n && object_has(res.v[0].patched, "added") &&
		       !object_has(res.v[0].orig, "added"),
	       "the objects differ by the patch");
	tap_ok(res.not_compiled.n == 1 && !strcmp(res.not_compiled.v[0], "README"),
	       "README is not compiled");
	u = unit_find_defining(&c, "b");
	tap_ok(u && !strcmp(u->source, "b.c"), "the unit that defines b");
	tap_ok(!unit_find_defining(&c, "nowhere"), "nobody defines this");
	release(&c, &ps, &res, &err);

	tap_ok(build("make -j2", "h.patch", &c, &ps, &res, &err), "the header's patch is built");
	tap_ok(c.reused, "the capture is reused");
	tap_eq_u64(res.n, 2, "two units include the header");
	release(&c, &ps, &res, &err);
	tap_ok(build("make -j2", "h.patch", &c, &ps, &res, &err), "and once more");
	tap_eq_u64(res.n_reused, 4, "all objects are reused");
	release(&c, &ps, &res, &err);
}

static void test_failures(void)
{
	struct compile_result res;
	struct sut_err err = {0};
	struct patch_set ps;
	struct capture c;

	tap_ok(!build("make -j2", "bad.patch", &c, &ps, &res, &err) &&
	       sut_err_has(&err, SUT_B_PATCH_APPLY), "a hunk that does not fit");
	tap_ok(err.n && strstr(err.v[0].cause, "hunk 1 for 'b.c'"), "it is named");
	release(&c, &ps, &res, &err);
	tap_ok(!build("make -j2", "broken.patch", &c, &ps, &res, &err) &&
	       sut_err_has(&err, SUT_B_COMPILE), "patched source that does not compile");
	tap_ok(err.n && err.v[0].where && str_ends(err.v[0].where, "/c.c:3") &&
	       str_starts(err.v[0].where, tree), "its position in the user's own tree");
	release(&c, &ps, &res, &err);
	tap_ok(!build("echo said; exit 3", "a.patch", &c, &ps, &res, &err) &&
	       sut_err_has(&err, SUT_B_MAKE), "a build that fails");
	tap_ok(err.n && strstr(err.v[0].cause, "said"), "the end of its log");
	release(&c, &ps, &res, &err);
	tap_ok(!build("true", "a.patch", &c, &ps, &res, &err) &&
	       sut_err_has(&err, SUT_B_NO_COMMANDS), "a build that compiles nothing");
	release(&c, &ps, &res, &err);
}

static void test_built_before(void)
{
	char *argv[] = {(char *)"make", NULL}, *out = NULL;
	struct run_opts o = {.cwd = tree, .ret_output = &out};
	struct compile_result res;
	struct sut_err err = {0};
	struct patch_set ps;
	struct capture c;

	tap_ok(run_command(argv, &o) == 0, "the tree is built before");
	free(out);
	tap_ok(build("make CC=/usr/bin/gcc", "h.patch", &c, &ps, &res, &err),
	       "a built tree, a header, an absolute compiler");
	tap_eq_u64(c.units.n, 3, "all units were seen all the same");
	tap_eq_u64(res.n, 2, "two include the header");
	release(&c, &ps, &res, &err);
}

/* The wrapper must be the compiler in all that a build can see of it. */
static void test_transparent(void)
{
	struct compile_result res;
	struct sut_err err = {0};
	struct patch_set ps;
	struct capture c;

	tap_ok(build("gcc -c none.c; test $? -eq 1 || exit 9; echo 'int x;' | gcc -x c -c - -o x.o "
		     "&& "
		     "gcc -dumpversion >v && test -s v && touch p && (cd . && exec gcc -O2 -I. "
		     "-MMD -MF "
		     "d.Tpo -MT a.o -c a.c -o a.o) && mv d.Tpo d.Po && echo \"-O2 'b.c' -c\" "
		     ">b.rsp && "
		     "gcc @b.rsp && rm b.rsp && cc a.o b.o c.c -o prog",
		     "h.patch", &c, &ps, &res, &err),
	       "statuses, output, standard input, dependency files and response files pass");
	tap_eq_u64(c.units.n, 3, "three units");
	tap_eq_u64(res.n, 2, "dependencies were copied before the build moved them");
	tap_ok(c.n_links == 1 && c.links[0].inputs.n == 2, "the link's objects");
	release(&c, &ps, &res, &err);
}

static void test_busy(void)
{
	struct capture_opts o = {.source = tree, .make = "make", .work = work};
	struct sut_err err = {0};
	struct capture a, b;

	tap_ok(capture_run(&o, &a, &err) == 0, "a work folder is in use");
	tap_ok(capture_run(&o, &b, &err) < 0 && sut_err_has(&err, SUT_B_BUSY),
	       "nobody else gets it");
	capture_free(&b);
	capture_free(&a);
	sut_err_free(&err);
}

static void test_json(void)
{
	char *text =
		xasprintf("[{\"directory\":\"%s\",\"file\":\"%s/a.c\",\"command\":\"gcc -I%s -c "
			  "%s/a.c -o a.o\"},{\"directory\":\"%s\",\"file\":\"b.c\",\"arguments\":"
			  "[\"gcc\",\"-c\",\"b.c\"]}]",
			  tree, tree, tree, tree, tree);
	char *db = path_join(top, "compile_commands.json");
	struct capture_opts o = {.source = tree, .work = work, .compdb = db};
	struct compile_result res = {0};
	struct sut_err err = {0};
	struct patch_set ps = {0};
	struct capture c = {0};

	put(top, "compile_commands.json", text);
	tap_ok(read_set("h.patch", &ps, &err), "the patch is read");
	o.patches = &ps;
	tap_ok(capture_from_json(&o, &c, &err) == 0, "captured without a build");
	tap_ok(compile_units(&c, &ps, NULL, &res, &err) == 0, "compiled");
	tap_eq_u64(res.n, 2, "the compiler told who includes the header");
	tap_ok(res.n == 2 && object_has(res.v[0].orig, tree) && !object_has(res.v[0].orig, work) &&
	       object_has(res.v[0].patched, tree) && !object_has(res.v[0].patched, work),
	       "__FILE__ and debug information have the user's own path");
	for (size_t i = 0; i < err.n; i++)
		printf("# %s: %s\n", err.v[i].subject, err.v[i].cause);
	release(&c, &ps, &res, &err);
	free(db);
	free(text);
}

/* A build may compile a copy of what the tree has, a link to it, or what a generator makes of it. */
static void test_copies(void)
{
	struct compile_result res;
	struct sut_err err = {0};
	struct patch_set ps;
	struct capture c;

	tap_ok(build("mkdir -p out/deep && cp -a a.c b.c c.c h.h out/deep && cd out/deep && "
		     "gcc -I. -c a.c b.c c.c", "a.patch", &c, &ps, &res, &err),
	       "a build that copies its sources");
	tap_eq_u64(res.n, 1, "the copy is the unit that is affected");
	tap_ok(res.n && object_has(res.v[0].patched, "added") &&
		       !object_has(res.v[0].orig, "added"), "it is patched too");
	release(&c, &ps, &res, &err);
	tap_ok(build("mkdir out && cp a.c b.c c.c h.h out && cd out && gcc -I. -c a.c b.c c.c",
		     "h.patch", &c, &ps, &res, &err), "a header's copy");
	tap_eq_u64(res.n, 2, "both units that include it are affected");
	release(&c, &ps, &res, &err);
	tap_ok(build("mkdir out && ln -s ../b.c out/b.c && cp h.h out && cd out && gcc -c b.c && "
		     "ln -s ../a.c a.c && gcc -I. -c a.c", "a.patch", &c, &ps, &res, &err),
	       "a build of links");
	tap_ok(res.n == 1 && object_has(res.v[0].patched, "added"), "the link's unit is patched");
	release(&c, &ps, &res, &err);
	tap_ok(build("mkdir new && for f in a b c; do gcc -c -I. $f.c; done", "new-header.patch",
		     &c, &ps, &res, &err), "a new header");
	tap_eq_u64(res.not_compiled.n, 0, "it is not called unused");
	release(&c, &ps, &res, &err);
	tap_ok(build("mkdir out && cp c.c h.h out && cd out && gcc -I. -c c.c", "new-header.patch",
		     &c, &ps, &res, &err), "a new header beside a copy");
	tap_ok(res.n == 1 && object_has(res.v[0].patched, "fresh"), "the copy includes it");
	release(&c, &ps, &res, &err);
	tap_ok(!build("mkdir out && sed s/line_a/line_z/ a.c >out/a.c && gcc -c b.c c.c && "
		      "gcc -I. -c out/a.c", "a.patch", &c, &ps, &res, &err) &&
	       sut_err_has(&err, SUT_B_COPY_CHANGED), "a copy that the build edits is refused");
	release(&c, &ps, &res, &err);
	put(tree, "gram.y", "int gram;\n");
	put(top, "gram.patch", "--- a/gram.y\n+++ b/gram.y\n@@ -1 +1 @@\n-int gram;\n"
	    "+int gram = 1;\n");
	tap_ok(!build("cp gram.y gram.tab.c && gcc -c gram.tab.c", "gram.patch", &c, &ps, &res,
		      &err) && sut_err_has(&err, SUT_B_GENERATED), "a grammar is refused");
	release(&c, &ps, &res, &err);
	tap_ok(build("gcc -c b.c", "gram.patch", &c, &ps, &res, &err) && res.n == 0,
	       "one that nothing is made of is not");
	release(&c, &ps, &res, &err);
}

int main(int argc, char **argv)
{
	if (wrapper_is_wanted(argv[0]))
		return wrapper_main(argc, argv);
	if (!mkdtemp(top))
		return 1;
	tree = path_join(top, "tree");
	work = path_join(top, "work");
	if (mkdir_p(tree) < 0)
		return 1;
	make_tree();
	test_fresh();
	test_failures();
	test_transparent();
	test_copies();
	test_busy();
	test_built_before();
	test_json();
	remove_tree(top);
	free(tree);
	free(work);
	free(diff);
	return tap_done();
}
