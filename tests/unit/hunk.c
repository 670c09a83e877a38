// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/hunk.h"
#include "build/source.h"
#include "tap.h"

#include <stdlib.h>
#include <unistd.h>

static void check(const char *text, const char *want, const char *name)
{
	struct sut_err err = {0};
	char got[1024] = "";
	struct diff d;

	if (diff_parse("x.patch", text, &d, &err) < 0)
		snprintf(got, sizeof(got), "%s", sut_code_info(err.v[0].code)->text);
	for (size_t i = 0; i < d.n_files && !err.n; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s>%s:%zu%s",
			 i ? " " : "", d.files[i].old_path ? d.files[i].old_path : "-",
			 d.files[i].new_path ? d.files[i].new_path : "-", d.files[i].n_hunks,
			 d.files[i].is_rename ? "r" : "");
	tap_eq_str(got, want, name);
	diff_free(&d);
	sut_err_free(&err);
}

static void test_parse(void)
{
	check("text\n--- a/x.c\t2024-01-01 10:00:00\n+++ b/x.c\n@@ -1,2 +1,2 @@ f\n a\n-b\n+c\n"
	      "@@ -9 +9 @@\n-x\n+y\n", "a/x.c>b/x.c:2", "two hunks and a time");
	check("--- x.c\n+++ x.c\n@@ -1,3 +1 @@\n--- a\n+++ b\n-- \n", "SUT-B005", "a short hunk");
	check("--- x.c\n+++ x.c\n@@ -1,3 +1,3 @@\n--- a\n+++ b\n c\n\n", "x.c>x.c:1",
	      "lines that look like headers inside a hunk");
	check("diff --git a/n.c b/n.c\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/n.c\n"
	      "@@ -0,0 +1 @@\n+x\ndiff --git a/o.c b/o.c\ndeleted file mode 100644\n--- a/o.c\n"
	      "+++ /dev/null\n@@ -1 +0,0 @@\n-x\n",
	      "->b/n.c:1 a/o.c>-:1", "a new and a removed file");
	check("diff --git a/d/o.c b/d/n.c\nsimilarity index 100%\nrename from d/o.c\nrename to "
	      "d/n.c\n",
	      "a/d/o.c>b/d/n.c:0r", "a rename without hunks");
	check("diff --git a/t b/t\nnew file mode 100644\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n"
	      "@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n", "->b/t:0 a/x>b/x:1",
	      "an empty new file");
	check("--- \"a/f\\303\\244 x.c\"\n+++ \"b/f\\303\\244 x.c\"\n@@ -1 +1 @@\n-a\n+b\n",
	      "a/f\303\244 x.c>b/f\303\244 x.c:1", "quoted names");
	check("--- a/x.c\r\n+++ b/x.c\r\n@@ -1 +1 @@\r\n-a\r\n+b\r\n", "a/x.c>b/x.c:1", "CRLF");
	check("nothing here\n", "SUT-B005", "no diff");
	check("diff --git a/x b/x\nGIT binary patch\nliteral 3\n", "SUT-B005", "a binary diff");
	check("--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-a\n+b\n--- a/y.c\n+++ b/y.c\n@@ -1 +1 "
	      "@@\n-a\n+b\n",
	      "a/x.c>b/x.c:1 a/y.c>b/y.c:1", "two files");
	tap_eq_str(diff_strip("a/b/c", 1), "b/c", "one folder stripped");
	tap_ok(!diff_strip("c", 1), "nothing is left");
}

static char top[] = "/tmp/suture-hunk-XXXXXX";

static void put(const char *name, const char *text)
{
	char *p = path_join(top, name), *dir = xstrndup(p, (size_t)(path_base(p) - p));

	if (mkdir_p(dir) < 0 || write_file(p, text, strlen(text)) < 0)
		tap_ok(false, "cannot write %s", p);
	free(dir);
	free(p);
}

static void read_one(const char *text, int want_strip, const char *want, const char *name)
{
	char *tree = path_join(top, "tree"), *p = path_join(top, "p.patch"), got[512] = "";
	struct sut_err err = {0};
	struct patch_set ps;

	put("p.patch", text);
	if (patch_set_read(&p, 1, tree, &ps, &err) < 0)
		snprintf(got, sizeof(got), "%s", sut_code_info(err.v[0].code)->text);
	for (size_t i = 0; i < ps.n_files; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s%s%s", i ? " " : "",
			 ps.files[i].path, ps.files[i].is_new ? "+" : "",
			 ps.files[i].is_deleted ? "-" : "");
	tap_eq_str(got, want, name);
	if (want_strip >= 0)
		tap_ok(ps.strip && ps.strip[0] == want_strip, "%s: -p%d", name, want_strip);
	patch_set_free(&ps);
	sut_err_free(&err);
	free(tree);
	free(p);
}

static void test_sequence(void)
{
	char *tree = path_join(top, "tree"), *copy = path_join(top, "copy"), *got_path;
	char *list[2] = {path_join(top, "1.patch"), path_join(top, "2.patch")};
	struct sut_err err = {0};
	struct patch_set ps;
	uint8_t *text = NULL;
	size_t n;

	put("1.patch", "--- a/src/x.c\n+++ b/src/x.c\n@@ -1,2 +1,3 @@\n one\n+new\n two\n"
	    "--- /dev/null\n+++ b/src/n.c\n@@ -0,0 +1 @@\n+born\n");
	put("2.patch", "--- src/x.c\n+++ src/x.c\n@@ -2,2 +2,2 @@\n-new\n+newer\n two\n"
	    "--- src/n.c\n+++ src/n.c\n@@ -1 +1 @@\n-born\n+grown\n");
	tap_ok(patch_set_read(list, 2, tree, &ps, &err) == 0,
	       "two patches, one file, two prefixes");
	tap_eq_u64(ps.n_files, 2, "two files are touched");
	tap_ok(ps.n_files && ps.files[0].patches.n == 2, "the first one twice");
	tap_ok(tree_copy_linked(tree, copy, &err) == 0 && tree_patch(&ps, tree, copy, &err) == 0,
	       "both apply");
	got_path = path_join(copy, "src/x.c");
	tap_ok(read_file(got_path, &text, &n) == 0, "the result is there");
	tap_eq_str((char *)text, "one\nnewer\n#line 2\ntwo\n", "patched, with its line kept");
	free(text);
	free(got_path);
	got_path = path_join(tree, "src/x.c");
	text = NULL;
	tap_ok(read_file(got_path, &text, &n) == 0, "the original is there");
	tap_eq_str((char *)text, "one\ntwo\n", "and was not written to through its hard link");
	free(text);
	free(got_path);
	patch_set_free(&ps);
	sut_err_free(&err);
	for (int i = 0; i < 2; i++)
		free(list[i]);
	free(tree);
	free(copy);
}

int main(void)
{
	test_parse();
	if (!mkdtemp(top))
		return 1;
	put("tree/src/x.c", "one\ntwo\n");
	read_one("--- a/src/x.c\n+++ b/src/x.c\n@@ -1 +1 @@\n-one\n+1\n", 1, "src/x.c", "-p1");
	read_one("--- src/x.c.orig\n+++ src/x.c\n@@ -1 +1 @@\n-one\n+1\n", 0, "src/x.c", "-p0");
	read_one("--- p/q/src/x.c\n+++ p/q/src/x.c\n@@ -1 +1 @@\n-one\n+1\n", 2, "src/x.c", "-p2");
	read_one("--- a/src/none.c\n+++ b/src/none.c\n@@ -1 +1 @@\n-one\n+1\n", -1, "SUT-B006",
		 "a file that the tree does not have");
	read_one("--- a/../../etc/x\n+++ b/../../etc/x\n@@ -1 +1 @@\n-one\n+1\n", -1, "SUT-B006",
		 "a path that leaves the tree");
	read_one("diff --git a/src/x.c b/src/y.c\nrename from src/x.c\nrename to src/y.c\n", 1,
		 "src/y.c+ src/x.c-", "a rename");
	test_sequence();
	remove_tree(top);
	return tap_done();
}
