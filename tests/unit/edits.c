// SPDX-License-Identifier: GPL-2.0-or-later
/* Which lines of the original the patches edit: where they apply, not where their hunks say. */
#include "build/source.h"
#include "tap.h"

#include <stdlib.h>
#include <unistd.h>

static char top[] = "/tmp/edits.XXXXXX";

static void put(const char *name, const char *text)
{
	char *path = path_join(top, name);

	if (write_file(path, text, strlen(text)) < 0)
		tap_ok(false, "%s is written", name);
	free(path);
}

/* What @n patches of tree/ edit: "-4" line 4 goes, "+6" lines come before line 6. */
static void check(size_t n, const char *want, const char *name)
{
	char *tree = path_join(top, "tree"), *copy = path_join(top, "copy");
	char *list[2] = {path_join(top, "1.patch"), path_join(top, "2.patch")};
	struct sut_err err = {0};
	struct patch_set ps;
	char got[256] = "";

	if (patch_set_read(list, n, tree, &ps, &err) < 0 || tree_copy_linked(tree, copy, &err) < 0 ||
	    tree_patch(&ps, tree, copy, &err) < 0)
		snprintf(got, sizeof(got), "%s", sut_code_info(err.v[0].code)->text);
	for (size_t i = 0; i < ps.edits.n && !err.n; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s:%c%d", i ? " " : "", ps.edits.v[i].path,
			 ps.edits.v[i].inserts ? '+' : '-', ps.edits.v[i].line);
	tap_eq_str(got, want, name);
	if (!err.n && !strcmp(want, "x.c:+5")) {
		tap_ok(edits_touch(&ps.edits, "/src/./x.c", 4, 6), "lines around it are touched");
		tap_ok(!edits_touch(&ps.edits, "x.c", 5, 6), "those that begin behind it are not");
		tap_ok(!edits_touch(&ps.edits, "x.c", 1, 4), "nor those that end before it");
		tap_ok(!edits_touch(&ps.edits, "ax.c", 4, 6), "nor those of another file");
	}
	patch_set_free(&ps);
	sut_err_free(&err);
	remove_tree(copy);
	free(list[0]);
	free(list[1]);
	free(copy);
	free(tree);
}

int main(void)
{
	char *tree;

	if (!mkdtemp(top))
		return 1;
	tree = path_join(top, "tree");
	mkdir_p(tree);
	put("tree/x.c", "one\ntwo\nthree\nfour\nfive\nsix\nseven\n");
	put("1.patch", "--- a/x.c\n+++ b/x.c\n@@ -4,2 +4,3 @@\n four\n+new\n five\n");
	check(1, "x.c:+5", "a line is added");
	put("1.patch", "--- a/x.c\n+++ b/x.c\n@@ -1,2 +1,3 @@\n four\n+new\n five\n");
	check(1, "x.c:+5", "a hunk applies three lines below where it says");
	put("1.patch", "--- a/x.c\n+++ b/x.c\n@@ -1,3 +1,2 @@\n one\n-two\n-three\n+more\n four\n");
	check(1, "x.c:-2 x.c:-3 x.c:+4", "lines are replaced");
	put("1.patch", "--- a/x.c\n+++ b/x.c\n@@ -7 +7,2 @@\n seven\n+eight\n");
	check(1, "x.c:+8", "a line is added at the end");
	put("1.patch", "--- a/x.c\n+++ b/x.c\n@@ -1,2 +1,4 @@\n one\n+a\n+b\n two\n");
	put("2.patch", "--- a/x.c\n+++ b/x.c\n@@ -8,2 +8,3 @@\n six\n+c\n seven\n");
	check(2, "x.c:+2 x.c:+7", "a second patch is about what the first has made");
	put("2.patch", "--- a/x.c\n+++ b/x.c\n@@ -1,4 +1,2 @@\n one\n-a\n-b\n two\n");
	check(2, "", "a second patch takes the first back");
	put("1.patch", "diff --git a/x.c b/y.c\nrename from x.c\nrename to y.c\n--- a/x.c\n+++ b/y.c\n"
		       "@@ -6,2 +6,1 @@\n-six\n seven\n");
	check(1, "x.c:-6", "a file gets another name: lines are those of the original");
	put("1.patch", "--- /dev/null\n+++ b/z.c\n@@ -0,0 +1 @@\n+new\n");
	check(1, "", "a new file has no original");
	free(tree);
	remove_tree(top);
	return tap_done();
}
